"""The values a rule is made of: what each may be, and what an editor reads beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .references import References


def gettext_noop(message: str) -> str:
    """Mark a text for translation where it is shown: this package knows no framework."""
    return message


_ = gettext_noop


class InvalidValue(ValueError):
    """What a value has to be instead: `message`, translated where it is shown, with `params` for its %-forms."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message % params)
        self.message = message
        self.params = params

    @classmethod
    def of(cls, error: ValueError) -> InvalidValue:
        """The same error, also where a site's own field raised a plain ValueError."""
        return error if isinstance(error, cls) else cls("%(text)s", text=error)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One value of a rule, stored in the rule's JSON under `name`."""

    name: str
    label: str
    help: str = ""

    def clean(self, value: object) -> Any:
        """The value as the matcher needs it. ValueError says what is expected instead."""
        raise NotImplementedError

    def resolve(self, value: Any, references: References) -> Any:
        """What a cleaned value stands for on this site, as the matcher gets it."""
        return value


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One of `choices`, which are (code, label)."""

    choices: tuple[tuple[str, str], ...]

    def clean(self, value: object) -> str:
        codes = [code for code, _label in self.choices]
        if not isinstance(value, str) or value not in codes:
            raise InvalidValue(_("must be one of %(codes)s"), codes=", ".join(codes))
        return value


@dataclass(frozen=True, kw_only=True)
class MultipleChoice(Choice):
    """One or more of `choices`, as a list of codes."""

    def clean(self, value: object) -> Any:
        choose = super().clean
        return frozenset(choose(code) for code in _non_empty_list(value))


@dataclass(frozen=True, kw_only=True)
class Integer(Field):
    """A whole number from `minimum` to `maximum`, both included."""

    minimum: int = 0
    maximum: int = 1_000_000

    def clean(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not self.minimum <= value <= self.maximum:
            raise InvalidValue(
                _("must be a whole number from %(minimum)d to %(maximum)d"), minimum=self.minimum, maximum=self.maximum
            )
        return value


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """A number from `minimum` to `maximum`, both included."""

    minimum: float = 0.0
    maximum: float = 1_000_000.0

    def clean(self, value: object) -> float:
        # The type checker does not follow `is_number`: hence the exceptions below.
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not self.minimum <= value <= self.maximum:  # type: ignore[operator]
            raise InvalidValue(
                _("must be a number from %(minimum)g to %(maximum)g"), minimum=self.minimum, maximum=self.maximum
            )
        return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Share(Field):
    """A number in [0, 1]; editors see it as a percentage."""

    def clean(self, value: object) -> float:
        # The type checker does not follow `is_number`: hence the exceptions below.
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not 0 <= value <= 1:  # type: ignore[arg-type,operator]
            raise InvalidValue(_("must be a number from 0 to 1"))
        return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A text without regard to case, at most `maximum_length` characters; empty only where it `is_optional`."""

    maximum_length: int = 200
    is_optional: bool = False

    def clean(self, value: object) -> str:
        text = value.strip().casefold() if isinstance(value, str) else ""
        if self.is_optional and value in (None, ""):
            return ""
        if not text or len(text) > self.maximum_length or "\x00" in text:
            raise InvalidValue(_("must be a text of 1 to %(maximum)d characters"), maximum=self.maximum_length)
        return text


@dataclass(frozen=True, kw_only=True)
class Codes(Field):
    """One or more codes that each match `pattern`, as a list; compared without regard to case."""

    pattern: str
    example: str

    def clean(self, value: object) -> frozenset[str]:
        codes = _non_empty_list(value)
        if not all(isinstance(code, str) and re.fullmatch(self.pattern, code.strip()) for code in codes):
            raise InvalidValue(_("must be a list of codes such as %(example)s"), example=self.example)
        return frozenset(code.strip().casefold() for code in codes)


@dataclass(frozen=True, kw_only=True)
class Locales(Codes):
    """One or more languages of the site, as a list of BCP 47 codes."""

    pattern: str = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
    example: str = "fr, pt-br"


@dataclass(frozen=True, kw_only=True)
class Id(Field):
    """The id of something the site holds. One that no longer exists is not an error: nobody matches it."""

    def clean(self, value: object) -> int:
        return _id(value)


@dataclass(frozen=True, kw_only=True)
class TopicChoice(Id):
    """A topic. The matcher gets it with every topic below it."""

    def resolve(self, value: Any, references: References) -> frozenset[int]:
        return references.topics.get(value, frozenset()) | {value}


@dataclass(frozen=True, kw_only=True)
class EntityChoice(Id):
    """A person, organisation or place. The matcher gets it with every entity that is one with it."""

    def resolve(self, value: Any, references: References) -> frozenset[int]:
        return references.entities.get(value, frozenset()) | {value}


@dataclass(frozen=True, kw_only=True)
class PageChoice(Id):
    """A page of the site."""


@dataclass(frozen=True, kw_only=True)
class SegmentChoice(Id):
    """Another segment."""


@dataclass(frozen=True, kw_only=True)
class ClusterChoice(Id):
    """A cluster that was learned from visitors' profiles."""


@dataclass(frozen=True, kw_only=True)
class Ids(Field):
    """One or more ids, as a list."""

    def clean(self, value: object) -> frozenset[int]:
        return frozenset(_id(one) for one in _non_empty_list(value))


@dataclass(frozen=True, kw_only=True)
class GroupChoice(Ids):
    """One or more user groups."""


@dataclass(frozen=True, kw_only=True)
class ImportedSegmentChoice(Id):
    """A segment of wagtail-personalisation."""


def _id(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidValue(_("must be an id, a whole number from 1 on"))
    return value


def _non_empty_list(value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= 300:
        raise InvalidValue(_("must be a list of at least one value"))
    return value
