"""Wikidata ids of entities from a table: lines that are right can be applied without those that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from tagging.models import Entity

from .csv_lines import CHANGED, SAME, Plan, PlannedLine, parse_wikidata_id, read_lines
from .entities import identify

REQUIRED = ("name", "wikidata_id")
OPTIONAL = ("label", "topic", "pages", "mentions")  # the last three are in exports, and not read

Line = PlannedLine[Entity]


def plan_ids(content: str) -> Plan[Entity]:
    """What the table would do. Nothing is written. Raises CsvRefused where the whole cannot be read."""
    rows = list(read_lines(content, REQUIRED, OPTIONAL))
    by_name: dict[str, list[Entity]] = {}
    for entity in Entity.objects.select_related("canonical").order_by("pk"):
        for name in {entity.name.casefold(), entity.key.casefold()}:
            by_name.setdefault(name, []).append(entity)
    labels = {word.casefold(): code for code, text in Entity.Label.choices for word in (code, str(text))}
    planned: dict[int, int] = {}
    return Plan([_line(number, values, by_name, labels, planned) for number, values in rows])


def apply_ids(plan: Plan[Entity], user: Any) -> int:
    """Set the ids of all lines without an error, in one transaction; returns how many."""
    lines = plan.with_action(CHANGED)
    with transaction.atomic():
        for line in lines:
            if line.row:
                wanted = line.row.wikidata_id
                identify(Entity.objects.get(pk=line.row.pk), wanted, user)
    return len(lines)


def _line(
    number: int,
    values: Mapping[str, str],
    by_name: Mapping[str, Sequence[Entity]],
    labels: Mapping[str, str],
    planned: dict[int, int],
) -> Line:
    try:
        entity = _meant(values, by_name, labels)
        wanted = parse_wikidata_id(values["wikidata_id"])
        if entity.pk in planned:
            message = _("“%(name)s” is in line %(line)d already.")
            raise ValidationError(message % {"name": entity, "line": planned[entity.pk]})
    except ValidationError as error:
        return Line(number, values["name"], error=" ".join(error.messages))
    planned[entity.pk] = number
    if entity.wikidata_id == wanted:
        return Line(number, entity.name, SAME, row=entity)
    entity.wikidata_id = wanted
    return Line(number, entity.name, CHANGED, row=entity)


def _meant(values: Mapping[str, str], by_name: Mapping[str, Sequence[Entity]], labels: Mapping[str, str]) -> Entity:
    """The one entity that a line names, by its own name or by one that was merged into it."""
    label = labels.get(values["label"].casefold()) if values["label"] else None
    if values["label"] and label is None:
        message = _("“%(word)s” is no kind. Kinds are: %(kinds)s.")
        raise ValidationError(message % {"word": values["label"], "kinds": ", ".join(Entity.Label.values)})
    found = [entity for entity in by_name.get(values["name"].casefold(), ()) if label in (None, entity.label)]
    roots = {root.pk: root for root in (entity.canonical or entity for entity in found)}
    if not roots:
        raise ValidationError(_("No page names “%s”.") % values["name"])
    if len(roots) > 1:
        kinds = ", ".join(sorted(root.label for root in roots.values()))
        message = _("There are several “%(name)s”: write the kind (%(kinds)s) into the column “label”.")
        raise ValidationError(message % {"name": values["name"], "kinds": kinds})
    return next(iter(roots.values()))
