"""Shares as people read them, for admin templates."""

from __future__ import annotations

from django import template

from personalization.columns import share_in_words

register = template.Library()
register.filter("percentage", share_in_words)


@register.filter
def hundredths(share: float) -> int:
    """A share in [0, 1] as a whole percentage, for a bar."""
    return round(100 * share)
