"""Which enabled segments match, by rules compiled once and kept in this process for a moment."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from personalization.conf import settings
from personalization.exceptions import InvalidRules
from personalization.segmentation import Matcher, compile_tree, parse_rules, rules_in
from personalization.types import ProfileState, RequestContext

from .references import load_references

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Compiled:
    """The enabled segments' rules, and the query parameters that they ask for."""

    matchers: Mapping[int, Matcher]
    parameters: frozenset[str]


_kept: tuple[float, Compiled] | None = None


def matching(profile: ProfileState | None, context: RequestContext) -> frozenset[int]:
    """Ids of the enabled segments that match. No query, but for at most three each CONFIG_CACHE_SECONDS a process."""
    return frozenset(pk for pk, matches in _compiled().matchers.items() if matches(profile, context))


def asked_parameters() -> frozenset[str]:
    """The query parameters that rules look at, in lower case: a page hands on these and no others."""
    return _compiled().parameters


def forget_compiled() -> None:
    """Compile anew at the next request: a segment changed. Other processes notice when their copy expires."""
    global _kept
    _kept = None


def _compiled() -> Compiled:
    global _kept
    now = time.monotonic()
    if _kept is None or now >= _kept[0]:
        _kept = (now + settings.CONFIG_CACHE_SECONDS, _compile_all())
    return _kept[1]


def _compile_all() -> Compiled:
    references = load_references()
    trees = {}
    for pk, segment in references.segments.items():
        if not segment.is_enabled:
            continue
        try:
            trees[pk] = parse_rules(segment.rules, references, pk)
        except InvalidRules as error:
            logger.warning("Segment %s matches nobody until its rules are corrected: %s", pk, error)
    asked = {
        rule.values["parameter"] for tree in trees.values() for rule in rules_in(tree) if rule.type.code == "query"
    }
    return Compiled({pk: compile_tree(tree) for pk, tree in trees.items()}, frozenset(asked))
