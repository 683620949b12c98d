"""StreamField blocks for a site's pages."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from personalization.models import Placement


def placement_choices() -> list[tuple[str, str]]:
    """Every placement by name, read when a form is shown."""
    rows = Placement.objects.order_by("name").values_list("name", "title")
    return [(name, f"{title} ({name})" if title else name) for name, title in rows]


class RecommendedBlock(blocks.StructBlock):
    """Recommendations in the middle of a page: the same as `{% recommended %}`."""

    heading = blocks.CharBlock(
        label=_("Heading"), required=False, max_length=120, help_text=_("Empty: the placement's own heading.")
    )
    placement = blocks.ChoiceBlock(label=_("Placement"), choices=placement_choices)
    n = blocks.IntegerBlock(
        label=_("Number of items"),
        required=False,
        min_value=1,
        max_value=24,
        help_text=_("Empty: the placement's own number."),
    )

    class Meta:
        icon = "pick"
        label = _("Recommendations")
        template = "personalization/blocks/recommended.html"

    def get_searchable_content(self, value: Any) -> list[str]:
        """Nothing: what is recommended here is not what the page says."""
        return []
