"""Known names from a table: all of them or, with one error in any line, none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.models import ModelLogEntry

from tagging.exceptions import CsvRefused
from tagging.models import Entity, GazetteerName, Topic

from .csv_lines import CHANGED, NEW, REMOVED, SAME, Plan, PlannedLine, parse_wikidata_id, read_lines
from .gazetteer import pass_on

REQUIRED = ("name", "label")
OPTIONAL = ("aliases", "match_case", "topic", "wikidata_id")
COLUMNS = (*REQUIRED, *OPTIONAL)
SEPARATOR = "|"

YES, NO = ("", "yes", "true", "1", "y", "x"), ("no", "false", "0", "n")
FIELDS = ("label", "aliases", "match_case", "topic_id", "wikidata_id")
MAX_LENGTH = 255
LOG_ACTIONS = {NEW: "wagtail.create", CHANGED: "wagtail.edit", REMOVED: "wagtail.delete"}

Line = PlannedLine[GazetteerName]


def plan_names(content: str, *, replace: bool = False) -> Plan[GazetteerName]:
    """What the table would do; with `replace`, names that are not in it would be removed. Nothing is written.

    Raises CsvRefused where the whole cannot be read.
    """
    known = {row.name: row for row in GazetteerName.objects.all()}
    reader = _Reader(known)
    lines = [reader.line(number, values) for number, values in read_lines(content, REQUIRED, OPTIONAL)]
    if replace:
        named = {line.name for line in lines}
        lines += [Line(0, name, REMOVED, row=row) for name, row in known.items() if name not in named]
    kept = {line.name: line for line in lines if not line.error and line.action != REMOVED}
    names = {name: row for name, row in known.items() if not replace} | {
        name: line.row for name, line in kept.items() if line.row
    }
    clashes = _clashes(names)
    return Plan([_with_clash(line, clashes) for line in lines])


def apply_names(plan: Plan[GazetteerName], user: Any) -> None:
    """Do what was planned, in one transaction. Raises CsvRefused where any line has an error."""
    if plan.errors:
        raise CsvRefused(_("Nothing was imported: line %d has an error.") % plan.errors[0].number)
    saved = [line.row for line in plan.with_action(NEW, CHANGED) if line.row]
    gone = [line.row for line in plan.with_action(REMOVED) if line.row]
    for row in saved:
        row.updated_at = timezone.now()
    with transaction.atomic():
        before = GazetteerName.objects.in_bulk([row.pk for row in saved if row.pk])
        GazetteerName.objects.filter(pk__in=[row.pk for row in gone]).delete()
        GazetteerName.objects.bulk_update([row for row in saved if row.pk], [*_columns(), "updated_at"], batch_size=500)
        GazetteerName.objects.bulk_create([row for row in saved if not row.pk], batch_size=1000)
        pass_on(saved, before)
        for action in (NEW, CHANGED, REMOVED):
            _log(action, [line.row for line in plan.with_action(action) if line.row], user)


def alias_clash(name: str, aliases: Sequence[str], but: int | None = None) -> str:
    """What a new name, or one of its aliases, stands for already; "" where all are free."""
    forms = [name, *aliases]
    others = GazetteerName.objects.exclude(pk=but) if but else GazetteerName.objects.all()
    taken = others.filter(Q(name__in=forms) | Q(aliases__overlap=forms)).first()
    return taken.name if taken else ""


def _columns() -> list[str]:
    return [field.removesuffix("_id") if field == "topic_id" else field for field in FIELDS]


class _Reader:
    """Turns lines into names, and remembers which it has seen."""

    def __init__(self, known: Mapping[str, GazetteerName]) -> None:
        self._known = known
        self._seen: dict[str, int] = {}
        self._labels = {word.casefold(): code for code, text in Entity.Label.choices for word in (code, str(text))}
        self._topics: dict[str, int | None] = {}
        topics = list(Topic.objects.values_list("pk", "name", "slug"))
        for pk, name, _slug in topics:
            word = name.casefold()
            self._topics[word] = None if word in self._topics else pk
        self._topics |= {slug.casefold(): pk for pk, _name, slug in topics}

    def line(self, number: int, values: Mapping[str, str]) -> Line:
        name = values["name"]
        try:
            fields = self._fields(number, values)
        except ValidationError as error:
            return Line(number, name, error=" ".join(error.messages))
        old = self._known.get(name)
        if old and all(getattr(old, field) == value for field, value in fields.items()):
            return Line(number, name, SAME, row=old)
        row = GazetteerName(pk=old.pk if old else None, name=name, **fields)
        return Line(number, name, CHANGED if old else NEW, row=row)

    def _fields(self, number: int, values: Mapping[str, str]) -> dict[str, Any]:
        name = values["name"]
        aliases = [alias for alias in _split(values["aliases"]) if alias != name]
        if not any(char.isalnum() for char in name):
            raise ValidationError(_("The name is missing."))
        if name in self._seen:
            message = _("“%(name)s” is in line %(line)d already.")
            raise ValidationError(message % {"name": name, "line": self._seen[name]})
        self._seen[name] = number
        if any(len(form) > MAX_LENGTH for form in (name, *aliases)):
            raise ValidationError(_("A name is longer than %d characters.") % MAX_LENGTH)
        return {
            "label": self._label(values["label"]),
            "aliases": aliases,
            "match_case": _yes(values["match_case"]),
            "topic_id": self._topic(values["topic"]),
            "wikidata_id": parse_wikidata_id(values["wikidata_id"]),
        }

    def _label(self, word: str) -> str:
        if word.casefold() not in self._labels:
            message = _("“%(word)s” is no kind. Kinds are: %(kinds)s.")
            raise ValidationError(message % {"word": word, "kinds": ", ".join(Entity.Label.values)})
        return self._labels[word.casefold()]

    def _topic(self, word: str) -> int | None:
        if not word:
            return None
        if word.casefold() not in self._topics:
            raise ValidationError(_("There is no topic “%s”.") % word)
        found = self._topics[word.casefold()]
        if found is None:
            raise ValidationError(_("There are several topics “%s”. Write its slug.") % word)
        return found


def _split(text: str) -> Iterator[str]:
    return iter(dict.fromkeys(filter(None, (part.strip() for part in text.split(SEPARATOR)))))


def _yes(word: str) -> bool:
    if word.casefold() in (*YES, *NO):
        return word.casefold() in YES
    raise ValidationError(_("“%s” is neither yes nor no.") % word)


def _clashes(names: Mapping[str, GazetteerName]) -> dict[str, str]:
    """Name → error, where one of its forms stands for another name."""
    owners = {name: name for name in names}
    found = {}
    for name, row in names.items():
        for alias in row.aliases:
            owner = owners.setdefault(alias, name)
            if owner != name:
                message = _("“%(alias)s” stands for “%(owner)s” already.")
                found[name] = message % {"alias": alias, "owner": owner}
    return found


def _with_clash(line: Line, clashes: Mapping[str, str]) -> Line:
    if line.error or line.action == REMOVED or line.name not in clashes:
        return line
    return Line(line.number, line.name, error=clashes[line.name])


def _log(action: str, rows: Sequence[GazetteerName], user: Any) -> None:
    content_type = ContentType.objects.get_for_model(GazetteerName)
    now = timezone.now()
    entries = [
        ModelLogEntry(
            content_type=content_type,
            object_id=str(row.pk),
            label=row.name,
            action=LOG_ACTIONS[action],
            timestamp=now,
            user=user,
            content_changed=True,
            deleted=action == REMOVED,
        )
        for row in rows
    ]
    ModelLogEntry.objects.bulk_create(entries, batch_size=1000)
