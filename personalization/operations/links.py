"""The links that editors have made between pages: in rich text, and by choosing pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import swapper
from django.contrib.contenttypes.models import ContentType
from wagtail.models import ReferenceIndex

NOT_A_LINK = frozenset({"alias_of"})


def page_links(page_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Page id → ids of the other ones that it links to, by Wagtail's reference index. Pages without are absent."""
    base = ContentType.objects.get_for_model(swapper.load_model("wagtailcore", "Page"))
    rows = ReferenceIndex.objects.filter(base_content_type=base, to_content_type=base)
    known, found = frozenset(page_ids), defaultdict(set)
    for source, target, path in rows.values_list("object_id", "to_object_id", "model_path"):
        if path not in NOT_A_LINK and int(source) in known and int(target) in known and source != target:
            found[int(source)].add(int(target))
    return {source: frozenset(targets) for source, targets in found.items()}
