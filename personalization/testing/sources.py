"""The contract of a candidate source, as tests. Subclass it in a test module, and say what `source` is."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from django.db import connection
from django.test.utils import CaptureQueriesContext

from personalization.sources import CandidateSource, SourceRequest, registered


class CandidateSourceContract:
    """What every source promises.

    Give two fixtures: `source`, the source, and `request_`, a `SourceRequest` to which it has at least three
    candidates and whose placement and visitor it knows. Needs pytest-django.
    """

    is_editorial = False
    """Whether an editor's word stands behind candidates, so that `types` and `exclude` don't bind them."""

    def test_it_is_registered_under_its_name(self, source: CandidateSource) -> None:
        assert type(registered()[source.name]) is type(source)

    def test_candidates_are_its_own_best_first_and_each_once(
        self, source: CandidateSource, request_: SourceRequest
    ) -> None:
        found = source.candidates(request_)
        scores = [candidate.score for candidate in found]
        assert len(found) >= 3
        assert {candidate.source for candidate in found} == {source.name}
        assert scores == sorted(scores, reverse=True)
        assert len({candidate.page_id for candidate in found}) == len(found)

    def test_scores_are_finite_and_not_negative(self, source: CandidateSource, request_: SourceRequest) -> None:
        scores = [candidate.score for candidate in source.candidates(request_)]
        assert all(math.isfinite(score) and score >= 0.0 for score in scores)
        assert not source.is_fit or all(score <= 1.0 for score in scores)

    def test_evidence_is_json(self, source: CandidateSource, request_: SourceRequest) -> None:
        for candidate in source.candidates(request_):
            assert json.loads(json.dumps(dict(candidate.evidence))) == dict(candidate.evidence)

    def test_signals_are_finite_and_not_negative_and_the_same_for_every_candidate(
        self, source: CandidateSource, request_: SourceRequest
    ) -> None:
        found = source.candidates(request_)
        assert all(math.isfinite(number) and number >= 0.0 for one in found for number in one.signals.values())
        assert len({tuple(sorted(candidate.signals)) for candidate in found}) == 1

    def test_the_limit_holds(self, source: CandidateSource, request_: SourceRequest) -> None:
        everything = source.candidates(request_)
        assert source.candidates(replace(request_, limit=2)) == everything[:2]

    def test_the_same_question_has_the_same_answer(self, source: CandidateSource, request_: SourceRequest) -> None:
        assert source.candidates(request_) == source.candidates(request_)

    def test_excluded_pages_and_other_types_stay_out(self, source: CandidateSource, request_: SourceRequest) -> None:
        if self.is_editorial:
            return
        first = source.candidates(request_)[0].page_id
        rest = source.candidates(replace(request_, exclude=request_.exclude | {first}))
        assert rest
        assert first not in {candidate.page_id for candidate in rest}
        assert source.candidates(replace(request_, types=frozenset({0}))) == []

    def test_queries_do_not_grow_with_the_limit(self, source: CandidateSource, request_: SourceRequest) -> None:
        source.candidates(request_)
        counts = []
        for limit in (1, request_.limit):
            with CaptureQueriesContext(connection) as queries:
                source.candidates(replace(request_, limit=limit))
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_where_nothing_is_known_it_says_nothing_or_something_but_never_fails(
        self, source: CandidateSource, request_: SourceRequest
    ) -> None:
        stranger = replace(request_.query, page_id=None, profile=None, site_id=0, locale_id=0, segments=frozenset())
        assert isinstance(source.candidates(replace(request_, query=stranger)), list)
        gone = replace(request_.query, page_id=2**31 - 1)
        assert isinstance(source.candidates(replace(request_, query=gone)), list)
