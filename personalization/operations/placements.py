"""Placements and their rules, as the recommender needs them, kept for a few seconds in the process."""

from __future__ import annotations

import time
from typing import cast

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _
from wagtail.models import get_page_models

from personalization.conf import settings
from personalization.exceptions import UnknownPlacement
from personalization.models import Placement, PlacementTuning
from personalization.recommendation.placement import PlacementConfig, Tuned, WhenRead

from .rules import rules_of

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


def config_of(placement: Placement) -> PlacementConfig:
    """A placement as the recommender needs it, saved or as it stands in a form."""
    return PlacementConfig(
        name=placement.name,
        title=placement.title,
        n=placement.n,
        strategy=placement.strategy,
        types=frozenset(content_type.pk for content_type in placement.page_types.all()),
        minimum_score=placement.minimum_score,
        when_read=cast(WhenRead, placement.when_read),
        diversity=placement.diversity,
        max_per_topic=placement.max_per_topic,
        max_per_author=placement.max_per_author,
        max_per_section=placement.max_per_section,
        freshness_days=placement.freshness_days,
        popularity_debias=placement.popularity_debias,
        patience=placement.patience,
        exploration=placement.exploration,
        rules=rules_of(placement),
        weights=tuple(sorted(placement.weights.items())),
        tuned=tuned_of(placement),
    )


def tuned_of(placement: Placement) -> tuple[Tuned, ...]:
    """What is approved for segments, the newest approval first: it wins where a reader is in two of them."""
    if placement.pk is None:
        return ()
    approved = PlacementTuning.objects.filter(
        placement=placement, segment__isnull=False, state=PlacementTuning.State.APPROVED
    )
    rows = approved.order_by("-decided_at", "-number").values_list("segment_id", "proposed")
    return tuple(
        Tuned(segment_id, setting["diversity"], setting["exploration"], tuple(sorted(setting["weights"].items())))
        for segment_id, setting in rows
        if segment_id is not None
    )


def _read(name: str) -> PlacementConfig:
    placement = Placement.objects.filter(name=name).first()
    if placement is None:
        raise UnknownPlacement(_("No placement is called “%(name)s”.") % {"name": name})
    return config_of(placement)
