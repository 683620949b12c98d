"""Lead images drawn by code: flat compositions, one family a topic, each from its own seed."""

from .motifs import ALT_TEXTS, draw

__all__ = ["ALT_TEXTS", "draw"]
