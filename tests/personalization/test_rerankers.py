"""Laws of the rerankers, of their chain and of editors' rules. No database."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalization.recommendation import rerankers
from personalization.recommendation.arrangement import Prepared, arrange
from personalization.recommendation.placement import PlacementConfig
from personalization.recommendation.rankers import IS_PROPOSED
from personalization.recommendation.ranking import ScoredPage
from personalization.recommendation.rules import Rule, Rulebook
from personalization.recommendation.scorers import blend
from personalization.recommendation.standing import PageFacts, Situation, Standing
from personalization.types import Candidate

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PAGES = st.integers(1, 24)
SOURCES = ("recent", "similar", "trending")
WEIGHTS = {"recent": 0.25, "similar": 1.0, "trending": 1.0}

candidates = st.lists(
    st.builds(Candidate, page_id=PAGES, score=st.integers(0, 90).map(lambda n: n / 9), source=st.sampled_from(SOURCES)),
    min_size=1,
    max_size=40,
    unique_by=lambda c: (c.page_id, c.source),
)
labels = st.frozensets(st.integers(1, 4), max_size=2)
facts_of_pages = st.dictionaries(
    PAGES,
    st.builds(
        PageFacts,
        age_days=st.none() | st.floats(0, 900),
        labels=st.fixed_dictionaries({"topic": labels, "author": labels, "section": labels}),
        views=st.floats(0, 1e6),
        unclicked=st.integers(0, 30),
        is_read=st.booleans(),
        lacking=st.integers(0, 50),
    ),
)
rules = st.lists(
    st.builds(
        Rule,
        action=st.sampled_from(["pin", "exclude", "boost", "bury"]),
        pages=st.frozensets(PAGES, min_size=1, max_size=5),
        target=st.sampled_from(["page", "topic", "section"]),
        is_everywhere=st.booleans(),
        segment_id=st.sampled_from([None, 1, 2]),
        locale_id=st.sampled_from([None, 1, 2]),
    ).map(lambda rule: replace(rule, pages=frozenset([min(rule.pages)])) if rule.target == "page" else rule),
    max_size=8,
)
configs = st.builds(
    PlacementConfig,
    name=st.just("x"),
    title=st.just(""),
    n=st.just(5),
    strategy=st.just("blend"),
    when_read=st.sampled_from(["down", "keep"]),
    diversity=st.floats(0, 1),
    max_per_topic=st.none() | st.integers(1, 3),
    max_per_author=st.none() | st.integers(1, 3),
    max_per_section=st.none() | st.integers(1, 3),
    freshness_days=st.none() | st.floats(1, 100),
    popularity_debias=st.floats(0, 1),
    patience=st.none() | st.integers(1, 9),
    exploration=st.floats(0, 0.5),
)
seeds = st.integers(0, 10_000).map(str)


@st.composite
def vectors(draw):
    """Unit vectors for some of the pages."""
    rows = draw(st.dictionaries(PAGES, st.tuples(*[st.floats(-1, 1)] * 3), max_size=24))
    found = {page_id: np.array(row, dtype=np.float32) for page_id, row in rows.items()}
    return {page_id: row / np.linalg.norm(row) for page_id, row in found.items() if np.linalg.norm(row) > 0.01}


def pages(scores, tiers=None):
    return [ScoredPage(i, score, {}, {}, (tiers or {}).get(i, 0)) for i, score in enumerate(scores, start=1)]


def after(reranker, ranked, n=5, facts=None, vectors=None, seed=""):
    """Page ids in the order that one reranker leaves."""
    situation = Situation.of(ranked, n, facts, vectors, seed)
    standing = reranker(Standing.of(ranked), situation)
    assert sorted(standing.order.tolist()) == list(range(len(ranked)))
    return [ranked[row].page_id for row in standing.order.tolist()]


def ids(ranked):
    return [page.page_id for page in ranked]


class TestMMR:
    @given(candidates, vectors())
    def test_without_diversity_it_is_the_ranking(self, found, vectors):
        ranked = blend(found, WEIGHTS)
        assert after(rerankers.MaximalMarginalRelevance(0.0), ranked, vectors=vectors) == ids(ranked)

    @given(candidates, vectors(), st.floats(0.0, 0.99))
    def test_the_best_match_stays_first(self, found, vectors, diversity):
        ranked = blend(found, WEIGHTS)
        first = after(rerankers.MaximalMarginalRelevance(diversity), ranked, vectors=vectors)[0]
        assert {page.page_id: page.score for page in ranked}[first] == pytest.approx(ranked[0].score)

    @given(candidates, vectors())
    def test_at_full_diversity_each_next_page_is_as_far_away_as_any(self, found, vectors):
        chosen = after(rerankers.MaximalMarginalRelevance(1.0), blend(found, WEIGHTS), vectors=vectors)
        for place in range(1, min(5, len(chosen))):
            nearest = [nearest_of(page_id, chosen[:place], vectors) for page_id in chosen[place:]]
            assert nearest[0] == pytest.approx(min(nearest), abs=1e-5)

    @given(candidates, vectors(), st.floats(0.01, 0.99), st.integers(1, 5))
    def test_no_page_that_was_left_is_worth_more_than_the_one_taken(self, found, vectors, diversity, n):
        """However few pages are compared at first."""
        ranked = blend(found, WEIGHTS)
        chosen = after(rerankers.MaximalMarginalRelevance(diversity), ranked, n, vectors=vectors)
        scores = {page.page_id: page.score for page in ranked}
        low, high = min(scores.values()), max(scores.values())

        def worth(page_id, before):
            relevance = (scores[page_id] - low) / (high - low or 1.0)
            return (1 - diversity) * relevance - diversity * nearest_of(page_id, before, vectors)

        for place in range(min(n, len(chosen))):
            left = [worth(page_id, chosen[:place]) for page_id in chosen[place:]]
            assert left[0] == pytest.approx(max(left), abs=1e-5)

    def test_a_twin_of_what_is_shown_goes_behind_something_else(self):
        alike, other = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
        near = {1: alike, 2: alike, 3: other, 4: other}
        mmr = rerankers.MaximalMarginalRelevance(0.5)
        assert after(mmr, pages([0.9, 0.89, 0.8, 0.1]), 3, vectors=near)[:3] == [1, 3, 2]

    def test_what_only_fills_the_list_stays_behind_however_different(self):
        alike, other = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
        ranked = pages([0.9, 0.1, 1e-6], {3: 1})
        mmr = rerankers.MaximalMarginalRelevance(1.0)
        assert after(mmr, ranked, 3, vectors={1: alike, 2: alike, 3: other}) == [1, 2, 3]


def nearest_of(page_id, chosen, vectors):
    if page_id not in vectors:
        return 0.0
    return max((max(0.0, float(vectors[page_id] @ vectors[other])) for other in chosen if other in vectors), default=0)


class TestOdds:
    def test_a_page_fades_by_half_in_each_half_life_and_never_goes(self):
        facts = {1: PageFacts(age_days=60), 2: PageFacts(age_days=30), 3: PageFacts(age_days=None)}
        freshness = rerankers.Freshness(30)
        assert after(freshness, pages([0.5, 0.4, 0.9]), facts=facts) == [3, 2, 1]
        standing = freshness(Standing.of(pages([0.5])), Situation.of(pages([0.5]), 1, {1: PageFacts(age_days=9999)}))
        assert standing.odds[0] == pytest.approx(1 / 16)

    @given(candidates, st.floats(0, 1e6), st.floats(0, 1))
    def test_where_all_are_read_alike_popularity_changes_nothing(self, found, views, strength):
        ranked = blend(found, WEIGHTS)
        facts = {page.page_id: PageFacts(views=views) for page in ranked}
        assert after(rerankers.PopularityDebias(strength), ranked, facts=facts) == ids(ranked)

    def test_debiasing_lifts_what_is_seldom_read(self):
        facts = {1: PageFacts(views=10_000), 2: PageFacts(views=3)}
        assert after(rerankers.PopularityDebias(0.5), pages([0.6, 0.5]), facts=facts) == [2, 1]

    def test_what_was_seen_too_often_goes_down_and_may_come_back(self):
        facts = {1: PageFacts(unclicked=10)}
        assert after(rerankers.Fatigue(5), pages([0.7, 0.5]), facts=facts) == [2, 1]
        assert after(rerankers.Fatigue(5), pages([0.999, 0.5]), facts={1: PageFacts(unclicked=10**6)}) == [1, 2]

    @given(candidates, facts_of_pages)
    def test_read_pages_go_behind_all_others_each_group_in_its_order(self, found, facts):
        ranked = blend(found, WEIGHTS)
        unknown = PageFacts()
        shown = after(rerankers.ReadDown(), ranked, facts=facts)
        assert shown == sorted(ids(ranked), key=lambda page_id: facts.get(page_id, unknown).is_read)


class TestCaps:
    limits = st.fixed_dictionaries({}, optional={kind: st.integers(1, 3) for kind in ("topic", "author", "section")})

    @given(candidates, facts_of_pages, limits, st.integers(1, 8))
    def test_they_hold_until_no_page_is_left_that_keeps_them(self, found, facts, limits, n):
        ranked = blend(found, WEIGHTS)
        shown = after(rerankers.Caps(limits), ranked, n, facts)
        prefix = next((i for i in range(len(shown)) if not kept(shown[: i + 1], facts, limits)), len(shown))
        for later in shown[prefix:] if prefix < n else ():
            assert not kept([*shown[:prefix], later], facts, limits), "a page that keeps all caps was passed over"

    def test_the_cap_on_sections_gives_way_first_and_that_on_topics_last(self):
        def of(topic, section):
            return PageFacts(labels={"topic": frozenset([topic]), "section": frozenset([section])})

        facts = {1: of("a", "x"), 2: of("a", "y"), 3: of("b", "x"), 4: of("b", "x")}
        caps = rerankers.Caps({"topic": 1, "section": 1})
        assert after(caps, pages([0.9, 0.8, 0.7, 0.6]), 4, facts) == [1, 3, 2, 4]

    @given(candidates, facts_of_pages)
    def test_caps_that_nothing_breaks_change_nothing(self, found, facts):
        ranked = blend(found, WEIGHTS)
        assert after(rerankers.Caps({"topic": 99}), ranked, facts=facts) == ids(ranked)


def kept(shown, facts, limits):
    counts = Counter(
        (kind, label)
        for page_id in shown
        if page_id in facts
        for kind in limits
        for label in facts[page_id].labels[kind]
    )
    return all(count <= limits[kind] for (kind, _), count in counts.items())


class TestExploration:
    def shares(self, exploration, ranked, facts, n=4, lists=4000):
        """How often each page is among the first `n`, over many occasions."""
        counts = Counter()
        for number in range(lists):
            counts.update(after(exploration, ranked, n, facts, seed=str(number))[:n])
        return {page_id: count / lists for page_id, count in counts.items()}

    def test_a_new_page_gets_its_share_of_lists_and_never_the_first_place(self):
        ranked, facts = pages([0.9, 0.8, 0.7, 0.6, 0.5]), {5: PageFacts(lacking=50)}
        shares = self.shares(rerankers.Exploration(0.2), ranked, facts)
        assert shares[5] == pytest.approx(0.2, abs=0.03)
        assert shares[1] == 1.0
        assert [shares[page_id] for page_id in (2, 3, 4)] == pytest.approx([1 - 0.2 / 3] * 3, abs=0.03)

    def test_every_new_page_has_its_minimum_after_a_bounded_number_of_lists(self):
        lacking = dict.fromkeys(range(5, 15), 20)
        ranked = pages([1 - place / 20 for place in range(1, 15)])
        for number in range(12_000):
            facts = {page_id: PageFacts(lacking=missing) for page_id, missing in lacking.items()}
            shown = after(rerankers.Exploration(0.1), ranked, 4, facts, seed=f"list {number}")[:4]
            lacking |= {page_id: max(0, lacking[page_id] - 1) for page_id in shown if page_id in lacking}
            if not any(lacking.values()):
                break
        # 10 pages x 20 impressions at one in ten lists: 2,000 lists on average.
        assert not any(lacking.values())
        assert number < 2600

    @given(st.integers(2, 8), st.integers(1, 6), st.floats(0.01, 0.5))
    def test_the_chances_are_those_of_what_is_shown(self, n, newcomers, share):
        ranked = pages([1 - place / 30 for place in range(1, n + newcomers + 1)])
        facts = {page_id: PageFacts(lacking=page_id) for page_id in range(n + 1, n + newcomers + 1)}
        situation = [Situation.of(ranked, n, facts, seed=str(number)) for number in range(60)]
        for each in situation:
            standing = rerankers.Exploration(share)(Standing.of(ranked), each)
            shown = standing.order[:n].tolist()
            assert standing.chances[shown[0]] == 1.0
            for row in shown[1:]:
                weight = facts[row + 1].lacking / sum(f.lacking for f in facts.values()) if row >= n else None
                expected = share * weight / (n - 1) if row >= n else 1 - share / (n - 1)
                assert standing.chances[row] == pytest.approx(expected)

    def test_a_page_that_no_new_one_may_replace_has_its_place_for_certain(self):
        """All topics are full: a new page on topic 1 may stand only where the one on topic 1 stood."""
        topics = {1: 2, 2: 1, 3: 3, 4: 4, 5: 1}
        facts = {page_id: PageFacts(labels={"topic": frozenset([topic])}) for page_id, topic in topics.items()}
        facts[5] = replace(facts[5], lacking=50)
        ranked = pages([0.9, 0.8, 0.7, 0.6, 0.1])
        seen = set()
        for number in range(60):
            situation = Situation.of(ranked, 4, facts, seed=str(number))
            standing = rerankers.Exploration(0.3, {"topic": 1})(Standing.of(ranked), situation)
            shown = standing.order[:4].tolist()
            seen.add(tuple(row + 1 for row in shown))
            expected = [1.0, 0.9 if shown[1] == 1 else 0.1, 1.0, 1.0]
            assert standing.chances[shown].tolist() == pytest.approx(expected)
        assert seen == {(1, 2, 3, 4), (1, 5, 3, 4)}

    def test_nothing_new_and_nothing_happens(self):
        ranked = pages([0.9, 0.8, 0.7])
        assert self.shares(rerankers.Exploration(0.5), ranked, {3: PageFacts(lacking=0)}, 2, 50) == {1: 1.0, 2: 1.0}

    @given(seeds)
    def test_a_cap_that_held_goes_on_holding(self, seed):
        facts = {i: PageFacts(labels={"topic": frozenset([i % 2])}, lacking=i // 3) for i in range(1, 7)}
        exploration = rerankers.Exploration(0.5, {"topic": 1})
        shown = after(exploration, pages([0.9, 0.8, 0.3, 0.2, 0.1, 0.05]), 2, facts, seed=seed)[:2]
        assert kept(shown, facts, {"topic": 1})


class TestRules:
    @given(rules, st.frozensets(st.integers(1, 2)), st.integers(1, 2))
    def test_one_rule_decides_for_a_page_and_nobody_overrules_an_exclusion(self, found, segments, locale):
        book = Rulebook.of(found, segments, locale, NOW)
        for page_id in range(1, 25):
            speaking = [rule for rule in book.rules if page_id in rule.pages]
            strongest = max((rule.precedence for rule in speaking), default=None)
            deciding = book.deciding(page_id)
            assert (deciding.precedence if deciding else None) == strongest
            assert (page_id in book.excluded) == bool(deciding and deciding.action == "exclude")
            assert not (page_id in book.excluded and any(book.is_pinned_by(pin, page_id) for pin in book.pins))

    @pytest.mark.parametrize(
        ("stronger", "weaker"),
        [
            (Rule("pin", frozenset([1])), Rule("exclude", frozenset([1, 2]), "topic")),
            (Rule("pin", frozenset([1, 2]), "topic"), Rule("exclude", frozenset([1, 2]), "section")),
            (Rule("pin", frozenset([1])), Rule("exclude", frozenset([1]), is_everywhere=True)),
            (Rule("pin", frozenset([1]), segment_id=7), Rule("exclude", frozenset([1]))),
            (Rule("pin", frozenset([1]), locale_id=1), Rule("exclude", frozenset([1]))),
            (Rule("exclude", frozenset([1])), Rule("pin", frozenset([1]))),
            (Rule("bury", frozenset([1])), Rule("boost", frozenset([1]))),
        ],
    )
    def test_what_is_said_more_closely_decides_and_among_equals_the_more_cautious(self, stronger, weaker):
        for rules in ((stronger, weaker), (weaker, stronger)):
            assert Rulebook.of(rules, {7}, 1, NOW).deciding(1) == stronger

    @pytest.mark.parametrize(
        ("hours", "holds"),
        [((None, None), True), ((-1, 1), True), ((1, 2), False), ((-2, -1), False), ((-1, 0), False)],
    )
    def test_a_rule_holds_from_its_beginning_until_before_its_end(self, hours, holds):
        starts, ends = (None if hour is None else NOW + timedelta(hours=hour) for hour in hours)
        assert bool(Rulebook.of([Rule("pin", frozenset([1]), starts=starts, ends=ends)], set(), 1, NOW).pins) is holds

    def test_a_pinned_topic_takes_one_place_with_its_best_page(self):
        rules = Rulebook((Rule("pin", frozenset([3, 4]), "topic"), Rule("pin", frozenset([5]))))
        assert after(rerankers.PinsFirst(rules), pages([0.9, 0.8, 0.5, 0.7, 0.1])) == [4, 5, 1, 2, 3]

    def test_boost_and_bury_multiply_the_odds_of_the_one_rule_that_decides(self):
        rules = Rulebook(
            (Rule("boost", frozenset([3]), strength=9.0), Rule("bury", frozenset([1, 3]), "topic", strength=9.0))
        )
        assert after(rerankers.Emphasis(rules), pages([0.6, 0.55, 0.4])) == [3, 2, 1]


class TestChain:
    @given(candidates, facts_of_pages, vectors(), configs, rules, seeds, st.randoms())
    def test_the_same_pages_make_the_same_list_in_whatever_order_they_come(
        self, found, facts, vectors, config, rules, seed, random
    ):
        book = Rulebook.of(rules, {1}, 1, NOW)
        shuffled = list(found)
        random.shuffle(shuffled)
        lists = [
            arrange(Prepared(blend(order, WEIGHTS), 5, 12, book, facts=facts, vectors=vectors, seed=seed), config)
            for order in (found, shuffled)
        ]
        assert lists[0] == lists[1]

    @given(candidates, facts_of_pages, vectors(), configs, rules, seeds)
    def test_nothing_is_added_lost_or_doubled_and_pins_come_first(self, found, facts, vectors, config, rules, seed):
        book = Rulebook.of(rules, {1}, 1, NOW)
        ranked = [page for page in blend(found, WEIGHTS) if page.page_id not in book.excluded]
        arranged = arrange(Prepared(ranked, 5, 99, book, facts=facts, vectors=vectors, seed=seed), config)
        assert sorted(ids(arranged.pages)) == sorted(ids(ranked))
        available = set(ids(ranked))
        pins = [rule for rule in book.pins if any(book.is_pinned_by(rule, page_id) for page_id in available)]
        # A page that is pinned twice takes the place of its first pin, and no second one.
        pinned = [
            rule
            for place, rule in enumerate(pins)
            if rule.target != "page" or rule.pages not in [one.pages for one in pins[:place] if one.target == "page"]
        ]
        for rule, page in zip(pinned, arranged.pages, strict=False):
            if all(other.target == "page" or other is rule for other in pinned):
                assert page.page_id in rule.pages
        assert all(0 < chance <= 1 for chance in arranged.chances.values())

    @given(candidates, st.floats(0, 9), vectors(), configs)
    def test_a_source_that_says_the_same_of_every_page_changes_nothing(self, found, score, vectors, config):
        useless = [Candidate(page_id, score, "useless") for page_id in {c.page_id for c in found}]
        lists = [
            ids(arrange(Prepared(blend(each, {**WEIGHTS, "useless": 5.0}), 5, 12, vectors=vectors), config).pages)
            for each in (found, [*found, *useless])
        ]
        assert lists[0] == lists[1]

    def test_what_was_proposed_for_a_pin_alone_is_not_shown_without_it(self):
        rules = Rulebook((Rule("pin", frozenset([8, 9]), "topic"),))
        pins = [ScoredPage(page_id, 0.0, {"pins": 1.0}, {}, IS_PROPOSED) for page_id in (8, 9)]
        config = PlacementConfig("x", "", 4, "blend", diversity=0.0)
        assert ids(arrange(Prepared(pages([0.9, 0.6]), 4, 4, rules, pins), config).pages) == [8, 1, 2]

    def test_each_step_is_told_with_places_and_factors(self):
        rules = Rulebook((Rule("bury", frozenset([1]), strength=9.0), Rule("pin", frozenset([4]))))
        config = PlacementConfig("x", "", 2, "blend", freshness_days=30.0, diversity=0.0)
        facts = {page_id: PageFacts(age_days=0.0) for page_id in (1, 2, 3, 4)} | {2: PageFacts(age_days=30.0)}
        steps = arrange(
            Prepared(pages([0.9, 0.6, 0.5, 0.4]), 2, 2, rules, facts=facts), config, is_explained=True
        ).steps
        assert [step.name for step in steps] == ["ranking", "freshness", "emphasis", "pins"]
        assert steps[1].factors == {2: pytest.approx(0.5)}
        assert steps[2].factors == {1: pytest.approx(1 / 9)}
        assert [step.places[4] for step in steps] == [4, 4, 4, 1]

    def test_a_sites_own_reranker_runs_where_it_registers(self, monkeypatch):
        import personalization.recommendation.rerankers.chain as chain

        monkeypatch.setattr(chain, "_factories", dict(chain._factories))

        @rerankers.register("upside-down", before="pins")
        def upside_down(config, rules):
            return UpsideDown()

        config = PlacementConfig("x", "", 2, "blend", diversity=0.0)
        assert ids(arrange(Prepared(pages([0.9, 0.6, 0.5]), 3), config).pages) == [3, 2, 1]
        with pytest.raises(KeyError, match="nowhere"):
            rerankers.register("another", before="nowhere")(upside_down)


class UpsideDown:
    name = "upside-down"

    def __call__(self, standing, situation):
        return standing.in_order(standing.order[::-1].tolist())
