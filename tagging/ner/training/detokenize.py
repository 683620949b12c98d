"""From tokens back to text as people write it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TO_THE_LEFT = re.compile(r"[.,;:!?%)\]}…”’]+$|['’´](?:s|S|m|M|d|D|ll|LL|re|RE|ve|VE)$|n['’]t$|N['’]T$|''$")
_TO_THE_RIGHT = re.compile(r"[(\[{$£€#@“‘]+$|``$")
_QUOTES = ('"', "'")
_JOINERS = ("/", "-")


def detokenize(tokens: Sequence[str]) -> tuple[str, list[int]]:
    """The text, and where in it each token starts."""
    text, offsets = "", []
    glued = True
    is_open = dict.fromkeys(_QUOTES, False)
    for token in tokens:
        closes = is_open.get(token, False)
        if not glued and not closes and not _TO_THE_LEFT.match(token) and token not in _JOINERS:
            text += " "
        offsets.append(len(text))
        text += token
        if token in is_open:
            is_open[token] = not closes
        glued = bool(_TO_THE_RIGHT.match(token)) or is_open.get(token, False) or token in _JOINERS
    return text, offsets
