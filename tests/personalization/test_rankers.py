"""The learned ranker in the database: fitted, live, refused, rolled back."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from wagtail.models import ModelLogEntry

from personalization import tasks
from personalization.models import Ranker, RankerVersion, ServedSlate, Visitor
from personalization.operations import rankers
from personalization.operations.rankers.served import logged_slates
from personalization.visitors import retention
from tests.factories import make_article, make_editor, make_site
from tests.personalization.ranked_log import liking, make_slates, store_slates

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(db):
    site = make_site()
    return [make_article(site, publish=False).pk for _number in range(12)]


@pytest.fixture
def served(pages):
    slates = make_slates(liking(similar=1.5), n=600, days=6)
    store_slates(slates, pages)
    return slates


def command():
    out = StringIO()
    call_command("fit_ranker", stdout=out)
    return out.getvalue()


def test_what_was_served_is_read_back_with_what_became_of_it(served, pages):
    found = logged_slates(timezone.now() - timedelta(days=30), 10_000)
    assert len(found) == len(served)
    for before, after in zip(served[::97], found[::97], strict=True):
        assert [pages[page - 1] for page in before.signals.page_ids] == list(after.signals.page_ids)
        assert after.clicked.tolist() == before.clicked.tolist()
        assert after.seen.all()
        assert after.features().values == pytest.approx(before.features().values, abs=1e-3)
        assert after.circumstances.referrer == before.circumstances.referrer
    assert len({slate.reader for slate in found}) == Visitor.objects.count()
    assert [slate.at for slate in found] == sorted(slate.at for slate in found)
    newest = logged_slates(timezone.now() - timedelta(days=30), 5)
    assert [slate.at for slate in newest] == [slate.at for slate in found[-5:]]
    assert logged_slates(timezone.now() - timedelta(days=30), 5, ["elsewhere"]) == []


def test_a_pinned_page_takes_a_place_but_teaches_nothing(served, pages):
    row = ServedSlate.objects.order_by("-served_at").first()
    row.items = [[pages[0] + 10**6, 1.0, {"pins": 1.0}], *row.items]
    row.propensities = [1.0, 0.25, 1.0, 1.0, 1.0]
    row.save()
    last = logged_slates(timezone.now() - timedelta(days=1), 1)[0]
    assert last.places.tolist() == [1, 2, 3, 4]
    assert last.propensities.tolist() == [0.25, 1.0, 1.0, 1.0]


def test_a_better_one_goes_live_and_the_same_again_does_not(served):
    tasks.rank_nightly()
    ranker = Ranker.load()
    assert not ranker.is_busy
    assert not ranker.outcome
    assert ranker.progress == 100
    assert ranker.current.evaluation["low"] > 0
    rankers.forget_live()  # as after the commit
    assert rankers.live_version().number == ranker.current.number == 1
    said = command()
    assert "Version 2, logistic regression" in said
    assert "Not live." in said
    assert "What ranks: version 1." in said
    assert Ranker.load().outcome == RankerVersion.objects.get(number=2).refusal
    entry = ModelLogEntry.objects.get(action="personalization.ranker.use")
    assert entry.formatter.format_message(entry) == "Let version 1 rank instead of the weighted blend"


def test_noise_is_refused(pages, settings):
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "RANKER_MIN_CLICKS": 50}
    store_slates(make_slates(liking(), n=400, days=6), pages)
    assert "Not live. It is not surely better than the weighted blend" in command()
    assert RankerVersion.objects.get().refusal
    assert rankers.live_version() is None


def test_too_few_clicks_leave_the_blend(db):
    said = command()
    assert "too few clicks to learn from: 0 of the 300 needed (RANKER_MIN_CLICKS)" in said
    assert "What ranks: the weighted blend." in said
    assert not RankerVersion.objects.exists()


def test_an_editor_goes_back_and_forth(served):
    rankers.ask()
    rankers.work_off()
    editor, version = make_editor(), Ranker.load().current
    assert rankers.put_live(None, editor) == version.number
    rankers.forget_live()
    assert rankers.live_version() is None
    assert Ranker.load().is_held
    assert "an editor chose what ranks" in command()
    assert rankers.live_version() is None
    assert rankers.put_live(version, editor) == 0
    rankers.release(editor)
    rankers.release(editor)
    assert not Ranker.load().is_held
    actions = ["personalization.ranker.use", "personalization.ranker.use", "personalization.ranker.release"]
    done = ModelLogEntry.objects.filter(user=editor).order_by("timestamp", "pk")
    assert [entry.action for entry in done] == actions


def test_old_versions_go_but_never_the_live_one(db, settings):
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "RANKER_KEEP_VERSIONS": 2}
    first, *_others = [
        RankerVersion.objects.create(number=number, method="logistic", parameters={}) for number in range(1, 6)
    ]
    rankers.put_live(first)
    rankers.versions.forget_old_versions()
    assert sorted(RankerVersion.objects.values_list("number", flat=True)) == [1, 4, 5]


def test_a_failure_is_said_and_the_ranker_is_free_again(served, monkeypatch):
    monkeypatch.setattr("personalization.operations.rankers.requests.fit_ranker", lambda *given, **more: 1 / 0)
    assert "Something went wrong" in command()
    assert not Ranker.load().is_busy


def test_without_a_ranker_the_blend_ranks(served, settings):
    tasks.rank_nightly()
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "RANKER": ""}
    rankers.forget_live()
    assert rankers.live_version() is None
    with pytest.raises(CommandError, match="RANKER is"):
        command()
    rankers.ask()
    assert not Ranker.load().is_busy


def test_served_lists_are_kept_as_long_as_events(served):
    old = timezone.now() - timedelta(days=91)
    ServedSlate.objects.filter(pk__in=ServedSlate.objects.order_by("served_at")[:3].values("pk")).update(served_at=old)
    assert retention.forget_old_slates(2) == 2
    assert retention.forget_old_slates(2) == 1
    assert retention.forget_old_slates(2) == 0
    assert ServedSlate.objects.count() == len(served) - 3


def test_a_web_process_needs_no_scikit_learn():
    program = (
        "import sys, django; django.setup();"
        "from personalization.operations import rankers, recommend;"
        "from personalization.recommendation import learned, fitting;"
        "import personalization.wagtail_hooks, personalization.api.urls;"
        "print(sorted({'sklearn', 'lightgbm', 'scipy', 'torch', 'optuna'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
