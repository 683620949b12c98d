"""Errors as `application/problem+json` (RFC 9457), naming the field that is wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response

from personalization.exceptions import InvalidField, SinkUnavailable, UnknownPlacement

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 10


class NotFoundField(exceptions.NotFound):
    """A value names something that does not exist, or that the caller may not see: 404, naming `field`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__({field: [message]})


class TooLarge(exceptions.APIException):
    """The request's body is larger than this endpoint takes. Send less at once."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class Unavailable(exceptions.APIException):
    """Database, disk or event store is down or full. Come back after Retry-After, with the same event ids."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = gettext_lazy("This cannot be stored or looked up just now. Try again in a moment.")
    wait = RETRY_AFTER_SECONDS


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's hook: the problem response for an expected error; None for a bug, which Django then reports."""
    error = _as_api_exception(error)
    if not isinstance(error, exceptions.APIException):
        return None
    # Whether a page is there depends on who asks: a cache that keeps a 404 would tell the next one the same.
    headers = {"Cache-Control": "no-store"}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return Response(problem(error), status=error.status_code, headers=headers, content_type=CONTENT_TYPE)


def problem(error: exceptions.APIException) -> dict[str, Any]:
    """The body of the answer: type, title, status, detail, and `errors` as [{"field", "detail"}] if any."""
    errors = list(_field_errors(error.detail))
    named = [entry for entry in errors if entry["field"]]
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": int(error.status_code),
        "detail": "; ".join(f"{e['field']}: {e['detail']}" if e["field"] else e["detail"] for e in errors),
    }
    if named:
        body["errors"] = named
    return body


def _as_api_exception(error: Exception) -> Exception:
    match error:
        case InvalidField():
            return exceptions.ValidationError({error.field: [str(error)]})
        case UnknownPlacement():
            return NotFoundField("placement", str(error) or _("No placement has this name."))
        case RequestDataTooBig():
            return TooLarge(_("The body is too large."))
        case UnreadablePostError():
            return exceptions.ParseError(_("The body could not be read."))
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case SinkUnavailable() | OperationalError() | InterfaceError():
            logger.error("Answered 503: %s", error)
            return Unavailable()
    return error


def _field_errors(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested details: {"events": {1: {"page": [".."]}}} names "events[1].page".

    DRF keys a list's errors by index since 3.17; before, it gave a list with {} for what is right.
    """
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _field_errors(value, _below(field, key))
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, value in enumerate(detail):
            is_nested = isinstance(value, Mapping)
            yield from _field_errors(value, f"{field}[{index}]" if is_nested else field)
    else:
        yield {"field": field, "detail": str(detail)}


def _below(field: str, key: object) -> str:
    if isinstance(key, int):
        return f"{field}[{key}]"
    if key == "non_field_errors":
        return field
    return f"{field}.{key}" if field else str(key)
