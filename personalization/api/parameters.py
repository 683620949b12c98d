"""The query parameters of the endpoints that recommend, read strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from wagtail.models import Locale

from personalization import operations
from personalization.conf import settings
from personalization.operations.queries import site_for
from personalization.visibility import page_for_caller

from .plain_events import LARGEST_PAGE_ID
from .problem import NotFoundField

if TYPE_CHECKING:
    from wagtail.models import Page

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,10}\Z")
NAME = r"^[-a-zA-Z0-9_]+\Z"
PAGE_IDS = r"^([0-9]{0,10},){0,100}[0-9]{0,10}\Z"
LANGUAGE_CODE = r"^[-a-zA-Z0-9_@]+\Z"


class WholeNumber(serializers.IntegerField):
    """An integer in ASCII digits, as a query string spells it."""

    def to_internal_value(self, data: Any) -> int:
        if not WHOLE_NUMBER.match(str(data)):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "maxLength": 1200, "pattern": PAGE_IDS.replace(r"\Z", "$")})
class PageIds(serializers.RegexField):
    """Ids of pages between commas, of which there may be more than ids: a browser puts lists together. May be blank."""


class ListParameters(serializers.Serializer[Any]):
    page = WholeNumber(
        required=False,
        min_value=1,
        max_value=LARGEST_PAGE_ID,
        help_text=gettext_lazy("The id of the page being read."),
    )
    locale = serializers.RegexField(
        LANGUAGE_CODE,
        required=False,
        max_length=100,
        trim_whitespace=False,
        help_text=gettext_lazy("A language code of the site, such as `en`. Left out: the page's, or the browser's."),
    )
    exclude = PageIds(
        PAGE_IDS,
        required=False,
        allow_blank=True,
        max_length=1200,
        trim_whitespace=False,
        help_text=gettext_lazy("Ids of the pages that the same screen shows already, such as `12,7`."),
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # A field of the class would have frozen the setting at import.
        help_text = gettext_lazy("How many items at most. Left out: the placement's own number.")
        n = WholeNumber(required=False, min_value=1, max_value=settings.MAX_ITEMS, help_text=help_text)
        return {**super().get_fields(), "n": n}


class RecommendationParameters(ListParameters):
    placement = serializers.RegexField(
        NAME, max_length=80, trim_whitespace=False, help_text=gettext_lazy("The name of a placement.")
    )


REFERRER = OpenApiParameter(
    "referrer",
    str,
    description="The host that the reader came from, where the request itself cannot say. Segments may ask for it, as "
    "for `utm_source`, `utm_medium` and `utm_campaign`.",
)
QUERY = OpenApiParameter(
    "query",
    str,
    description="Parameters of the address that the reader came by, as a query string: `edition=print&from=mail`. "
    "Segments may ask for them; the first 20 are looked at.",
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What was asked for, looked up: page and locale exist, and the caller may see the page."""

    placement: str
    page: Page | None
    locale: Locale
    n: int | None
    exclude: frozenset[int] = frozenset()


def read_parameters(serializer: serializers.Serializer[Any], placement: str, request: Request) -> Parameters:
    """The looked-up parameters of a validated serializer. A 404 names the one that does not exist."""
    values = serializer.validated_data
    if not re.match(NAME, placement):
        raise NotFoundField("placement", _("No placement can have this name."))
    operations.load_placement(placement)
    page = _page(values.get("page"), request)
    given = (int(page_id) for page_id in values.get("exclude", "").split(",") if page_id)
    exclude = frozenset(page_id for page_id in given if page_id <= LARGEST_PAGE_ID)
    return Parameters(placement, page, _locale(values.get("locale"), page), values.get("n"), exclude)


def _page(page_id: int | None, request: Request) -> Page | None:
    """Pages that don't exist and pages the caller may not see get the same answer."""
    if page_id is None:
        return None
    page = page_for_caller(page_id, site_for(request._request), request._request)
    if page is None:
        raise NotFoundField("page", _("There is no such page."))
    return page


def _locale(code: str | None, page: Page | None) -> Locale:
    if code is None:
        return page.locale if page else Locale.get_active()
    locale = Locale.objects.filter(language_code=code).first()
    if locale is None:
        raise NotFoundField("locale", _("The site has no such locale."))
    return locale
