"""The values a rule is made of: what each may be, and what an editor reads beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


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
class Share(Field):
    """A number in [0, 1]; editors see it as a percentage."""

    def clean(self, value: object) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not 0 <= value <= 1:  # type: ignore[arg-type,operator]
            raise InvalidValue(_("must be a number from 0 to 1"))
        return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A text without regard to case, not empty, at most `maximum_length` characters."""

    maximum_length: int = 200

    def clean(self, value: object) -> str:
        text = value.strip().casefold() if isinstance(value, str) else ""
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
class TopicChoice(Field):
    """A topic's id. A topic that no longer exists is not an error: nobody has read about it."""

    def clean(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InvalidValue(_("must be the id of a topic"))
        return value


def _non_empty_list(value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= 300:
        raise InvalidValue(_("must be a list of at least one value"))
    return value
