"""Keeps other sites from speaking in a reader's name: only our own pages may post with the visitor cookie.

The cookie is SameSite=Lax and bodies must be JSON, which no form of another site can send; a sibling subdomain
counts as the same site, though, so that the origin itself is compared. A site's other front ends are named in
Django's CSRF_TRUSTED_ORIGINS.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.http import HttpRequest
from django.utils.http import is_same_domain
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class SameOrigin(BasePermission):
    """Refuses what a page of another origin sends. A client that is no browser sends neither header and may."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method in SAFE_METHODS or is_from_here(request._request):
            return True
        raise PermissionDenied(_("Requests from other origins are refused. See CSRF_TRUSTED_ORIGINS."))


def is_from_here(request: HttpRequest) -> bool:
    """Whether the request comes from this origin, from a trusted one, or from no web page at all."""
    fetch_site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if fetch_site in ("same-origin", "none"):
        return True
    if origin is None:
        return fetch_site is None
    is_own = fetch_site is None and origin == f"{request.scheme}://{request.get_host()}"
    return is_own or any(_is_trusted(origin, trusted) for trusted in django_settings.CSRF_TRUSTED_ORIGINS)


def _is_trusted(origin: str, trusted: str) -> bool:
    if "*" not in trusted:
        return origin == trusted
    try:
        asked, pattern = urlsplit(origin), urlsplit(trusted)
    except ValueError:
        return False
    return asked.scheme == pattern.scheme and is_same_domain(asked.netloc, pattern.netloc.lstrip("*"))
