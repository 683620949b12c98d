"""Measure each night how much of what was recommended is of each author, section, language and age."""

from __future__ import annotations

import logging
from collections.abc import Collection, Hashable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import swapper
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from wagtail.models import Locale, Site

from personalization.conf import settings
from personalization.evaluation.fairness import KINDS, Exposure, Kind, age_group, exposures
from personalization.models import Event, EventCount, ExposureGroup
from personalization.visibility import visible_pages
from personalization.visitors.sections import sections_of

from .authors import authors_of
from .placements import recommendable_types

logger = logging.getLogger(__name__)

DAYS: Final = 28
"""Of impressions; they are compared with those of as many days before."""

BATCH: Final = 500
Labels = dict[int, Collection[Hashable]]


def measure() -> int:
    """Write the table anew, and log each alert as a warning. How many groups there are."""
    now = timezone.now()
    start = now - timedelta(days=DAYS)
    shown, before = _shown(start, now), _shown(start - timedelta(days=DAYS), start)
    labels = _labels(now)
    factor = float(settings.EXPOSURE_ALERT_FACTOR)
    found = [one for kind in KINDS for one in exposures(kind, labels[kind], shown, before, factor)]
    names = _names(found)
    rows = [_row(one, names, now) for one in found]
    with transaction.atomic():
        ExposureGroup.objects.all().delete()
        ExposureGroup.objects.bulk_create(rows)
    for row in rows:
        if row.alert:
            logger.warning("Exposure of %s %s: %s.", row.kind, row.name, row.alert)
    return len(rows)


def _shown(start: datetime, end: datetime) -> dict[int, int]:
    """Page id → how often readers saw it recommended, wherever."""
    rows = EventCount.objects.filter(kind=Event.Kind.IMPRESSION, hour__gte=start, hour__lt=end).exclude(placement="")
    return dict(rows.values_list("page_id").annotate(Sum("n")))


def _labels(now: datetime) -> dict[Kind, Labels]:
    """Of every page that may be recommended on any site: what it belongs to."""
    labels: dict[Kind, Labels] = {kind: {} for kind in KINDS}
    catalogue = _catalogue()
    for start in range(0, len(catalogue), BATCH):
        chunk = catalogue[start : start + BATCH]
        ids = [page_id for page_id, _locale, _published in chunk]
        authors, sections = authors_of(ids), sections_of(ids)
        for page_id, locale, published in chunk:
            labels["author"][page_id] = authors.get(page_id, frozenset())
            labels["section"][page_id] = sections.get(page_id, ())[:1]
            labels["language"][page_id] = [locale]
            labels["age"][page_id] = [age_group((now - published).total_seconds() / 86400)] if published else []
    return labels


def _catalogue() -> list[tuple[int, int, datetime | None]]:
    found: dict[int, tuple[int, int, datetime | None]] = {}
    types = recommendable_types()
    for site in Site.objects.all():
        pages = visible_pages(site.pk).filter(content_type__in=types)
        for row in pages.values_list("pk", "locale_id", "first_published_at"):
            found[row[0]] = row
    return list(found.values())


def _row(one: Exposure, names: Mapping[Kind, Mapping[Any, str]], now: datetime) -> ExposureGroup:
    return ExposureGroup(
        kind=one.kind,
        name=names[one.kind].get(one.key, str(one.key))[:255],
        pages=one.pages,
        of_pages=one.of_pages,
        of_impressions=one.of_impressions,
        before=one.before,
        alert=one.alert,
        measured_at=now,
    )


def _names(found: Collection[Exposure]) -> dict[Kind, dict[Any, str]]:
    """What people call the groups. An age keeps its number: its name depends on who reads it."""
    keys = {kind: [one.key for one in found if one.kind == kind] for kind in KINDS}
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=keys["section"])
    return {
        "author": _author_names(keys["author"]),
        "section": dict(pages.values_list("pk", "title")),
        "language": {locale.pk: locale.get_display_name() for locale in Locale.objects.all()},
        "age": {},
    }


def _author_names(keys: Collection[Any]) -> dict[Any, str]:
    """Of users by their ids, of rows of other models by (model, id); what is a name already is not in it."""
    users = get_user_model().objects.filter(pk__in=[key for key in keys if isinstance(key, int)])
    names: dict[Any, str] = {user.pk: user.get_full_name() or user.get_username() for user in users}
    for key in keys:
        if isinstance(key, tuple) and (row := apps.get_model(key[0])._default_manager.filter(pk=key[1]).first()):
            names[key] = str(row)
    return names
