"""Learning segments: what editors ask for, and what a worker then does.

Only `work_off` and what it calls needs scikit-learn; it is imported where it is used.
"""

from .log_actions import register_log_actions
from .requests import ask, ask_nightly, work_off
from .scoring import score_everybody
from .versions import rename, use_version

__all__ = ["ask", "ask_nightly", "register_log_actions", "rename", "score_everybody", "use_version", "work_off"]
