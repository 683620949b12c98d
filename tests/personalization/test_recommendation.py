"""Laws of blending, filtering, filling and reasons. No database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalization.recommendation import filters, rankers, strategies
from personalization.recommendation.ranking import ScoredPage
from personalization.recommendation.reasons import LIMIT, Audience, reasons_for
from personalization.recommendation.scorers import blend
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

    @given(candidates, st.integers(0, 40), st.randoms())
    def test_of_many_pages_those_stay_that_some_source_puts_first(self, found, most, random):
        shuffled = list(found)
        random.shuffle(shuffled)
        kept = filters.at_most(shuffled, most)
        pages = {c.page_id for c in kept}
        assert len(pages) == min(most, len({c.page_id for c in found}))
        assert pages == {c.page_id for c in filters.at_most(found, most)}
        assert [c for c in shuffled if c.page_id in pages] == kept
        if most >= len(SOURCES):
            for source in {c.source for c in found}:
                best = min((c for c in found if c.source == source), key=lambda c: (-c.score, c.page_id))
                assert best.page_id in pages


class TestRankers:
    @given(candidates, candidates)
    def test_the_fallback_fills_behind_in_its_order_each_page_once(self, found, fillers):
        ranked = blend(found, {"similar": 1.0})
        filled = rankers.filled(ranked, fillers, ("trending", "recent"))
        assert filled[: len(ranked)] == ranked
        assert len(set(page_ids(filled))) == len(filled)
        order = [next(iter(page.shares)) for page in filled[len(ranked) :]]
        assert order == sorted(order, key=("trending", "recent").index)


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
        assert strategies.with_evidence(weights, {"trending": 3})["trending"] < 0.05
        assert strategies.with_evidence(weights, {"trending": 10_000})["trending"] > 0.95
        assert strategies.with_evidence({"trending": 1.0}, {"trending": 3}) == {"trending": 1.0}
        assert strategies.with_evidence(weights, {"covisits": 2})["covisits"] < 0.03
        assert strategies.with_evidence(weights, {"covisits": 2_000})["covisits"] == pytest.approx(0.25, rel=0.02)
        assert strategies.with_evidence(weights, {})["similar"] == 1.0


TEN = Audience(k=10)


class TestReasons:
    def reasons(self, shares, audience=TEN, **evidence):
        found = {source: Candidate(1, 1.0, source, evidence.get(source, {})) for source in shares}
        return reasons_for(ScoredPage(1, 0.5, shares, found), audience)

    def codes(self, shares, audience=TEN, **evidence):
        return [reason.code for reason in self.reasons(shares, audience, **evidence)]

    def test_the_strongest_source_speaks_first_and_faint_ones_not_at_all(self):
        shares = {"similar": 0.3, "trending": 0.6, "recent": 0.1}
        assert self.codes(shares, trending={"views": 30.0}, recent={"days": 1}) == ["trending", "similar"]

    def test_a_profile_says_topic_and_page(self):
        evidence = {"topic_id": 3, "weight": 0.7, "page_id": 9, "similarity": 0.8}
        assert self.codes({"profile": 0.9, "similar": 0.1}, profile=evidence) == ["topic", "read"]
        assert self.codes({"profile": 1.0}) == ["profile"]

    def test_only_a_new_page_is_called_new(self):
        assert self.codes({"recent": 1.0}, recent={"days": 2}) == ["new"]
        assert self.codes({"recent": 1.0}, recent={"days": 200}) == ["recent"]

    def test_of_what_two_pages_share_the_most_telling_is_named(self):
        evidence = {"page_id": 9, "similarity": 0.8, "terms": ["bridge", "flood", "river", "dam"]}
        assert self.reasons({"similar": 1.0}, similar=evidence)[0].params == {"terms": ["bridge", "flood", "river"]}
        evidence |= {"entity_id": 5}
        assert self.codes({"similar": 1.0}, similar=evidence) == ["entity"]
        evidence |= {"topic_id": 3}
        assert self.codes({"similar": 1.0}, similar=evidence) == ["same_topic"]

    def test_a_muted_topic_is_never_named(self):
        audience = Audience(muted={3}, k=10)
        assert self.codes({"similar": 1.0}, audience, similar={"topic_id": 3, "page_id": 9}) == ["similar"]
        assert self.codes({"profile": 1.0}, audience, profile={"topic_id": 3, "weight": 0.5}) == ["profile"]

    @pytest.mark.parametrize(
        ("source", "evidence"),
        [("trending", "views"), ("covisits", "readers"), ("transitions", "readers"), ("sessions", "readers")],
    )
    def test_what_fewer_than_k_readers_did_is_not_told(self, source, evidence):
        assert self.codes({source: 1.0}, **{source: {evidence: 9, "page_id": 7}}) == ["suggested"]
        assert self.codes({source: 1.0}, **{source: {evidence: 10, "page_id": 7}}) != ["suggested"]

    def test_readers_of_this_page_are_told_from_readers_of_another(self):
        for page_id, is_here in ((7, True), (8, False)):
            evidence = {"readers": 12, "page_id": page_id}
            found = self.reasons({"transitions": 1.0}, Audience(7, k=10), transitions=evidence)
            assert (found[0].code, found[0].params["is_here"]) == ("next", is_here)

    def test_a_sites_own_source_speaks_for_itself(self):
        assert self.codes({"weather": 1.0}) == ["weather"]

    @given(st.dictionaries(st.sampled_from([*SOURCES, "pins", "weather"]), st.floats(0.01, 1), min_size=1))
    def test_every_page_has_a_reason_and_none_has_many(self, shares):
        assert 1 <= len(self.codes(shares)) <= LIMIT
