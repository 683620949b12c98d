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

from personalization.consent import PURPOSES
from personalization.types import Purpose
from personalization.visitors import Affinity, affinity_of, grants

from .base import PersonalizationView
from .fields import JSONBoolean
from .openapi import described
from .origin import SameOrigin

REASONS = ("", "gpc", "dnt", "platform", "bot", "editor")
CHANGE_PROBLEMS = (400, 403, 409, 413, 415, 429, 503)


class ConsentAnswer(serializers.Serializer[Any]):
    personalization = JSONBoolean(
        help_text=gettext_lazy("May the pages read here shape what is suggested? A no deletes the profile at once.")
    )
    analytics = JSONBoolean(
        required=False,
        help_text=gettext_lazy(
            "May visits be counted, without a profile? Left out, the answer to `personalization` holds for both."
        ),
    )

    def purposes(self) -> frozenset[Purpose]:
        """What the valid answer says yes to."""
        answers: dict[Purpose, bool] = self.validated_data
        personalization = answers["personalization"]
        said = {"analytics": answers.get("analytics", personalization), "personalization": personalization}
        return frozenset(purpose for purpose in PURPOSES if said[purpose])


class ConsentState(serializers.Serializer[Any]):
    analytics = serializers.BooleanField(
        allow_null=True, help_text=gettext_lazy("Whether visits may be counted; null where nobody has decided.")
    )
    personalization = serializers.BooleanField(
        allow_null=True, help_text=gettext_lazy("Whether a profile may be kept; null where nobody has decided.")
    )
    counted = serializers.BooleanField(help_text=gettext_lazy("Whether events of this browser are kept."))
    reason = serializers.ChoiceField(
        choices=REASONS,
        help_text=gettext_lazy(
            "Why not: the browser says no by Global Privacy Control (gpc) or Do Not Track (dnt), "
            "the site's consent platform does (platform), it is a bot, or a signed-in editor."
        ),
    )


class RefusedByBrowser(APIException):
    """A yes, where the browser itself or the site's consent platform says no. Change it there, then ask again."""

    status_code = HTTPStatus.CONFLICT
    default_code = "refused_by_browser"


class ConsentView(PersonalizationView):
    """State of, and change to, what a browser's reader consented to."""

    rate_setting = "CONSENT_RATE"
    permission_classes = [SameOrigin]
    problems = {"GET": (429, 503), "POST": CHANGE_PROBLEMS, "PUT": CHANGE_PROBLEMS, "DELETE": (403, 429, 503)}

    @described(operation_id="consent_retrieve", summary="What this reader consented to", responses=ConsentState)
    def get(self, request: Request) -> Response:
        """Say what this browser's reader consented to. The only answer that dates an ageing cookie anew."""
        affinity = affinity_of(request._request)
        if affinity.refusal:
            # The browser's no is a no like any other: what an earlier yes left is deleted.
            return _withdraw(request, affinity)
        if affinity.platform not in (None, affinity.purposes) and not (affinity.is_bot or affinity.is_editor):
            return _grant(request, affinity, affinity.platform)
        response = _answer(_state(affinity, affinity.purposes or None))
        grants.renew(request._request, response)
        return response

    @described(operation_id="consent_create", summary="Say yes or no", request=ConsentAnswer, responses=ConsentState)
    def post(self, request: Request) -> Response:
        """Take an answer for each purpose. A yes sets the visitor cookie; what is no longer allowed is deleted."""
        answer = ConsentAnswer(data=request.data)
        answer.is_valid(raise_exception=True)
        affinity = affinity_of(request._request)
        if purposes := answer.purposes():
            return _grant(request, affinity, purposes)
        return _withdraw(request, affinity)

    @described(operation_id="consent_update", summary="Change it", request=ConsentAnswer, responses=ConsentState)
    def put(self, request: Request) -> Response:
        """The same as POST: the answer replaces the one before."""
        return self.post(request)

    @described(operation_id="consent_destroy", summary="Take every yes back", responses={200: ConsentState})
    def delete(self, request: Request) -> Response:
        """Delete the cookie and all that was stored."""
        return _withdraw(request, affinity_of(request._request))


def _grant(request: Request, affinity: Affinity, purposes: frozenset[Purpose]) -> Response:
    response = _answer(_state(affinity, affinity.allowed(purposes)))
    if grants.grant(request._request, response, purposes) is None:
        raise RefusedByBrowser(_refusal_text(affinity))
    return response


def _withdraw(request: Request, affinity: Affinity) -> Response:
    response = _answer(_state(affinity, frozenset()))
    grants.withdraw(request._request, response)
    return response


def _state(affinity: Affinity, purposes: frozenset[Purpose] | None) -> dict[str, Any]:
    """The answer to a browser; `purposes` are those granted, None where nobody has decided."""
    reason = _reason(affinity)
    granted: dict[str, bool | None] = {
        purpose: None if purposes is None else purpose in purposes for purpose in sorted(PURPOSES)
    }
    return {**granted, "counted": bool(purposes) and not reason, "reason": reason}


def _reason(affinity: Affinity) -> str:
    return affinity.refusal or ("bot" if affinity.is_bot else "editor" if affinity.is_editor else "")


def _refusal_text(affinity: Affinity) -> str:
    if affinity.refusal == "gpc":
        return _("Your browser sends Global Privacy Control, which is a no. Nothing was stored.")
    if affinity.refusal == "dnt":
        return _("Your browser sends Do Not Track, which is a no. Nothing was stored.")
    if affinity.is_bot:
        return _("Bots cannot consent. Nothing was stored.")
    return _("The site's consent platform says no. Nothing was stored.")


def _answer(state: dict[str, Any]) -> Response:
    return Response(state, headers={"Cache-Control": "no-store"})
