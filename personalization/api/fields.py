"""Fields that take JSON at its word: a number is no string, and a string no number."""

from __future__ import annotations

import math
import uuid
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class JSONInteger(serializers.IntegerField):
    """A whole JSON number; 3.0 is one."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data // 1:
            self.fail("invalid")
        return super().to_internal_value(int(data))


class JSONNumber(serializers.FloatField):
    """A JSON number that a float can hold."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        number = super().to_internal_value(data)
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class JSONBoolean(serializers.BooleanField):
    """true or false, and nothing that resembles them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class JSONString(serializers.RegexField):
    """A string that matches the whole of a pattern."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class JSONText(serializers.CharField):
    """Any text of bounded length, as from an address that a reader followed. What cannot be printed is left out."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value("".join(filter(str.isprintable, data)))


class JSONChoice(serializers.ChoiceField):
    """One of a few strings. What was sent instead is not repeated: it may be of any depth, or no valid Unicode."""

    default_error_messages = {"invalid_choice": _("Expected one of: {choices}.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", choices=", ".join(self.choices))
        return data


class JSONUUID(serializers.UUIDField):
    """A UUID in its usual form, with hyphens."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "format": "date-time"})
class Moment(serializers.Field[datetime, Any, str, datetime]):
    """A date and time with its offset from UTC, as JavaScript's `toISOString` writes it."""

    default_error_messages = {"invalid": _("Expected a date and time with an offset, such as 2026-03-01T12:00:00Z.")}

    def to_internal_value(self, data: Any) -> datetime:
        try:
            moment = parse_datetime(data) if isinstance(data, str) else None
        except ValueError:
            moment = None
        if moment is None or is_naive(moment):
            self.fail("invalid")
        return moment

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()
