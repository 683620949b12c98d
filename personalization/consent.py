"""The one gate: may anything be remembered about this browser? Pure decisions over what a request says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal, get_args

from personalization.types import Purpose

PURPOSES: Final[frozenset[Purpose]] = frozenset(get_args(Purpose))
"""All that can be granted. What is necessary needs no consent, for nothing is stored for it."""

Decision = Literal["granted", "denied", "unknown"]
Refusal = Literal["gpc", "dnt", "platform"]


def refusal_by_browser(headers: Mapping[str, str]) -> Refusal | None:
    """The signal by which the browser itself says no: Global Privacy Control or Do Not Track.

    `headers` looks names up as a browser spells them ("DNT", "Sec-GPC").
    """
    if headers.get("Sec-GPC", "").strip() == "1":
        return "gpc"
    if headers.get("DNT", "").strip() == "1":
        return "dnt"
    return None


def decide(refusal: Refusal | None, purposes: Collection[Purpose]) -> Decision:
    """The browser's no beats an earlier yes; without either, nobody has decided.

    `purposes` are those granted by the visitor whom a valid cookie names. A visitor's own no leaves
    nothing behind to recognise it by, so that on the server it reads as "unknown".
    """
    if refusal:
        return "denied"
    return "granted" if purposes else "unknown"


def is_speculative(headers: Mapping[str, str]) -> bool:
    """Whether the browser fetches ahead of its reader, who may never look at the answer."""
    purpose = " ".join(headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz")).lower()
    return "prefetch" in purpose or "prerender" in purpose or "preview" in purpose
