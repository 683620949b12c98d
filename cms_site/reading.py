"""How long a text takes to read."""

import math
import re

WORDS_PER_MINUTE = 230


def minutes(*texts: str) -> int:
    """Minutes to read `texts` at an adult's usual pace, at least 1. Markup is not counted."""
    words = sum(len(re.findall(r"\w+", re.sub(r"<[^>]+>", " ", text))) for text in texts)
    return max(1, math.ceil(words / WORDS_PER_MINUTE))
