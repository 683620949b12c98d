"""A number between two bounds that is set with a slider."""

from __future__ import annotations

from typing import Any

from django import forms


class SliderInput(forms.NumberInput):
    """A range input with its value beside it. By keyboard: the arrow keys, Page up and down, Home and End."""

    input_type = "range"
    template_name = "personalization/admin/slider.html"

    def __init__(self, most: float = 1.0, step: float = 0.01, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"min": 0, "max": most, "step": step, **(attrs or {})})
