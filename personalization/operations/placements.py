"""Placements and their rules, as the recommender needs them, kept for a few seconds in the process."""

from __future__ import annotations

import time
from typing import Literal, cast

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _
from wagtail.models import get_page_models

from personalization.conf import settings
from personalization.exceptions import UnknownPlacement
from personalization.models import Placement
from personalization.recommendation.placement import PageRule, PlacementConfig

_kept: dict[str, tuple[float, PlacementConfig]] = {}
"""Name to (monotonic time at which it goes, what was read). Only placements that exist, so it cannot grow."""


def load_placement(name: str) -> PlacementConfig:
    """The placement called `name`, at most `CONFIG_CACHE_SECONDS` old. Raises `UnknownPlacement`."""
    until, config = _kept.get(name, (0.0, None))
    if config is None or until < time.monotonic():
        config = _read(name)
        _kept[name] = (time.monotonic() + settings.CONFIG_CACHE_SECONDS, config)
    return config


def is_placement(name: str) -> bool:
    """Whether a placement has that name, or had it `CONFIG_CACHE_SECONDS` ago."""
    try:
        load_placement(name)
    except UnknownPlacement:
        return False
    return True


def forget_placements() -> None:
    """Read placements anew from now on, in this process. Called when an editor saved one."""
    _kept.clear()


def recommendable_types() -> frozenset[int]:
    """Content type ids of every page type that may be recommended at all."""
    if labels := settings.RECOMMENDABLE_TYPES:
        models = [apps.get_model(label) for label in labels]
    else:
        models = [model for model in get_page_models() if model._meta.label_lower != "wagtailcore.page"]
    found = ContentType.objects.get_for_models(*models)
    return frozenset(content_type.pk for content_type in found.values())


def _read(name: str) -> PlacementConfig:
    placement = Placement.objects.filter(name=name).first()
    if placement is None:
        raise UnknownPlacement(_("No placement is called “%(name)s”.") % {"name": name})
    rules = placement.page_rules.values_list("action", "page_id", "segment_id")
    return PlacementConfig(
        name=placement.name,
        title=placement.title,
        n=placement.n,
        strategy=placement.strategy,
        types=frozenset(placement.page_types.values_list("pk", flat=True)),
        minimum_score=placement.minimum_score,
        exclude_read=placement.exclude_read,
        diversity=placement.diversity,
        rules=tuple(
            PageRule(cast(Literal["pin", "exclude"], action), page_id, segment_id)
            for action, page_id, segment_id in rules
        ),
    )
