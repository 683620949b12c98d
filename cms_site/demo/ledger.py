"""Remembers what was loaded, in the database it was loaded into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import models, transaction

from cms_site.models import LoadedItem

M = TypeVar("M", bound=models.Model)


class Ledger:
    """One `once` for each thing of the demo: made at the first run, left alone ever after."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = dict(LoadedItem.objects.values_list("key", "object_id"))
        self.made = 0

    def once(self, key: str, make: Callable[[], models.Model]) -> None:
        """Call `make` unless an earlier run did. Both it and the entry are saved, or neither."""
        if key in self.ids:
            return
        with transaction.atomic():
            self.ids[key] = make().pk
            LoadedItem.objects.create(key=key, object_id=self.ids[key])
        self.made += 1

    def find(self, model: type[M], key: str) -> M | None:
        """What was made under `key`, or None where it was not, or was deleted since."""
        return model._default_manager.filter(pk=self.ids.get(key)).first()
