"""Rule types by code. A site adds its own in one class with `@register`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from personalization.types import ProfileState, RequestContext

from .fields import Field, InvalidValue
from .fields import gettext_noop as _
from .references import References

Matcher = Callable[[ProfileState | None, RequestContext], bool]
"""Whether a visitor, as far as known (None: not at all), belongs, at this request."""


class RuleType(ABC):
    """One kind of rule: the fields an editor fills in, and the function they compile to.

    `code` is stored in rules and never changes. `label`, `help`, `group` and the fields' texts are shown in
    the rule builder, translated there. `summary` says a rule in words, with the fields' names in braces.
    `icon` is one of Wagtail's. `depends_on_visit` is true where a stored profile cannot tell who matches, and
    `concerns_absent` where it also asks after visitors who have stayed away for long: estimates then count them, too.
    """

    code: ClassVar[str]
    label: ClassVar[str]
    summary: ClassVar[str]
    help: ClassVar[str] = ""
    group: ClassVar[str] = ""
    icon: ClassVar[str] = "group"
    depends_on_visit: ClassVar[bool] = False
    concerns_absent: ClassVar[bool] = False
    fields: ClassVar[tuple[Field, ...]]

    @abstractmethod
    def matcher(self, *args: Any, **values: Any) -> Matcher:
        """A fast function without side effects. `values` are the fields, by name, cleaned and resolved: a subclass
        lists them."""

    def condition(self, now: datetime, **values: Any) -> Any:
        """What the matcher says, as a Django Q on `personalization.models.Profile`, so that estimates of large sites
        stay quick. None, where the database cannot tell: then the visitors seen last are gone through one by one."""
        return None

    def clean(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        """The cleaned fields of `rule`, by name. FieldErrors names every field that is wrong."""
        values: dict[str, Any] = {}
        errors: dict[str, InvalidValue] = {}
        for field in self.fields:
            try:
                values[field.name] = field.clean(rule.get(field.name))
            except ValueError as error:
                errors[field.name] = InvalidValue.of(error)
        if unknown := set(rule) - {"type"} - {field.name for field in self.fields}:
            errors[min(unknown)] = InvalidValue(_("is not known to “%(code)s” rules"), code=self.code)
        if errors:
            raise FieldErrors(errors)
        return values

    def resolve(self, values: Mapping[str, Any], references: References) -> dict[str, Any]:
        """Cleaned values as they stand for something on this site, for `matcher`."""
        return {field.name: field.resolve(values[field.name], references) for field in self.fields}


class FieldErrors(ValueError):
    """What is wrong with a rule, by field name."""

    def __init__(self, errors: Mapping[str, InvalidValue]) -> None:
        super().__init__("; ".join(f"{field} {message}" for field, message in errors.items()))
        self.errors = errors


_registry: dict[str, RuleType] = {}


def register(rule_type: type[RuleType]) -> type[RuleType]:
    """Class decorator that makes a rule type known. A code is taken once only."""
    known = _registry.get(rule_type.code)
    if known and type(known).__qualname__ != rule_type.__qualname__:
        raise ValueError(f"The rule type code {rule_type.code!r} is taken by {type(known).__qualname__}; use another.")
    _registry[rule_type.code] = rule_type()
    return rule_type


def get_rule_type(code: str) -> RuleType | None:
    """The rule type with this code, or None."""
    return _registry.get(code)


def rule_types() -> tuple[RuleType, ...]:
    """Every registered rule type, in the order of registration."""
    return tuple(_registry.values())
