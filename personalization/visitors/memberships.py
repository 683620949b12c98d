"""What a reader belongs to elsewhere: user groups, and segments of wagtail-personalisation. Read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Final

from django.apps import apps
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.http import HttpRequest

from personalization.conf import settings
from personalization.segmentation import register
from personalization.segmentation.imported import ImportedSegment

PEER: Final = "wagtail_personalisation"


def is_peer_installed() -> bool:
    """Whether the site runs wagtail-personalisation, too."""
    return apps.is_installed(PEER)


def connect() -> None:
    """Called once, when the apps are ready: offers the rule about the other package's segments where it is there."""
    if is_peer_installed():
        register(ImportedSegment)


class LazyIds(AbstractSet[int]):
    """A set of ids that is loaded once, by whoever looks into it first."""

    def __init__(self, load: Callable[[], frozenset[int]]) -> None:
        self._load = load

    @cached_property
    def _ids(self) -> frozenset[int]:
        return self._load()

    def __contains__(self, value: object) -> bool:
        return value in self._ids

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def groups_of(user_id: int) -> frozenset[int]:
    """Ids of the account's groups. One query, and none again for CONFIG_CACHE_SECONDS."""
    key = f"personalization:groups:{user_id}"
    found: frozenset[int] | None = cache.get(key)
    if found is None:
        found = frozenset(Group.objects.filter(user=user_id).values_list("pk", flat=True))
        cache.set(key, found, settings.CONFIG_CACHE_SECONDS)
    return found


def imported_segments(request: HttpRequest) -> frozenset[int]:
    """Ids of wagtail-personalisation's segments that the reader is in, by that package's own adapter."""
    if not is_peer_installed() or not hasattr(request, "session"):
        return frozenset()
    from wagtail_personalisation.adapters import get_segment_adapter

    return frozenset(segment.pk for segment in get_segment_adapter(request).get_segments())


def imported_segment_names(ids: Collection[int] | None = None) -> dict[int, str]:
    """Id → name of these segments of wagtail-personalisation, or of all; none where it is not installed."""
    if not is_peer_installed():
        return {}
    segments = apps.get_model(PEER, "Segment").objects.order_by("name")
    found = segments if ids is None else segments.filter(pk__in=ids)
    return dict(found.values_list("pk", "name"))
