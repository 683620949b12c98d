"""The network of what is read next: numpy says what torch says, and nothing is proposed unless it beats transitions."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from itertools import pairwise

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from personalization import checks, tasks
from personalization.evaluation import own
from personalization.evaluation.own import sequences as own_sequences
from personalization.evaluation.own.beside import beside_transitions
from personalization.evaluation.own.sequences import Sequences
from personalization.evaluation.replay import Plan, answers
from personalization.models import SequenceVersion, SessionRead, Visitor
from personalization.recommendation.placement import PlacementConfig
from personalization.recommendation.ranking import ScoredPage
from personalization.recommendation.reasons import Audience, reasons_for
from personalization.recommendation.sequences import LENGTH, Network, vocabulary, windows
from personalization.sources import SourceRequest, registered
from personalization.sources import sequences as source_module
from personalization.testing.sources import CandidateSourceContract
from personalization.types import Candidate, ProfileState, ReadPage, RecQuery, RequestContext
from personalization.visitors import sequences
from tests.factories import make_article, make_site
from tests.personalization.test_own_contenders import log_of

PAGES = 12


def visits_by_two_pages_back(count: int, seed: int = 0) -> list[list[int]]:
    """Where a visit goes on is decided by the last page and the one before it: what transitions cannot tell."""
    rng = np.random.default_rng(seed)
    found = []
    for _visit in range(count):
        pages = rng.choice(PAGES, 2, replace=False).tolist()
        for _step in range(3):
            following = (2 * pages[-2] + pages[-1] + 1) % PAGES
            while following in pages:
                following = (following + 1) % PAGES
            pages.append(following)
        found.append(pages)
    return found


def visits_by_chance(count: int, seed: int = 0) -> list[list[int]]:
    """Nothing is to be learned of them."""
    rng = np.random.default_rng(seed)
    return [rng.choice(PAGES, 4, replace=False).tolist() for _visit in range(count)]


def visits_round_a_ring(count: int) -> list[list[int]]:
    """The last page says all that there is to know, as transitions do."""
    return [[(visit + step) % PAGES for step in range(4)] for visit in range(count)]


@pytest.fixture(scope="module")
def training():
    return pytest.importorskip("personalization.recommendation.sequences.training")


def options(training, **more):
    return training.Options(**{"size": 16, "passes": 30, "rate": 0.01, "batch": 32, "dropout": 0.1, **more})


def made_up(page_ids: list[int], size: int = 4, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return Network(
        np.array(page_ids, dtype=np.int64),
        numbers(len(page_ids), size),
        numbers(len(page_ids)),
        numbers(3 * size, size),
        numbers(3 * size),
        numbers(3 * size, size),
        numbers(3 * size),
        numbers(size, 2 * size),
    )


def test_numpy_says_what_torch_says(training):
    import torch

    torch.manual_seed(3)
    model = training.Recurrent(np.arange(40), training.Options(size=24)).eval()
    with torch.no_grad():
        model.bias.normal_()
    network = training.network_of(model, np.arange(40))
    rng = np.random.default_rng(0)
    for length in (1, 2, 5, LENGTH):
        rows = rng.integers(0, 40, length)
        with torch.no_grad():
            expected = model.logits(model(torch.as_tensor(rows)[None]))[0, -1].numpy()
        np.testing.assert_allclose(network.logits(rows), expected, atol=1e-5)


def test_the_same_visits_and_seed_give_the_same_network_whatever_was_drawn_before(training):
    import torch

    visits = visits_by_two_pages_back(150)
    few = options(training, passes=2)
    one = training.fit(visits, few)
    torch.rand(7)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    other = training.fit(visits, few)
    assert one.to_bytes() == other.to_bytes()
    assert training.fit(visits, replace(few, seed=1)).to_bytes() != one.to_bytes()
    assert torch.equal(torch.get_rng_state(), state)  # a worker's own chance goes on as it would have
    assert torch.get_num_threads() == threads


def test_what_is_learned_is_more_than_the_last_page(training):
    log = log_of(visits_by_two_pages_back(900))
    start = int(0.8 * len(log))
    network = training.fit(sequences.visits(log, start), options(training))
    found = beside_transitions(log, Plan(start, len(log), 60.0), network, 1e9)
    assert found.difference.low > 0.1
    assert found.difference.mean == pytest.approx(found.own.mean - found.other.mean)
    assert found.own.mean > 0.8


def test_where_there_is_nothing_to_learn_it_is_not_better(training):
    log = log_of(visits_by_chance(400))
    start = int(0.8 * len(log))
    network = training.fit(sequences.visits(log, start), options(training, passes=3))
    assert beside_transitions(log, Plan(start, len(log), 60.0), network, 1e9).difference.low <= 0.0


def test_it_is_measured_beside_transitions_that_know_what_was_read_a_minute_before():
    """Readers change their way after the fit: the counted steps follow, the network does not."""
    before, after = [[0, 1]] * 60, [[0, 2]] * 60
    log = log_of([*before, *after])
    network = replace(made_up(list(range(3))), bias=np.array([0.0, 50.0, -50.0], dtype=np.float32))  # says 1
    found = beside_transitions(log, Plan(len(before) * 2, len(log), 60.0), network, 3600.0)
    assert found.other.mean > found.own.mean


def test_nobody_who_went_on_is_nothing_to_measure():
    log = log_of([[0, 1], *[[page] for page in range(5)]])
    assert beside_transitions(log, Plan(2, len(log), 60.0), made_up([0, 1]), 1e9) is None


def test_unknown_pages_are_passed_over_and_without_a_known_one_nothing_is_said():
    network = made_up([3, 5, 8, 13])
    assert network.best([], 3) == []
    assert network.best([4, 99, -1], 3) == []
    assert network.best([99, 5, 4], 4) == network.best([5], 4)
    assert network.best([5, 3], 4) != network.best([3, 5], 4)
    found = network.best([5], 4, left_out={5, 99})
    assert sorted(page for page, _chance in found) == [3, 8, 13]
    assert [chance for _page, chance in found] == sorted((chance for _page, chance in found), reverse=True)
    assert sum(chance for _page, chance in network.best([5], 4)) == pytest.approx(1.0)
    assert len(network.best([5], 2, left_out={5})) == 2


def test_only_the_last_pages_of_a_long_visit_count():
    network = made_up(list(range(30)))
    assert network.best(list(range(30)), 5) == network.best(list(range(30 - LENGTH, 30)), 5)


def test_each_step_of_a_long_visit_is_learned_once():
    visit = [*range(2 * LENGTH + 3)]
    table = windows([visit, [7], [1, 1, 99, 2]], vocabulary([visit], 100))
    steps = [(one, other) for row in table.tolist() for one, other in pairwise(row) if other >= 0]
    assert steps == [*pairwise(visit), (1, 2)]


def test_the_most_read_pages_are_known():
    assert vocabulary([[5, 9], [9, 2], [2, 7]], 2).tolist() == [2, 9]


def test_a_network_is_kept_without_pickles_in_half_precision_and_is_small_enough():
    network = made_up(list(range(20)))
    kept = network.rounded()
    assert np.array_equal(kept.page_ids, network.page_ids)
    np.testing.assert_allclose(kept.pages, network.pages, rtol=1e-3, atol=1e-3)
    assert kept.rounded().to_bytes() == kept.to_bytes()
    assert b"pickle" not in network.to_bytes()


def test_the_largest_network_takes_less_than_fifty_megabytes_of_a_web_process(training):
    largest = training.Options()
    per_page = 8 + 4 + 4 * largest.size
    assert per_page * checks.MOST_PAGES < 50e6
    small = made_up(list(range(100)), size=largest.size)
    assert small.nbytes == 100 * per_page + 4 * (2 * 3 * largest.size * (largest.size + 1) + 2 * largest.size**2)


@pytest.fixture
def pages(db):
    site = make_site()
    return [make_article(site) for _ in range(6)]


@pytest.fixture(autouse=True)
def _no_live_network():
    source_module.forget_live()
    yield
    source_module.forget_live()


def live(pages, **fields):
    network = made_up(sorted(page.pk for page in pages))
    return SequenceVersion.objects.create(arrays=network.to_bytes(), **fields)


@pytest.fixture
def request_(pages, settings):
    settings.WAGTAIL_PERSONALIZATION = {"SEQUENCES": "gru"}
    live(pages)
    query = RecQuery(
        "x", 4, pages[0].get_site().pk, pages[0].locale_id, RequestContext(at=timezone.now()), page_id=pages[0].pk
    )
    types = frozenset({pages[0].content_type_id})
    return SourceRequest(query, PlacementConfig("x", "", 4, "blend"), 40, types, frozenset({pages[0].pk}))


class TestSequences(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["sequences"]

    def test_what_was_read_before_counts_and_the_last_known_page_is_named(self, source, request_, pages):
        now = request_.query.context.at
        profile = ProfileState(recent=(ReadPage(pages[1].pk, now - timedelta(minutes=2)),))
        with_history = replace(request_, query=replace(request_.query, profile=profile))
        found, alone = source.candidates(with_history), source.candidates(request_)
        assert {one.page_id for one in found} == {page.pk for page in pages[2:]}
        shared = {one.page_id: one.score for one in alone}
        assert any(one.score != pytest.approx(shared[one.page_id]) for one in found)
        assert {one.evidence["page_id"] for one in found} == {pages[0].pk}
        unknown = replace(with_history.query, page_id=2**31 - 1)
        evidence = {one.evidence["page_id"] for one in source.candidates(replace(request_, query=unknown))}
        assert evidence == {pages[1].pk}

    def test_it_is_off_by_default(self, source, request_, settings, django_assert_num_queries):
        settings.WAGTAIL_PERSONALIZATION = {}
        with django_assert_num_queries(0):
            assert source.candidates(request_) == []

    def test_a_refused_fit_silences_it(self, source, request_):
        assert source.candidates(request_)
        SequenceVersion.objects.create(refusal={"message": "no", "params": {}})
        source_module.forget_live()
        assert source.candidates(request_) == []

    def test_a_deleted_page_is_not_proposed(self, source, request_, pages):
        gone = pages[3].pk
        pages[3].delete()
        assert gone not in {one.page_id for one in source.candidates(request_)}

    def test_the_network_is_read_once(self, source, request_, django_assert_num_queries):
        source.candidates(request_)
        with django_assert_num_queries(1):  # which pages are live
            source.candidates(request_)

    def test_before_the_first_page_of_a_first_visit_nothing_is_asked(self, source, request_, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert source.candidates(replace(request_, query=replace(request_.query, page_id=None))) == []


@pytest.mark.parametrize(("here", "code"), [(7, "onward"), (8, "read")])
def test_its_reason_names_an_earlier_page_and_not_the_one_being_read(here, code):
    candidate = Candidate(1, 0.5, "sequences", {"page_id": 7})
    page = ScoredPage(1, 0.5, {"sequences": 1.0}, {"sequences": candidate})
    assert [reason.code for reason in reasons_for(page, Audience(page_id=here))] == [code]


def store_visits(pages, visits):
    """As if read lately, a visit a minute, the last one just now."""
    visitors = Visitor.objects.bulk_create(Visitor() for _visit in visits)
    rows, now = [], timezone.now()
    for number, (visitor, visit) in enumerate(zip(visitors, visits, strict=True)):
        begun = now - timedelta(minutes=len(visits) - number)
        at = [begun + timedelta(seconds=10 * step) for step in range(len(visit))]
        rows += [
            SessionRead(visitor=visitor, page=pages[page], at=when, session=begun, is_first=True, last_at=at[-1])
            for page, when in zip(visit, at, strict=True)
        ]
    SessionRead.objects.bulk_create(rows)


@pytest.fixture
def gru(settings, monkeypatch, training):
    settings.WAGTAIL_PERSONALIZATION = {"SEQUENCES": "gru"}
    monkeypatch.setattr(sequences, "LEAST_SESSIONS", 100)
    quick = options(training)
    monkeypatch.setattr(training, "Options", lambda most_pages: replace(quick, most_pages=most_pages))


@pytest.fixture
def dozen(pages):
    return [*pages, *(make_article(pages[0].get_site()) for _ in range(PAGES - len(pages)))]


def test_at_night_it_is_fitted_and_goes_live_where_it_beats_transitions(gru, dozen):
    store_visits(dozen, visits_by_two_pages_back(700))
    tasks.fit_sequences()
    version = SequenceVersion.objects.get()
    assert version.is_live
    assert version.evaluation["low"] > 0.0
    assert version.learned_from["pages"] == PAGES
    assert version.learned_from["until"] <= version.evaluation["since"]
    network = source_module.live_network()
    first, second = dozen[3].pk, dozen[5].pk
    assert network.best([first, second], 1, {first, second})[0][0] == dozen[(2 * 3 + 5 + 1) % PAGES].pk


def test_where_it_does_not_beat_them_the_report_says_so_and_nothing_is_proposed(gru, dozen):
    live(dozen)
    assert source_module.live_network() is not None
    store_visits(dozen, visits_round_a_ring(200))
    out = StringIO()
    call_command("fit_sequences", verbosity=0, stdout=out)
    assert "Not live. It is not surely better than the source “Opened next”" in out.getvalue()
    assert not SequenceVersion.objects.first().is_live
    assert not any(bytes(version.arrays) for version in SequenceVersion.objects.all())
    source_module.forget_live()
    assert source_module.live_network() is None


def test_of_few_visits_nothing_is_learned(gru, dozen):
    store_visits(dozen, [*visits_by_two_pages_back(20), *[[page] for page in range(PAGES)] * 20])
    version = sequences.fit()
    assert not version.is_live
    assert version.refusal["params"]["needed"] == 100
    assert version.refusal["params"]["sessions"] == 20


def test_without_a_single_view_it_says_too_few(gru, db):
    assert sequences.fit().refusal["params"]["sessions"] == 0


def test_without_torch_the_fit_says_what_is_missing(gru, db, monkeypatch):
    monkeypatch.setattr(sequences, "find_spec", lambda name: None)
    assert "wagtail-affinity[models]" in sequences.fit().refusal["message"]


def test_old_fits_are_forgotten_and_all_of_them_where_it_is_switched_off(gru, db, settings, monkeypatch):
    monkeypatch.setattr(sequences, "KEPT", 2)
    for _night in range(4):
        sequences.fit()
    assert SequenceVersion.objects.count() == 2
    settings.WAGTAIL_PERSONALIZATION = {}
    tasks.fit_sequences()
    assert not SequenceVersion.objects.exists()
    with pytest.raises(CommandError, match="SEQUENCES"):
        call_command("fit_sequences")


def test_a_web_process_needs_no_torch():
    program = (
        "import sys, django; django.setup();"
        "from personalization import sources, tasks; from personalization.operations import recommend;"
        "from personalization.evaluation import own; from personalization.visitors import sequences;"
        "import personalization.wagtail_hooks, personalization.api.urls;"
        "print(sorted({'torch', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def noted_fits(training):
    """How many views each fit learned from, and the fit."""
    fits = []

    def fit(visits):
        fits.append(sum(map(len, visits)))
        return training.fit(visits, options(training))

    return fits, fit


def test_it_takes_part_in_evaluations_where_it_is_asked_for(training):
    assert "sequences" not in own.teams(100)
    assert set(own.on_request(100)) == {"sequences", "own+sequences"}
    log = log_of(visits_by_two_pages_back(500))
    plan = Plan(int(0.9 * len(log)), len(log), 3600.0)
    fits, fit = noted_fits(training)
    (given,) = answers(log, plan, [Sequences(fit)])
    assert (given.ranks(log) == 1).mean() > 0.6
    assert fits == sorted(fits)
    assert 1 <= len(fits) <= 3  # at the first question and then once a night
    assert fits[0] <= plan.start


def test_rankers_that_learn_from_it_beat_those_that_do_not(training, monkeypatch):
    log = log_of(visits_by_two_pages_back(1500))
    plan = Plan(int(0.9 * len(log)), len(log), 3600.0)
    fits, fit = noted_fits(training)
    monkeypatch.setattr(own_sequences, "fitted_with_torch", fit)
    teams = own.teams(plan.start)["own"](), own.on_request(plan.start)["own+sequences"]()
    right = {one.name: (one.ranks(log) == 1).mean() for team in teams for one in answers(log, plan, team)}
    assert right["hybrid+sequences, logistic"] > right["hybrid, logistic"] + 0.1
    assert fits[0] <= 0.8 * plan.start  # its examples are of views that it did not learn from


@pytest.mark.parametrize(
    ("key", "value"), [("SEQUENCES", "lstm"), ("SEQUENCES_MAX_PAGES", 0), ("SEQUENCES_MAX_PAGES", 50_001)]
)
def test_a_wrong_setting_is_named(key, value, settings):
    settings.WAGTAIL_PERSONALIZATION = {key: value}
    (error,) = checks.check_settings()
    assert key in error.msg
