"""Applies the versions in use to every profile."""

from __future__ import annotations

from django.db import transaction

from personalization.models import Profile
from personalization.operations.fitting import Tell
from personalization.visitors.folding import group
from personalization.visitors.learned import forget_models
from personalization.visitors.segments import forget_compiled

AT_ONCE = 200


def score_everybody(tell: Tell = lambda percent: None) -> int:
    """Write anew which clusters and segments each visitor is of; how many visitors. Safe beside folding."""
    forget_models()
    forget_compiled()
    visitors = list(Profile.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(visitors), AT_ONCE):
        with transaction.atomic():
            rows = list(Profile.objects.select_for_update().filter(pk__in=visitors[start : start + AT_ONCE]))
            for row in rows:
                group(row)
            Profile.objects.bulk_update(rows, ["clusters", "segments"])
        tell(100 * min(start + AT_ONCE, len(visitors)) // len(visitors))
    return len(visitors)
