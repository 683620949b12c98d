"""Visitors who consented: their cookie, their events, their profile, and the request they come with."""

from .lazy import Affinity, affinity_of

__all__ = ["Affinity", "affinity_of"]
