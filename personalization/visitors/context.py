"""Reads a request's circumstances: campaign, referrer, device, country, language, local time."""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import get_language

from personalization.conf import settings
from personalization.referrers import kind_of
from personalization.types import Device, RequestContext

from .agents import device_of
from .memberships import LazyIds, groups_of, imported_segments

UTM_KEYS = ("source", "medium", "campaign", "term", "content", "id")
_UTM_LENGTH = 100
_PARAMETERS, _NAME_LENGTH, _VALUE_LENGTH, _QUERY_LENGTH = 20, 50, 100, 1000
_HOST = re.compile(r"^[a-z0-9.-]{1,253}$")
_COUNTRY = re.compile(r"^[A-Z]{2}$")
_NO_COUNTRY = {"XX", "ZZ"}


def build_context(request: HttpRequest, user_id: int | None) -> RequestContext:
    """The request's circumstances; `user_id` is the signed-in reader's.

    Every value is bounded; a malformed one is left out, never an error.
    """
    host = _referrer_host(request)
    return RequestContext(
        at=timezone.localtime(),
        locale=get_language() or "",
        device=device_of(request.headers),
        referrer_host=host,
        referrer=kind_of(host) if host else "",
        utm=_utm(request),
        country=_country(request),
        is_authenticated=user_id is not None,
        query=_query(request),
        groups=frozenset() if user_id is None else LazyIds(lambda: groups_of(user_id)),
        imported=LazyIds(lambda: imported_segments(request)),
    )


def circumstances(request: HttpRequest) -> tuple[Device, str, str]:
    """Of all that, what events keep: device and country; and the host that the request names as ours."""
    return device_of(request.headers), _country(request), urlsplit(f"//{request.get_host()}").hostname or ""


def _query(request: HttpRequest) -> dict[str, str]:
    """The address's parameters. A fragment is fetched by the page itself, which hands on its own in `?query=`."""
    found: dict[str, str] = {}
    for query in (request.GET, QueryDict(request.GET.get("query", "")[:_QUERY_LENGTH])):
        for name, value in islice(query.items(), _PARAMETERS):
            found[name[:_NAME_LENGTH].casefold()] = str(value)[:_VALUE_LENGTH]
    return found


def _utm(request: HttpRequest) -> dict[str, str]:
    values = {key: request.GET.get(f"utm_{key}", "").replace("\x00", "")[:_UTM_LENGTH] for key in UTM_KEYS}
    return {key: value for key, value in values.items() if value}


def _referrer_host(request: HttpRequest) -> str:
    """The foreign host the reader came from, "" for our own.

    A fragment is fetched by the page itself, which hands on the referrer it had in `?referrer=`.
    """
    try:
        host = urlsplit(request.headers.get("Referer", "")).hostname or ""
    except ValueError:
        host = ""
    own = request.get_host().rpartition(":")[0] or request.get_host()
    if host in ("", own):
        host = request.GET.get("referrer", "").lower()
    return host if host != own and _HOST.match(host) else ""


def _country(request: HttpRequest) -> str:
    header = settings.COUNTRY_HEADER
    country = request.headers.get(header, "").strip().upper() if header else ""
    return country if _COUNTRY.match(country) and country not in _NO_COUNTRY else ""
