"""The one gate: may anything be remembered about this browser? Pure decisions over what a request says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Decision = Literal["granted", "denied", "unknown"]
Refusal = Literal["gpc", "dnt"]


def refusal_by_browser(headers: Mapping[str, str]) -> Refusal | None:
    """The signal by which the browser itself says no: Global Privacy Control or Do Not Track.

    `headers` looks names up as a browser spells them ("DNT", "Sec-GPC").
    """
    if headers.get("Sec-GPC", "").strip() == "1":
        return "gpc"
    if headers.get("DNT", "").strip() == "1":
        return "dnt"
    return None


def decide(refusal: Refusal | None, is_known: bool) -> Decision:
    """The browser's no beats an earlier yes; without either, nobody has decided.

    `is_known` says whether a valid cookie names a visitor who still exists. A visitor's own no leaves
    nothing behind to recognise it by, so that on the server it reads as "unknown".
    """
    if refusal:
        return "denied"
    return "granted" if is_known else "unknown"


def is_speculative(headers: Mapping[str, str]) -> bool:
    """Whether the browser fetches ahead of its reader, who may never look at the answer."""
    purpose = " ".join(headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz")).lower()
    return "prefetch" in purpose or "prerender" in purpose or "preview" in purpose
