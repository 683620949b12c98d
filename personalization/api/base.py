"""What every endpoint of this API has in common, whatever the site's own `REST_FRAMEWORK` says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from personalization.conf import settings

from .openapi import ApiSchema
from .problem import TooLarge, exception_handler
from .throttling import ClientThrottle


class BoundedJSONParser(BaseParser):
    """JSON of at most `EVENTS_MAX_BODY_BYTES`. Anything else is a 4xx: too large, broken, too deep, NaN."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.EVENTS_MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(_("The body is larger than %(limit)d bytes.") % {"limit": limit})
        try:
            return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not JSON.")) from error


class SessionUser(BaseAuthentication):
    """Whoever Django's session says. No CSRF check: nothing here acts in the user's name, and only JSON is read."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, None] | None:
        user = getattr(request._request, "user", None)
        return (user, None) if user is not None and user.is_authenticated else None


class OneRenderer(BaseContentNegotiation):
    """The view's first renderer, whatever the Accept header or `?format=` say."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


class PersonalizationView(APIView):
    """JSON in, JSON out, errors as problem+json, throttled by the setting that `rate_setting` names."""

    rate_setting: ClassVar[str]

    authentication_classes = [SessionUser]
    permission_classes = [AllowAny]
    renderer_classes: Sequence[type[BaseRenderer]] = [JSONRenderer]
    parser_classes = [BoundedJSONParser]
    content_negotiation_class = OneRenderer
    versioning_class = None
    schema = ApiSchema()

    def get_throttles(self) -> list[BaseThrottle]:
        return [ClientThrottle(self.rate_setting, getattr(settings, self.rate_setting))]

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return exception_handler


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
