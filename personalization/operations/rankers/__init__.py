"""The learned ranker: fitted at night to what was served and clicked, live only where it is better.

Only `work_off` and what it calls needs scikit-learn or LightGBM; both are imported where they are used.
"""

from .live import forget_live, live_version
from .log_actions import in_words, register_log_actions
from .requests import ask, work_off
from .versions import put_live, ranked_before, release

__all__ = [
    "ask",
    "forget_live",
    "in_words",
    "live_version",
    "put_live",
    "ranked_before",
    "register_log_actions",
    "release",
    "work_off",
]
