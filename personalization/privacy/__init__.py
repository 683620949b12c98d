"""What may be told of groups of visitors: none smaller than k, and in exports only with noise. Pure."""

from .disclosure import Cell, showable, suppressed
from .noise import is_available, noisy

__all__ = ["Cell", "is_available", "noisy", "showable", "suppressed"]
