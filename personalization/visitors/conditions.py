"""Rule trees as conditions on stored profiles: the database counts whom a tree matches in one query.

Each says what the rule type's matcher says. Floats are added up in the same order, so that the two agree exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import reduce
from operator import add, and_, or_
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db.models import Expression, F, FloatField, Func, Lookup, Q, TextField, Value
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from personalization.segmentation import Group, Rule

NOBODY: Final = Q(pk__isnull=True)
_COUNTS: Final = {"at_least": "gte", "at_most": "lte", "exactly": "exact"}


def condition_of(tree: Group, now: datetime) -> Q | None:
    """Which profiles a checked tree matches at `now`; None where some rule's type cannot be asked of the database."""
    if not tree.nodes:
        return NOBODY
    found = [condition_of(node, now) if isinstance(node, Group) else _of_rule(node, now) for node in tree.nodes]
    known = [condition for condition in found if condition is not None]
    if len(known) < len(found):
        return None
    if tree.match == "all":
        return reduce(and_, known)
    return reduce(or_, known) if tree.match == "any" else ~reduce(or_, known)


def _of_rule(rule: Rule, now: datetime) -> Q | None:
    own: Q | None = rule.type.condition(now, **rule.values)
    if own is not None:
        return own
    made = _CONDITIONS.get(rule.type.code)
    return made(now, **rule.values) if made else None


class _Sum(Func):
    """The sum of a JSON object's values at some keys, in the order of the keys as numbers."""

    # The profile's own keys are gone through, as a topic may have hundreds below it and a profile has few.
    template = (
        "(SELECT coalesce(sum(weight.value::float8 ORDER BY weight.key::bigint), 0.0)"
        " FROM jsonb_each_text(%(expressions)s))"
    )
    arg_joiner = ") AS weight WHERE weight.key = ANY ("
    output_field = FloatField()


FEW: Final = 24
"""So many keys are looked up one by one; of more, the profile's own are gone through."""


def _sum(column: str, ids: Iterable[int]) -> Expression:
    keys = [str(key) for key in sorted(ids)]
    if len(keys) <= FEW:
        return reduce(add, [_number(column, key) for key in keys])
    return _Sum(F(column), Value(keys, output_field=ArrayField(TextField())))


def _share(column: str, ids: frozenset[int], operator: str, value: float) -> Q:
    compared = _compared(_sum(column, ids), operator, value)
    if operator == "at_least" and value > 0:
        # Most visitors know none of the ids, which is quickly seen.
        return Q(**{f"{column}__has_any_keys": [str(key) for key in sorted(ids)]}) & compared
    return compared


def _number(column: str, *path: str, default: float = 0.0) -> Expression:
    """A number inside a JSON column, `default` where there is none."""
    # Not column__7: for Django that is the seventh element of a list.
    steps = [Value(step, output_field=TextField()) for step in path]
    text = Func(F(column), *steps, function="jsonb_extract_path_text", output_field=TextField())
    return Coalesce(Cast(text, FloatField()), Value(default, output_field=FloatField()))


def _compared(amount: Expression, operator: str, value: float) -> Q:
    lookup: type[Lookup[Any]] = GreaterThanOrEqual if operator == "at_least" else LessThan
    return Q(lookup(amount, Value(value, output_field=FloatField())))


def _last_seen(now: datetime, operator: str, value: int) -> Q:
    since = now - timedelta(days=value)
    return Q(last_seen__gte=since) if operator == "within" else Q(last_seen__lt=since)


def _page(now: datetime, operator: str, page: int) -> Q:
    read = Q(recent__contains=[[page]])
    return read if operator == "read" else ~read


def _answer(now: datetime, operator: str, topic: frozenset[int]) -> Q:
    named = Q(answers__overlap=sorted(topic))
    return named if operator == "named" else ~named


_CONDITIONS: dict[str, Callable[..., Q]] = {
    "topic": lambda now, topic, operator, value: _share("topics", topic, operator, value),
    "entity": lambda now, entity, operator, value: _share("entities", entity, operator, value),
    "section": lambda now, section, operator, value: _compared(
        _number("habits", "sections", str(section)), operator, value
    ),
    "answer": _answer,
    "cluster": lambda now, cluster, value: _compared(
        _number("clusters", str(cluster), default=-1.0), "at_least", value
    ),
    "page": _page,
    "views": lambda now, operator, value: Q(**{f"views__{_COUNTS[operator]}": value}),
    "visits": lambda now, operator, value: Q(**{f"visits__{_COUNTS[operator]}": value}),
    "visitor": lambda now, value: Q(visits__lte=1) if value == "new" else Q(visits__gt=1),
    "last_seen": _last_seen,
    "frequency": lambda now, operator, value: _compared(_number("habits", "frequency"), operator, value),
    "engagement": lambda now, operator, value: _compared(_number("habits", "engagement"), operator, value),
    "device": lambda now, value: Q(device__in=sorted(value | ({""} if "other" in value else set()))),
}
"""Rule type's code → its condition. The types that are not here depend on the visit."""
