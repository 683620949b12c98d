"""Shares as people read them, for admin templates."""

from __future__ import annotations

from django import template
from django.utils.formats import number_format

from personalization.columns import share_in_words

register = template.Library()
register.filter("percentage", share_in_words)


@register.filter
def hundredths(share: float) -> int:
    """A share in [0, 1] as a whole percentage, for a bar."""
    return round(100 * share)


@register.filter
def signed(number: float) -> str:
    """With its sign and three decimals."""
    return ("+" if number >= 0 else "\u2212") + number_format(abs(number), 3)
