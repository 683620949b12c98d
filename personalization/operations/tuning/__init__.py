"""Other settings of a placement: estimated from its log, searched in it, proposed to editors, and kept as versions.

Only searching and estimating need scikit-learn and Optuna; both are imported where they are used.
"""

from .log_actions import register_log_actions
from .versions import approve, decline, held_by, in_force, open_proposals, propose, setting_of, undo

__all__ = [
    "approve",
    "decline",
    "held_by",
    "in_force",
    "open_proposals",
    "propose",
    "register_log_actions",
    "setting_of",
    "undo",
]
