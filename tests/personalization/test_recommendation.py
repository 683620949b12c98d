"""Laws of blending, reranking, filtering and reasons. No database."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalization.recommendation import filters, rankers, rerankers, strategies
from personalization.recommendation.placement import PageRule, PlacementConfig
from personalization.recommendation.reasons import LIMIT, reasons_for
from personalization.recommendation.scorers import ScoredPage, blend
from personalization.types import Candidate, ProfileState, ReadPage

SOURCES = ("profile", "recent", "similar", "trending")
WEIGHTS = {"profile": 2.0, "recent": 0.25, "similar": 1.0, "trending": 1.0}

candidate = st.builds(
    Candidate,
    page_id=st.integers(1, 30),
    score=st.integers(0, 5000).map(lambda hundredths: hundredths / 100),
    source=st.sampled_from(SOURCES),
)
candidates = st.lists(candidate, max_size=60, unique_by=lambda c: (c.page_id, c.source))
diversity = st.floats(0, 1)


@st.composite
def vectors(draw):
    """Unit vectors for some of the pages."""
    rows = draw(st.dictionaries(st.integers(1, 30), st.tuples(*[st.floats(-1, 1)] * 3), max_size=30))
    found = {page_id: np.array(row, dtype=np.float32) for page_id, row in rows.items()}
    return {page_id: row / np.linalg.norm(row) for page_id, row in found.items() if np.linalg.norm(row) > 0.01}


def page_ids(pages):
    return [page.page_id for page in pages]


class TestBlend:
    @given(candidates, st.randoms())
    def test_the_order_of_candidates_changes_nothing(self, found, random):
        shuffled = list(found)
        random.shuffle(shuffled)
        assert blend(shuffled, WEIGHTS) == blend(found, WEIGHTS)

    @given(candidates)
    def test_each_page_comes_once_with_a_score_and_whole_shares(self, found):
        ranked = blend(found, WEIGHTS)
        assert sorted(page_ids(ranked)) == sorted({c.page_id for c in found})
        assert all(0 < page.score < 1 or page.score == pytest.approx(1) for page in ranked)
        assert all(sum(page.shares.values()) == pytest.approx(1) for page in ranked)
        assert all(set(page.shares) <= set(page.candidates) for page in ranked)
        assert [page.score for page in ranked] == sorted((page.score for page in ranked), reverse=True)

    @given(candidates, st.floats(0, 9))
    def test_a_source_that_says_the_same_of_every_page_changes_nothing(self, found, score):
        useless = [Candidate(page_id, score, "useless") for page_id in {c.page_id for c in found}]
        ranked = blend([*found, *useless], {**WEIGHTS, "useless": 5.0})
        assert page_ids(ranked) == page_ids(blend(found, WEIGHTS))

    @given(candidates)
    def test_one_source_alone_keeps_its_own_order(self, found):
        alone = [c for c in found if c.source == "similar"]
        expected = sorted(alone, key=lambda c: -c.score)
        assert [c.score for c in expected] == [
            page.candidates["similar"].score for page in blend(alone, {"similar": 1.0})
        ]

    def test_a_source_without_weight_is_not_heard(self):
        assert blend([Candidate(1, 1.0, "similar")], {"recent": 1.0}) == []

    def test_what_two_sources_agree_on_beats_what_one_prefers(self):
        found = [
            Candidate(1, 0.9, "similar"),
            Candidate(2, 0.8, "similar"),
            Candidate(3, 0.1, "similar"),
            Candidate(2, 3.0, "trending"),
            Candidate(4, 3.1, "trending"),
            Candidate(5, 0.2, "trending"),
        ]
        assert page_ids(blend(found, WEIGHTS))[0] == 2


class TestMMR:
    @given(candidates, vectors())
    def test_without_diversity_it_is_the_ranking(self, found, vectors):
        ranked = blend(found, WEIGHTS)
        assert page_ids(rerankers.mmr(ranked, vectors, 0.0, 5)) == page_ids(ranked)

    @given(candidates, vectors(), diversity, st.integers(0, 40))
    def test_it_reorders_and_neither_adds_nor_drops(self, found, vectors, diversity, n):
        ranked = blend(found, WEIGHTS)
        assert sorted(page_ids(rerankers.mmr(ranked, vectors, diversity, n))) == sorted(page_ids(ranked))

    @given(candidates.filter(bool), vectors(), st.floats(0.0, 0.99))
    def test_the_best_match_stays_first(self, found, vectors, diversity):
        ranked = blend(found, WEIGHTS)
        first = rerankers.mmr(ranked, vectors, diversity, 5)[0]
        assert first.score == ranked[0].score

    @given(candidates, vectors())
    def test_at_full_diversity_each_next_page_is_as_far_away_as_any(self, found, vectors):
        ranked = blend(found, WEIGHTS)
        chosen = page_ids(rerankers.mmr(ranked, vectors, 1.0, 6))
        for place in range(1, min(6, len(chosen))):
            nearest = [nearest_of(page_id, chosen[:place], vectors) for page_id in chosen[place:]]
            assert nearest[0] == pytest.approx(min(nearest), abs=1e-5)

    def test_a_twin_of_what_is_shown_goes_behind_something_else(self):
        ranked = [ScoredPage(page_id, score, {}, {}) for page_id, score in ((1, 0.9), (2, 0.89), (3, 0.8), (4, 0.1))]
        alike, other = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
        near = {1: alike, 2: alike, 3: other, 4: other}
        assert page_ids(rerankers.mmr(ranked, near, 0.5, 3))[:3] == [1, 3, 2]
        assert page_ids(rerankers.mmr(ranked, {**near, 9: alike}, 0.6, 3, shown=[9]))[0] == 3


def nearest_of(page_id, chosen, vectors):
    if page_id not in vectors:
        return 0.0
    return max((max(0.0, float(vectors[page_id] @ vectors[other])) for other in chosen if other in vectors), default=0)


class TestFilters:
    @given(candidates, st.sets(st.integers(1, 30)))
    def test_what_must_not_be_shown_is_gone_and_nothing_else(self, found, unwanted):
        kept = filters.without(found, unwanted)
        assert {c.page_id for c in kept}.isdisjoint(unwanted)
        assert [c for c in found if c.page_id not in unwanted] == kept

    @given(candidates, st.floats(0, 1))
    def test_the_minimum_holds_for_scores_that_say_how_well_a_page_fits(self, found, minimum):
        kept = filters.at_least(found, minimum, {"similar", "profile"})
        assert all(c.score >= minimum for c in kept if c.source in {"similar", "profile"})
        assert [c for c in kept if c.source == "recent"] == [c for c in found if c.source == "recent"]


class TestRankers:
    @given(candidates, candidates)
    def test_the_fallback_fills_behind_in_its_order_each_page_once(self, found, fillers):
        ranked = blend(found, {"similar": 1.0})
        filled = rankers.filled(ranked, fillers, ("trending", "recent"))
        assert filled[: len(ranked)] == ranked
        assert len(set(page_ids(filled))) == len(filled)
        order = [next(iter(page.shares)) for page in filled[len(ranked) :]]
        assert order == sorted(order, key=("trending", "recent").index)

    @given(candidates, st.lists(st.integers(1, 40), unique=True, max_size=6))
    def test_pins_come_first_in_their_order_and_no_page_twice(self, found, pinned):
        pins = [rankers.alone(Candidate(page_id, 1.0, "pins"), 1.0) for page_id in pinned]
        shown = rerankers.pinned_first(pins, blend(found, WEIGHTS))
        assert page_ids(shown)[: len(pinned)] == pinned
        assert len(set(page_ids(shown))) == len(shown)


class TestStrategies:
    def profile(self, mass):
        return ProfileState(topics={1: 0.5}, recent=(ReadPage(1, datetime(2026, 1, 1, tzinfo=UTC)),), mass=mass)

    def test_the_weight_of_a_profile_grows_with_what_was_read(self):
        found = [strategies.weights("blend", self.profile(mass)).get("profile", 0.0) for mass in (0, 1, 3, 30)]
        assert found == sorted(found)
        assert found[2] > 2 * WEIGHTS["similar"]

    @pytest.mark.parametrize("strategy", ["blend", "similar", "profile", "trending", "recent"])
    def test_a_stranger_gets_no_profile_source(self, strategy):
        assert "profile" not in strategies.weights(strategy, None)
        assert "profile" not in strategies.weights(strategy, ProfileState())

    def test_a_handful_of_views_is_no_trend(self):
        weights = strategies.weights("blend", None)
        assert strategies.with_evidence(weights, 3)["trending"] < 0.05
        assert strategies.with_evidence(weights, 10_000)["trending"] > 0.95
        assert strategies.with_evidence({"trending": 1.0}, 3) == {"trending": 1.0}


class TestRules:
    rules = st.lists(
        st.builds(
            PageRule,
            action=st.sampled_from(["pin", "exclude"]),
            page_id=st.integers(1, 5),
            segment_id=st.sampled_from([None, 1, 2]),
        ),
        max_size=12,
    )

    @given(rules, st.sets(st.integers(1, 3)))
    def test_a_page_is_pinned_or_excluded_or_neither(self, rules, segments):
        config = PlacementConfig("x", "", 4, "blend", rules=tuple(rules))
        assert not set(config.pinned(segments)) & config.excluded(segments)
        named = {rule.page_id for rule in rules if rule.segment_id in segments | {None}}
        assert set(config.pinned(segments)) | config.excluded(segments) == named

    def test_a_segments_rule_beats_everybodys(self):
        rules = (
            PageRule("exclude", 1),
            PageRule("pin", 1, segment_id=7),
            PageRule("pin", 2),
            PageRule("exclude", 2, 7),
        )
        config = PlacementConfig("x", "", 4, "blend", rules=rules)
        assert (config.pinned({7}), config.excluded({7})) == ((1,), {2})
        assert (config.pinned(set()), config.excluded(set())) == ((2,), {1})


class TestReasons:
    def codes(self, shares, **evidence):
        found = {source: Candidate(1, 1.0, source, evidence.get(source, {})) for source in shares}
        return [reason.code for reason in reasons_for(ScoredPage(1, 0.5, shares, found))]

    def test_the_strongest_source_speaks_first_and_faint_ones_not_at_all(self):
        shares = {"similar": 0.3, "trending": 0.6, "recent": 0.1}
        assert self.codes(shares, recent={"days": 1}) == ["trending", "similar"]

    def test_a_profile_says_topic_and_page(self):
        evidence = {"topic_id": 3, "weight": 0.7, "page_id": 9, "similarity": 0.8}
        assert self.codes({"profile": 0.9, "similar": 0.1}, profile=evidence) == ["topic", "read"]
        assert self.codes({"profile": 1.0}) == ["profile"]

    def test_only_a_new_page_is_called_new(self):
        assert self.codes({"recent": 1.0}, recent={"days": 2}) == ["new"]
        assert self.codes({"recent": 1.0}, recent={"days": 200}) == ["recent"]

    def test_a_sites_own_source_speaks_for_itself(self):
        assert self.codes({"weather": 1.0}) == ["weather"]

    @given(st.dictionaries(st.sampled_from([*SOURCES, "pins", "weather"]), st.floats(0.01, 1), min_size=1))
    def test_every_page_has_a_reason_and_none_has_many(self, shares):
        assert 1 <= len(self.codes(shares)) <= LIMIT
