"""Which enabled segments match, by rules compiled once and kept in this process for a moment."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from personalization.conf import settings
from personalization.exceptions import InvalidRules
from personalization.segmentation import Matcher, compile_rules
from personalization.types import ProfileState, RequestContext

from .references import load_references

logger = logging.getLogger(__name__)

_compiled: tuple[float, Mapping[int, Matcher]] | None = None


def matching(profile: ProfileState | None, context: RequestContext) -> frozenset[int]:
    """Ids of the enabled segments that match. No query, but for at most three each CONFIG_CACHE_SECONDS a process."""
    return frozenset(pk for pk, matches in _matchers().items() if matches(profile, context))


def forget_compiled() -> None:
    """Compile anew at the next request: a segment changed. Other processes notice when their copy expires."""
    global _compiled
    _compiled = None


def _matchers() -> Mapping[int, Matcher]:
    global _compiled
    now = time.monotonic()
    if _compiled is None or now >= _compiled[0]:
        _compiled = (now + settings.CONFIG_CACHE_SECONDS, _compile_all())
    return _compiled[1]


def _compile_all() -> dict[int, Matcher]:
    references = load_references()
    matchers = {}
    for pk, segment in references.segments.items():
        if not segment.is_enabled:
            continue
        try:
            matchers[pk] = compile_rules(segment.rules, references, pk)
        except InvalidRules as error:
            logger.warning("Segment %s matches nobody until its rules are corrected: %s", pk, error)
    return matchers
