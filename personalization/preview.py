"""Preview a page as a segment's readers see it."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from personalization.models import Segment
from personalization.visitors import affinity_of

PREFIX = "segment-"
MODE = re.compile(rf"{PREFIX}([0-9]{{1,18}})")


class SegmentPreviewMixin:
    """For page models: adds a preview mode for each enabled segment.

        class ArticlePage(SegmentPreviewMixin, Page): ...

    A preview in such a mode is served as to the segment's typical reader; nothing is stored.
    """

    @property
    def preview_modes(self) -> list[tuple[str, str]]:
        modes: list[tuple[str, str]] = list(super().preview_modes)  # type: ignore[misc]
        segments = Segment.objects.filter(is_enabled=True).values_list("pk", "name")
        return [*modes, *((f"{PREFIX}{pk}", _("As segment: %(name)s") % {"name": name}) for pk, name in segments)]

    def serve_preview(self, request: HttpRequest, mode_name: str) -> Any:
        if mode := MODE.fullmatch(mode_name):
            affinity_of(request).forced_segments = frozenset([int(mode[1])])
        return super().serve_preview(request, mode_name)  # type: ignore[misc]
