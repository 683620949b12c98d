"""The page editor's form as a browser sends it."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client
from django.urls import reverse

NAMES = ("title", "slug", "intro", "author", "date", "seo_title")


def edit_form_fields(client: Client, page: Any) -> dict[str, Any]:
    """The form of a saved article, unchanged but for its body, which says "Text."."""
    form = client.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).context["form"]
    page.refresh_from_db()
    return {
        **new_form_fields("Text."),
        **{name: form[name].value() or "" for name in NAMES},
        "loaded_revision_id": page.latest_revision_id,
        "loaded_revision_created_at": page.latest_revision.created_at.isoformat(),
    }


def new_form_fields(*paragraphs: str, **fields: Any) -> dict[str, Any]:
    """The form of an article that was never saved, with these paragraphs."""
    comments = {f"comments-{key}": "0" for key in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS")}
    return {
        **dict.fromkeys((*NAMES, "search_description", "lead_image", "tags", "comment_notifications"), ""),
        **stream("body", *paragraphs),
        **comments,
        "comments-MAX_NUM_FORMS": "",
        **fields,
    }


def stream(name: str, *paragraphs: str) -> dict[str, str]:
    """A stream of paragraphs."""
    fields = {f"{name}-count": str(len(paragraphs))}
    for number, text in enumerate(paragraphs):
        prefix = f"{name}-{number}"
        block = {"key": "a", "text": text, "type": "unstyled"}
        fields |= {
            f"{prefix}-deleted": "",
            f"{prefix}-order": str(number),
            f"{prefix}-type": "paragraph",
            f"{prefix}-id": "",
            f"{prefix}-value": json.dumps({"blocks": [block], "entityMap": {}}),
        }
    return fields
