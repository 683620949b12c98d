"""Probabilities learned from decisions: fitted now and then, honest about themselves, and carried to all pages."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tagging import operations
from tagging.models import PageAnalysis, PageVector, Suggestion, TopicCalibration
from tagging.operations import calibration
from tagging.topics import Calibration, calibrate
from tests.factories import make_article, make_editor, make_site, make_topic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedder", "recognizer")]

State = Suggestion.State
HERONS = "Herons and kingfishers watched the weir from willow branches."


@pytest.fixture
def site(settings):
    """Everything is suggested: the fake embedder knows no meaning."""
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "SUGGEST_WRONG_OF_TEN": 10, "MAX_TOPICS": 50}
    return make_site()


@pytest.fixture
def editor():
    return make_editor()


def analyzed(site, title, body=HERONS):
    page = make_article(site, title, body=body)
    operations.analyze_batch()
    return page


def drain():
    while operations.analyze_batch().claimed:
        pass


def decided(page, topic, logit, kept, days=0.0):
    """A topic that was shown with this logit, and what an editor made of it so many days ago."""
    return Suggestion.objects.create(
        page=page,
        topic=topic,
        state=State.ACCEPTED if kept else State.REJECTED,
        score=Calibration().probability(logit),
        logit=logit,
        source=Suggestion.Source.VECTOR,
        decided_at=timezone.now() - timedelta(days=days),
    )


def topics(count):
    return [make_topic(f"Topic {number}") for number in range(count)]


def quiet():
    """No worker is at it."""
    PageAnalysis.objects.update(analyzed_at=timezone.now() - timedelta(hours=1))


def test_what_was_predicted_is_stored_with_its_reasons(site, editor):
    topic = make_topic("Wetlands")
    pages = [analyzed(site, f"Page {number}") for number in range(4)]
    for page in pages:
        operations.accept(page.pk, topic.pk, editor)
    row = Suggestion.objects.get(page=analyzed(site, "Another"), topic=topic)
    assert row.score == pytest.approx(1 / (1 + np.exp(-row.logit)))
    assert len(row.similar) == 3
    assert set(row.similar) <= {page.pk for page in pages}


def test_a_decision_keeps_the_prediction_that_was_made_without_it(site, editor):
    herons, opera = make_topic("Herons"), make_topic("Opera")
    page = analyzed(site, "Herons")
    before = dict(Suggestion.objects.values_list("topic__name", "logit"))
    operations.accept(page.pk, herons.pk, editor)
    operations.reject(page.pk, opera.pk, editor)
    page.body = [("paragraph", "<p>A tenor sang all night at the opera.</p>")]
    page.save_revision().publish()
    drain()
    assert dict(Suggestion.objects.values_list("topic__name", "logit")) == before


def test_only_what_the_machine_foresaw_is_counted(site, editor):
    first, second = topics(2)
    page, copy = analyzed(site, "Page"), make_article(site, "Copy")
    operations.accept(page.pk, first.pk, editor)
    Suggestion.objects.filter(topic=second).delete()
    operations.add(page.pk, second.pk, editor)
    operations.copy_decisions(page.pk, copy.pk)
    assert Suggestion.objects.get(page=page, topic=second).logit is None
    assert Suggestion.objects.get(page=copy, topic=first).logit is None
    assert len(calibration.verdicts()) == 1


def test_applied_topics_that_an_editor_left_standing_count_as_kept(site, editor):
    first, second, third = topics(3)
    page, other = analyzed(site, "Page"), analyzed(site, "Other")
    Suggestion.objects.filter(topic__in=[second, third]).update(state=State.APPLIED, score=0.9, logit=2.2)
    Suggestion.objects.filter(topic=third).update(created_at=timezone.now() + timedelta(hours=1))
    assert len(calibration.verdicts()) == 0
    operations.reject(page.pk, first.pk, editor)
    found = calibration.verdicts()
    assert sorted(zip(found.promised.round(1), found.kept, strict=True))[-1] == (0.9, True)
    assert len(found) == 2, "nobody looked at the other page, and the third topic came later"
    assert other.pk != page.pk


def test_it_is_fitted_once_enough_was_decided(site):
    page, other = make_article(site), make_article(site)
    known = topics(21)
    for topic in known[:19]:
        decided(page, topic, 1.0, kept=True)
    assert not calibration.refit()
    decided(page, known[19], 1.0, kept=True)
    assert calibration.refit()
    assert calibration.newest_calibration().decisions == 20
    assert not calibration.refit()
    assert not calibration.refit(at_once=True)
    decided(other, known[0], 1.0, kept=True)
    assert not calibration.refit()
    assert calibration.refit(at_once=True)
    assert TopicCalibration.objects.count() == 2


def test_a_site_with_many_decisions_waits_for_a_twentieth_more(site, monkeypatch):
    monkeypatch.setattr(calibration, "LEAST_NEW", 1)
    page, other = make_article(site), make_article(site)
    known = topics(40)
    for topic in known:
        decided(page, topic, 1.0, kept=True, days=1)
    assert calibration.refit()
    decided(other, known[0], 1.0, kept=False)
    assert not calibration.refit()
    decided(other, known[1], 1.0, kept=False)
    assert calibration.refit()


def test_newer_decisions_bend_the_curve_more(site):
    page, other = make_article(site), make_article(site)
    for topic in topics(30):
        decided(page, topic, 0.0, kept=False, days=4000)
        decided(other, topic, 0.0, kept=True)
    calibration.refit()
    assert calibration.curve(calibration.newest_calibration()).probability(0.0) > 0.7


def test_only_so_many_fits_are_kept(site, monkeypatch):
    monkeypatch.setattr(calibration, "KEPT", 3)
    page = make_article(site)
    for topic in topics(5):
        decided(page, topic, 0.0, kept=True)
        assert calibration.refit(at_once=True)
    assert TopicCalibration.objects.count() == 3
    assert calibration.newest_calibration().decisions == 5


def test_before_the_first_fit_the_first_days_curve_counts():
    assert calibration.curve(calibration.newest_calibration()) == Calibration()


def test_decisions_reach_other_pages_together_and_without_any_model(site, editor, embedder, recognizer):
    known = topics(20)
    page, other = analyzed(site, "Page"), analyzed(site, "Other")
    shown = Suggestion.objects.get(page=other, topic=known[0])
    embedder.calls.clear()
    recognizer.calls.clear()
    for topic in known[:19]:
        operations.reject(page.pk, topic.pk, editor)
        quiet()
        assert not operations.sweep(), "a single decision does not set all pages in motion"
    operations.reject(page.pk, known[19].pk, editor)
    assert operations.sweep()
    kept = list(PageVector.objects.values_list("pk", "embedding"))
    assert operations.analyze_batch().analyzed == 2
    assert (embedder.calls, recognizer.calls) == ([], [])
    assert list(PageVector.objects.values_list("pk", "embedding")) == kept
    now = Suggestion.objects.get(pk=shown.pk)
    assert now.score < shown.score
    assert now.score == pytest.approx(calibration.curve(calibration.newest_calibration()).probability(now.logit))
    quiet()
    assert not operations.sweep()


def test_the_nightly_maintenance_learns_from_whatever_is_new(site):
    page = analyzed(site, "Page")
    decided(make_article(site, "Other"), make_topic("New"), 0.0, kept=True)
    drain()
    operations.maintain()
    quiet()
    assert operations.sweep()
    assert operations.analyze_batch(page_ids=[page.pk]).analyzed == 1


def test_what_is_applied_follows_the_curve(site):
    known = topics(30)
    page = analyzed(site, "Topic 0 and Topic 1", body="Topic 0 is Topic 0, and Topic 1 is Topic 1.")
    row = Suggestion.objects.filter(page=page).latest("logit")

    def state_with(slope, intercept):
        TopicCalibration.objects.create(decisions=1, slope=slope, intercept=intercept)
        operations.sweep()
        drain()
        return Suggestion.objects.get(pk=row.pk).state

    assert state_with(1.0, 5.0 - row.logit) == State.APPLIED
    assert state_with(1.0, -row.logit) == State.SUGGESTED
    assert len(known) == Suggestion.objects.filter(page=page).count()


def test_a_changed_setting_reaches_pages_too(site, settings):
    make_topic("Herons")
    analyzed(site, "Herons")
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "SUGGEST_WRONG_OF_TEN": 0, "APPLY_WRONG_OF_TEN": 0}
    quiet()
    assert operations.sweep()
    drain()
    assert not Suggestion.objects.exists()


def test_a_decision_taken_back_gets_todays_probability(site, editor):
    topic = make_topic("Herons")
    page = analyzed(site, "Herons")
    row = operations.reject(page.pk, topic.pk, editor)
    TopicCalibration.objects.create(decisions=1, slope=1.0, intercept=9.0 - row.logit)
    row = operations.undo(page.pk, topic.pk, editor)
    assert row.score == pytest.approx(1 / (1 + np.exp(-9)))
    assert row.state == State.APPLIED


def test_a_decision_that_counts_half_is_half_a_decision():
    logits, right = np.array([0.5, -1.0, 2.0]), np.array([True, False, False])
    twice = calibrate(np.repeat(logits, 2), np.repeat(right, 2), np.full(6, 0.5))
    once = calibrate(logits, right)
    assert (twice.slope, twice.intercept) == (pytest.approx(once.slope), pytest.approx(once.intercept))


def test_decisions_adopted_with_a_date_of_long_ago_count_as_new(site):
    page = make_article(site)
    TopicCalibration.objects.create(decisions=0, slope=1.0, intercept=0.0)
    for topic in topics(20):
        decided(page, topic, 0.0, kept=True, days=400)
    assert calibration.refit()


def test_scoring_again_costs_few_queries_a_page(site):
    make_topic("Herons")

    def queries(count):
        for number in range(count):
            make_article(site, body=f"{HERONS} {number}")
        drain()
        TopicCalibration.objects.create(decisions=1, slope=1.0, intercept=0.0)
        operations.sweep()
        with CaptureQueriesContext(connection) as captured:
            assert operations.analyze_batch().analyzed
        return len(captured)

    one, six = queries(1), queries(5)
    assert (six - one) / 5 <= 9
