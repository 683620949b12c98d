"""How this API describes itself, and the errors that all of it shares."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from .problem import CONTENT_TYPE

PROBLEMS: dict[str, tuple[int, ...]] = {
    "GET": (400, 404, 405, 429),
    "POST": (400, 403, 404, 405, 409, 413, 415, 429),
}
"""The errors of each method's operations."""


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
        schema = self.resolve_serializer(Problem, "response").ref
        for status in PROBLEMS.get(self.method, ()):
            problem = {"description": HTTPStatus(status).phrase, "content": {CONTENT_TYPE: {"schema": schema}}}
            operation["responses"].setdefault(str(status), problem)
        return operation
