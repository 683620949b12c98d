"""`consent/`: may this site remember what this browser reads?"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from personalization.visitors import Affinity, affinity_of, cookie, store

from .base import PersonalizationView
from .fields import JSONBoolean
from .openapi import described
from .origin import SameOrigin

REASONS = ("", "gpc", "dnt", "bot", "editor")


class ConsentAnswer(serializers.Serializer[Any]):
    personalization = JSONBoolean(help_text=gettext_lazy("Yes or no. A no deletes everything stored at once."))


class ConsentState(serializers.Serializer[Any]):
    personalization = serializers.BooleanField(
        allow_null=True, help_text=gettext_lazy("Whether the visitor consented; null where nobody has decided.")
    )
    counted = serializers.BooleanField(help_text=gettext_lazy("Whether events of this browser are kept."))
    reason = serializers.ChoiceField(
        choices=REASONS,
        help_text=gettext_lazy(
            "Why not: the browser says no by Global Privacy Control (gpc) or Do Not Track (dnt), "
            "it is a bot, or a signed-in editor."
        ),
    )


class RefusedByBrowser(APIException):
    """A yes, sent by a browser that itself says no. Switch the signal off in the browser, then ask again."""

    status_code = HTTPStatus.CONFLICT
    default_code = "refused_by_browser"


class ConsentView(PersonalizationView):
    """State of, and change to, a browser's consent to personalisation."""

    rate_setting = "CONSENT_RATE"
    permission_classes = [SameOrigin]
    problems = {"GET": (429, 503), "POST": (400, 403, 409, 413, 415, 429, 503)}

    @described(summary="Whether this reader consented", responses=ConsentState)
    def get(self, request: Request) -> Response:
        """Say whether this browser's reader consented. The only answer that dates an ageing cookie anew."""
        affinity = affinity_of(request._request)
        if affinity.refusal:
            # The browser's no is a no like any other: what an earlier yes left is deleted.
            return _withdraw(request, affinity)
        response = _answer(_state(affinity))
        if affinity.known_id is None:
            _drop_cookie(request, response)
        elif cookie.read(request._request, max_age=cookie.RENEW_AFTER) is None:
            cookie.write(request._request, response, affinity.known_id)
        return response

    @described(summary="Say yes or no", request=ConsentAnswer, responses=ConsentState)
    def post(self, request: Request) -> Response:
        """Take a yes or a no. A yes sets the visitor cookie; a no deletes the cookie and all that was stored."""
        answer = ConsentAnswer(data=request.data)
        answer.is_valid(raise_exception=True)
        affinity = affinity_of(request._request)
        if answer.validated_data["personalization"]:
            return _grant(request, affinity)
        return _withdraw(request, affinity)


def _grant(request: Request, affinity: Affinity) -> Response:
    if affinity.refusal or affinity.is_bot:
        raise RefusedByBrowser(_refusal_text(affinity))
    visitor_id = affinity.known_id or store.create_visitor(affinity.context.device)
    response = _answer(_state(affinity) | {"personalization": True, "counted": not affinity.is_editor})
    cookie.write(request._request, response, visitor_id)
    return response


def _withdraw(request: Request, affinity: Affinity) -> Response:
    # Read past the browser's own no: what was stored before it must go too.
    if visitor_id := cookie.read(request._request):
        store.delete_visitor(visitor_id)
    response = _answer({"personalization": False, "counted": False, "reason": _reason(affinity)})
    _drop_cookie(request, response)
    return response


def _state(affinity: Affinity) -> dict[str, Any]:
    decided = {"granted": True, "denied": False, "unknown": None}[affinity.consent]
    return {"personalization": decided, "counted": affinity.is_counted, "reason": _reason(affinity)}


def _reason(affinity: Affinity) -> str:
    return affinity.refusal or ("bot" if affinity.is_bot else "editor" if affinity.is_editor else "")


def _refusal_text(affinity: Affinity) -> str:
    if affinity.refusal == "gpc":
        return _("Your browser sends Global Privacy Control, which is a no. Nothing was stored.")
    if affinity.refusal == "dnt":
        return _("Your browser sends Do Not Track, which is a no. Nothing was stored.")
    return _("Bots cannot consent. Nothing was stored.")


def _answer(state: dict[str, Any]) -> Response:
    return Response(state, headers={"Cache-Control": "no-store"})


def _drop_cookie(request: Request, response: Response) -> None:
    if cookie.is_present(request._request):
        cookie.drop(response)
