"""Estimates as editors read them: in words, and never so exact that a few visitors can be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from personalization.conf import settings
from personalization.privacy import suppressed
from personalization.visitors.estimates import Estimate

SHARED_SHOWN = 5
"""So many other segments are named, those that share most."""


@dataclass(frozen=True, slots=True)
class EstimateInWords:
    """`count` is a sentence, `percent` the length of a bar or None where the number is held back, `shared` one
    clause for each other segment."""

    count: str
    percent: int | None
    shared: tuple[str, ...]


def in_words(found: Estimate, names: Mapping[int, str]) -> EstimateInWords:
    """An estimate of rules that profiles can answer. `names` are those of the segments in `found.shared`."""
    k: int = settings.K_ANONYMITY
    matching = found.matching or 0
    is_hidden = suppressed(found.known, k) or suppressed(matching, k) or suppressed(found.known - matching, k)
    shared = sorted(((n, names[pk]) for pk, n in found.shared.items() if n), key=lambda pair: (-pair[0], pair[1]))
    return EstimateInWords(
        count=_counted(found, k),
        percent=None if is_hidden else found.percent,
        shared=tuple(_also_in(n, name, matching, k) for n, name in shared[:SHARED_SHOWN]) if matching >= k else (),
    )


def visitors_in_words(found: Estimate | None) -> str:
    """An estimate for a table's cell."""
    if found is None:
        return "–"
    if found.matching is None:
        return _("depends on the visit")
    if not found.known:
        return _("none yet")
    k: int = settings.K_ANONYMITY
    if suppressed(found.known, k):
        return _("fewer than %(k)s") % {"k": k}
    words = {"n": _held_back(found.matching, found.known, k), "known": _number(found.known)}
    return (_("%(n)s of all %(known)s") if found.is_of_all else _("%(n)s of %(known)s")) % words


def _counted(found: Estimate, k: int) -> str:
    matching = found.matching or 0
    if suppressed(found.known, k):
        return _too_few(found) % {"k": k}
    is_hidden = suppressed(matching, k) or suppressed(found.known - matching, k)
    text = _among_all(found.known, is_hidden) if found.is_of_all else _among_recent(found.known, is_hidden)
    return text % {"n": _held_back(matching, found.known, k), "known": _number(found.known), "percent": found.percent}


def _too_few(found: Estimate) -> str:
    if found.is_of_all:
        return _("Would match fewer than %(k)s visitors: no more are known.")
    return _("Would match fewer than %(k)s visitors: no more have read anything in the last 30 days.")


def _among_recent(known: int, is_hidden: bool) -> str:
    if is_hidden:
        return ngettext(
            "Would match %(n)s of %(known)s visitor of the last 30 days.",
            "Would match %(n)s of %(known)s visitors of the last 30 days.",
            known,
        )
    return ngettext(
        "Would match %(n)s of %(known)s visitor of the last 30 days, %(percent)s %%.",
        "Would match %(n)s of %(known)s visitors of the last 30 days, %(percent)s %%.",
        known,
    )


def _among_all(known: int, is_hidden: bool) -> str:
    if is_hidden:
        return ngettext(
            "Would match %(n)s of %(known)s visitor known.",
            "Would match %(n)s of %(known)s visitors known.",
            known,
        )
    return ngettext(
        "Would match %(n)s of %(known)s visitor known, %(percent)s %%.",
        "Would match %(n)s of %(known)s visitors known, %(percent)s %%.",
        known,
    )


def _also_in(n: int, name: str, matching: int, k: int) -> str:
    words = {"n": _number(n), "k": k, "name": name}
    if n == matching:
        return _("all are also in “%(name)s”") % words
    if suppressed(n, k):
        return _("fewer than %(k)s are also in “%(name)s”") % words
    if suppressed(matching - n, k):
        return _("all but fewer than %(k)s are also in “%(name)s”") % words
    return ngettext("%(n)s is also in “%(name)s”", "%(n)s are also in “%(name)s”", n) % words


def _held_back(n: int, among: int, k: int) -> str:
    """The number, where neither it nor the rest is a group too small to be shown."""
    if suppressed(n, k):
        return _("fewer than %(k)s") % {"k": k}
    if suppressed(among - n, k):
        return _("all but fewer than %(k)s") % {"k": k}
    return _number(n)


def _number(n: int) -> str:
    return number_format(n, use_l10n=True, force_grouping=True)
