"""Tuned settings: searched and proposed, approved and served, taken back; never mixed up between segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from wagtail.models import Locale, ModelLogEntry, Site

from cms_site.models import ArticlePage
from personalization import operations
from personalization.conf import settings as conf
from personalization.exceptions import AlreadyDecided
from personalization.models import Placement, PlacementTuning, Segment, ServedSlate
from personalization.operations import tuning
from personalization.operations.placements import forget_placements, load_placement
from personalization.operations.rankers.served import logged_slates
from personalization.operations.tuning.need import share_needed
from personalization.operations.tuning.record import Record
from personalization.recommendation.tuning import Setting
from personalization.testing.simulator import make_reader
from personalization.types import RecQuery, RequestContext, Slate
from personalization.visitors.store import load_profile
from tests.factories import make_article, make_editor, make_site, make_vector
from tests.personalization.ranked_log import liking, make_slates, store_slates

pytestmark = pytest.mark.django_db

WIDE = Setting(0.9, None, 0.0)
"""Lists of this setting are as varied as can be."""


@pytest.fixture
def editor() -> Any:
    return make_editor()


@pytest.fixture
def cyclists() -> Segment:
    return Segment.objects.create(name="Cyclists")


@pytest.fixture
def sidebar() -> Placement:
    """Two places; of four pages three are twins, and the newest come first."""
    site = make_site()
    for title, vector in (("Other", (0, 1)), ("Third", (1, 0.02)), ("Second", (1, 0.01)), ("First", (1, 0))):
        make_vector(make_article(site, title), *vector)
    return Placement.objects.create(name="sidebar", n=2, strategy="recent", diversity=0.0, exploration=0.0)


def ask(segments: Sequence[Segment] = (), **more: Any) -> Slate:
    return operations.recommend(
        RecQuery(
            placement="sidebar",
            n=2,
            site_id=Site.objects.get().pk,
            locale_id=Locale.get_default().pk,
            context=RequestContext(at=timezone.localtime()),
            segments=frozenset(one.pk for one in segments),
            **more,
        )
    )


def titles(slate: Slate) -> list[str]:
    pages = ArticlePage.objects.in_bulk([item.page_id for item in slate.items])
    return [pages[item.page_id].title for item in slate.items]


class TestServing:
    def test_a_segment_is_served_by_what_was_approved_for_it_and_others_are_not(
        self, sidebar: Placement, cyclists: Segment, editor: Any
    ) -> None:
        proposal = tuning.propose(sidebar, cyclists.pk, WIDE, {})
        forget_placements()
        assert titles(ask([cyclists])) == ["First", "Second"]
        tuning.approve(proposal, editor)
        forget_placements()  # as after the commit
        for _time in range(2):  # the second time from the cache
            assert titles(ask()) == ["First", "Second"]
            assert titles(ask([cyclists])) == ["First", "Other"]
        other = Segment.objects.create(name="Walkers")
        assert titles(ask([other])) == ["First", "Second"]
        assert titles(ask([other, cyclists])) == ["First", "Other"]

    def test_a_visitor_of_the_segment_is_served_by_it_too(
        self, sidebar: Placement, cyclists: Segment, editor: Any
    ) -> None:
        tuning.approve(tuning.propose(sidebar, cyclists.pk, WIDE, {}), editor)
        forget_placements()
        visitor = make_reader(1, {}).visitor_id
        known = {"visitor_id": visitor, "profile": load_profile(visitor)}
        assert titles(ask([cyclists], **known)) == ["First", "Other"]
        assert titles(ask(**known)) == ["First", "Second"]

    def test_taking_it_back_restores_what_was_approved_before(
        self, sidebar: Placement, cyclists: Segment, editor: Any
    ) -> None:
        first = tuning.approve(tuning.propose(sidebar, cyclists.pk, WIDE, {}), editor)
        second = tuning.approve(tuning.propose(sidebar, cyclists.pk, Setting(0.0, None, 0.0), {}), editor)
        forget_placements()
        assert second.before == WIDE.to_json()
        assert titles(ask([cyclists])) == ["First", "Second"]
        with pytest.raises(AlreadyDecided):
            tuning.undo(first, editor)  # it is not what is served
        tuning.undo(second, editor)
        forget_placements()
        assert titles(ask([cyclists])) == ["First", "Other"]
        tuning.undo(first, editor)
        forget_placements()
        assert titles(ask([cyclists])) == ["First", "Second"]
        with pytest.raises(AlreadyDecided):
            tuning.undo(first, editor)

    def test_of_two_segments_the_setting_approved_last_is_served(
        self, sidebar: Placement, cyclists: Segment, editor: Any
    ) -> None:
        walkers = Segment.objects.create(name="Walkers")
        tuning.approve(tuning.propose(sidebar, cyclists.pk, WIDE, {}), editor)
        late = tuning.approve(tuning.propose(sidebar, walkers.pk, Setting(0.1, None, 0.0), {}), editor)
        forget_placements()
        both = load_placement("sidebar").for_segments(frozenset([cyclists.pk, walkers.pk]))
        assert both.diversity == 0.1
        tuning.undo(late, editor)
        forget_placements()
        assert load_placement("sidebar").for_segments(frozenset([cyclists.pk, walkers.pk])).diversity == 0.9

    def test_weights_rank_where_they_were_approved(self, sidebar: Placement, cyclists: Segment, editor: Any) -> None:
        Placement.objects.filter(pk=sidebar.pk).update(strategy="blend")
        setting = Setting(0.0, {"recent": 0.0, "similar": 2.0}, 0.0)
        tuning.approve(tuning.propose(sidebar, cyclists.pk, setting, {}), editor)
        forget_placements()
        first = ask().items[0].page_id
        by_similar = ask([cyclists], page_id=first)
        assert all("recent" not in item.sources for item in by_similar.items)
        assert any("recent" in item.sources for item in ask(page_id=first).items)


class TestDecisions:
    def test_for_everybody_the_placement_itself_is_changed_and_changed_back(
        self, sidebar: Placement, editor: Any
    ) -> None:
        found = tuning.propose(sidebar, None, Setting(0.6, {"similar": 2.0}, 0.1), {})
        tuning.approve(found, editor)
        sidebar.refresh_from_db()
        assert (sidebar.diversity, sidebar.exploration, sidebar.weights) == (0.6, 0.1, {"similar": 2.0})
        Placement.objects.filter(pk=sidebar.pk).update(exploration=0.2)  # an editor, in the form
        tuning.undo(found, editor)
        sidebar.refresh_from_db()
        assert (sidebar.diversity, sidebar.exploration, sidebar.weights) == (0.0, 0.2, {})

    def test_each_is_decided_on_once(self, sidebar: Placement, editor: Any) -> None:
        declined = tuning.decline(tuning.propose(sidebar, None, WIDE, {}), editor)
        for act in (tuning.approve, tuning.decline, tuning.undo):
            with pytest.raises(AlreadyDecided):
                act(declined, editor)
        sidebar.refresh_from_db()
        assert sidebar.diversity == 0.0
        assert (declined.state, declined.decided_by_id) == ("declined", editor.pk)

    def test_a_newer_proposal_replaces_one_that_nobody_decided_on(
        self, sidebar: Placement, cyclists: Segment, editor: Any
    ) -> None:
        old, other = (tuning.propose(sidebar, segment, WIDE, {}) for segment in (None, cyclists.pk))
        new = tuning.propose(sidebar, None, Setting(0.5, None, 0.0), {})
        old.refresh_from_db()
        assert old.state == PlacementTuning.State.REPLACED
        assert [one.number for one in tuning.open_proposals(sidebar)] == [other.number, new.number] == [2, 3]
        with pytest.raises(AlreadyDecided):
            tuning.approve(old, editor)
        with pytest.raises(IntegrityError), transaction.atomic():
            PlacementTuning.objects.create(placement=sidebar, number=9, before={}, proposed={})

    def test_the_placements_history_tells_it(self, sidebar: Placement, cyclists: Segment, editor: Any) -> None:
        found = tuning.propose(sidebar, cyclists.pk, WIDE, {})
        tuning.undo(tuning.approve(found, editor), editor)
        tuning.decline(tuning.propose(sidebar, None, WIDE, {}), editor)
        entries = ModelLogEntry.objects.for_instance(sidebar).order_by("timestamp", "pk")
        assert [entry.formatter.format_message(entry) for entry in entries] == [
            "Proposed setting 1 for Cyclists",
            "Approved setting 1 for Cyclists",
            "Took setting 1 for Cyclists back",
            "Proposed setting 2 for everybody",
            "Declined setting 2 for everybody",
        ]
        assert [entry.user_id for entry in entries] == [None, editor.pk, editor.pk, None, editor.pk]


@pytest.fixture
def pages(db: None) -> list[int]:
    site = make_site()
    return [make_article(site, publish=False).pk for _number in range(12)]


def served(pages: list[int], segments: Sequence[Sequence[int]] = ((),), n: int = 600, **taste: float) -> Placement:
    """A log of readers with that taste, who are by turns in these segments."""
    store_slates(make_slates(liking(**taste), n=n, days=6), pages)
    rows = list(ServedSlate.objects.order_by("served_at"))
    for number, row in enumerate(rows):
        row.segments = list(segments[number % len(segments)])
    ServedSlate.objects.bulk_update(rows, ["segments"], batch_size=500)
    return Placement.objects.create(name="sidebar", diversity=0.0)


def tune(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("tune_placement", "sidebar", *arguments, trials=8, verbosity=0, stdout=out, **options)
    return out.getvalue()


class TestSearch:
    def test_what_is_surely_better_is_proposed_and_nothing_is_changed(self, pages: list[int], settings: Any) -> None:
        settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "RANKER_MIN_CLICKS": 120}
        placement = served(pages, n=900, similar=2.0)
        said = tune()
        proposal = PlacementTuning.objects.get()
        assert proposal.figures["order"]["low"] > 0
        assert proposal.proposed["weights"]["similar"] > proposal.proposed["weights"]["recent"]
        assert "Proposal 1: diversity" in said
        assert "Exploration: too few new pages were shown" in said
        assert proposal.proposed["exploration"] == placement.exploration
        assert proposal.proposed["diversity"] == 0.0  # without vectors it changes nothing
        placement.refresh_from_db()
        assert (placement.diversity, placement.weights) == (0.0, {})

    def test_noise_is_not_proposed(self, pages: list[int], settings: Any) -> None:
        settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "RANKER_MIN_CLICKS": 50}
        served(pages)
        assert "Proposal: leave it as it is." in tune()
        assert not PlacementTuning.objects.exists()

    def test_segments_with_enough_clicks_are_tuned_and_the_others_are_named(
        self, pages: list[int], settings: Any
    ) -> None:
        settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "RANKER_MIN_CLICKS": 120}
        big, small = (Segment.objects.create(name=name) for name in ("Cyclists", "Sailors"))
        Segment.objects.create(name="Off", is_enabled=False)
        served(pages, [*[[big.pk]] * 8, [small.pk]], n=900, similar=2.0)
        said = tune()
        assert "For everybody:" in said
        assert "For Cyclists:" in said
        assert "Too small to tune, so that the placement's setting holds for their readers:\n  Sailors:" in said
        assert "Off" not in said
        assert {one.segment for one in PlacementTuning.objects.all()} <= {None, big}
        assert all(one.figures["level"] == pytest.approx(0.975) for one in PlacementTuning.objects.all())
        assert PlacementTuning.objects.filter(segment=big).exists()

    def test_a_dry_run_keeps_nothing(self, pages: list[int], settings: Any) -> None:
        settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "RANKER_MIN_CLICKS": 120}
        served(pages, n=900, similar=2.0)
        assert "Would propose: diversity" in tune(dry_run=True)
        assert not PlacementTuning.objects.exists()

    def test_what_cannot_be_tuned_is_said(self, pages: list[int]) -> None:
        served(pages, n=60, similar=1.0)
        with pytest.raises(CommandError, match="There is no segment"):
            tune("--segment", "Nobody")
        with pytest.raises(CommandError, match="too few clicks to tune by"):
            tune()
        with pytest.raises(CommandError, match="There is no placement"):
            call_command("tune_placement", "nowhere")
        Placement.objects.update(strategy="recent")
        with pytest.raises(CommandError, match="nothing to weigh"):
            tune()

    def test_new_pages_need_their_share_of_lists(self, pages: list[int]) -> None:
        placement = served(pages, n=600)
        record = Record.of(placement)
        assert share_needed(record) == 0.0  # no page is published
        make_article(make_site("other.example", is_default=False))
        needed = conf.EXPLORATION_MINIMUM / 30 / (600 / 6)
        assert share_needed(record) == pytest.approx(needed, rel=0.05)
        assert share_needed(replace(record, slates=[])) == 1.0


class TestEstimate:
    def estimate(self, *arguments: str) -> str:
        out = StringIO()
        call_command("estimate_placement", "sidebar", *arguments, stdout=out)
        return out.getvalue()

    def test_another_order_is_estimated_three_ways(self, pages: list[int]) -> None:
        served(pages, similar=1.5)
        said = self.estimate("--weight", "similar=1")
        for words in ("as it was", "IPS", "SNIPS", "doubly robust", "difference", "Overlap:", "Effective rows:"):
            assert words in said
        assert "a model's word" in said or "Nothing can be said" in said

    def test_without_propensities_exploration_cannot_be_told(self, pages: list[int]) -> None:
        served(pages, similar=1.5)
        with pytest.raises(CommandError, match="No propensities were logged"):
            self.estimate("--exploration", "0.3")
        assert "Exploration is left as it is: no propensities" in self.estimate(
            "--exploration", "0.3", "--weight", "similar=1"
        )

    def test_exploration_is_estimated_where_chance_had_a_hand(self, pages: list[int]) -> None:
        served(pages, similar=1.5)
        rng = np.random.default_rng(0)
        rows = list(ServedSlate.objects.all())
        for row in rows:
            row.features = {**row.features, "exploration": 0.3}
            is_tried, place = rng.random() < 0.3, int(rng.integers(1, 4))
            row.propensities = [1.0, *[0.1 if is_tried and at == place else 0.9 for at in (1, 2, 3)]]
        ServedSlate.objects.bulk_update(rows, ["features", "propensities"], batch_size=500)
        Placement.objects.update(exploration=0.3)
        said = self.estimate("--exploration", "0.05")
        assert "Overlap: 100%" in said or "Overlap: 99%" in said or "Overlap: 101%" in said
        assert "Nothing can be said" not in said
        assert "as it is" not in said

    def test_far_from_what_was_shown_nothing_can_be_said(self, pages: list[int]) -> None:
        served(pages, n=24, similar=1.5)
        assert "Nothing can be said" in self.estimate("--weight", "similar=1")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--diversity", "2"], "between 0 and 1"),
            (["--exploration", "0.7"], "between 0 and 0.5"),
            (["--weight", "nothing=1"], "There is no source"),
            (["--weight", "similar=much"], "a weight is a number"),
            (["--weight", "similar=-1"], "0 or more"),
            (["--weight", "similar=0"], "has to count"),
            (["--segment", "Nobody"], "There is no segment"),
            ([], "served already"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, pages: list[int], arguments: list[str], words: str) -> None:
        served(pages, n=60, similar=1.0)
        with pytest.raises(CommandError, match=words):
            self.estimate(*arguments)

    def test_an_empty_log_is_said(self, db: None) -> None:
        Placement.objects.create(name="sidebar")
        with pytest.raises(CommandError, match="No list of this placement was seen"):
            self.estimate("--diversity", "0.5")


def test_what_chance_did_is_read_back(pages: list[int]) -> None:
    served(pages, n=60)
    row = ServedSlate.objects.order_by("-served_at").first()
    assert row is not None
    row.items = [row.items[0], [pages[0] + 10**6, 0.0, {"exploration": 1.0}], *row.items[2:]]
    row.propensities = [1.0, 0.02, 0.9, 0.9]
    row.save()
    slate = logged_slates(timezone.now() - timedelta(days=1), 1)[0]
    assert slate.drawn == (1, 2, 3)
    assert slate.exploration == pytest.approx(0.3)
    assert slate.trial is not None
    assert (slate.trial.place, slate.trial.propensity, slate.trial.row) == (1, 0.02, None)
    assert slate.places.tolist() == [0, 2, 3]
