"""How this API describes itself, and the errors that all of it shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from .problem import CONTENT_TYPE

Method = TypeVar("Method", bound=Callable[..., Any])

PROBLEMS: Mapping[str, tuple[int, ...]] = {
    "GET": (400, 404, 429, 503),
    "POST": (400, 403, 404, 413, 415, 429, 503),
}
"""The errors that an operation may answer, by method, unless its view has `problems` of its own."""

WRONG: Mapping[int, dict[str, str]] = {
    400: {"field": "n", "detail": "Ensure this value is less than or equal to 24."},
    404: {"field": "page", "detail": "There is no such page."},
}
"""By status: the field of the example."""

EXAMPLES: Mapping[str, Any] = {"placement": "sidebar", "n": 4, "locale": "en"}
"""By parameter: what the page to try the API starts with."""


class ProblemField(serializers.Serializer[Any]):
    field = serializers.CharField(help_text=_("The parameter or field that is wrong, such as `n` or `events[3].page`."))
    detail = serializers.CharField(help_text=_("What is wrong with it."))


class Problem(serializers.Serializer[Any]):
    type = serializers.CharField(help_text=_("Always `about:blank`: the status says which kind of problem it is."))
    title = serializers.CharField(help_text=_("The status in words."))
    status = serializers.IntegerField(help_text=_("The status of the response."))
    detail = serializers.CharField(help_text=_("What is wrong, for a person."))
    # Shadows Serializer.errors for type checkers only: REST framework takes declared fields off the class.
    errors = ProblemField(  # type: ignore[assignment]
        many=True, required=False, help_text=_("What is wrong with which field.")
    )


class ApiSchema(AutoSchema):
    """drf-spectacular's description of an operation, with the errors it may answer."""

    def get_tags(self) -> list[str]:
        return ["personalization"]

    def get_auth(self) -> list[dict[str, Any]]:
        """Nothing: who has no cookie gets an answer too."""
        return []

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        for parameter in operation.get("parameters", []):
            if parameter["name"] in EXAMPLES:
                parameter["example"] = EXAMPLES[parameter["name"]]
        schema = self.resolve_serializer(Problem, "response").ref
        for status in getattr(self.view, "problems", PROBLEMS).get(self.method, ()):
            content = {CONTENT_TYPE: {"schema": schema, "example": _example(status)}}
            problem = {"description": HTTPStatus(status).phrase, "content": content}
            operation["responses"].setdefault(str(status), problem)
        return operation


def _example(status: int) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if wrong := WRONG.get(status):
        return body | {"detail": f"{wrong['field']}: {wrong['detail']}", "errors": [wrong]}
    return body | {"detail": HTTPStatus(status).description or HTTPStatus(status).phrase}


def described(**description: Any) -> Callable[[Method], Method]:
    """drf-spectacular's `extend_schema` for the methods of this API's views.

    On its own that builds on the site's `DEFAULT_SCHEMA_CLASS`, which may be any.
    """

    def decorate(method: Method) -> Method:
        method.kwargs = {"schema": ApiSchema}  # type: ignore[attr-defined]
        return extend_schema(**description)(method)

    return decorate
