"""URLs of the REST API, version 1. Include them under `api/personalization/v1/`."""

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from .consent import ConsentView
from .events import EventsView
from .fragments import FragmentView
from .recommendations import RecommendationsView
from .schema import DocsView, SchemaView


class AnyText(StringConverter):
    """Slashes and line breaks too, so that a name that cannot be one is answered by the endpoint, as a problem."""

    regex = r"[\s\S]+"


register_converter(AnyText, "personalization_any")

app_name = "personalization_api"
urlpatterns: list[URLPattern] = [
    path("consent/", ConsentView.as_view(), name="consent"),
    path("events/", EventsView.as_view(), name="events"),
    path("recommendations/", RecommendationsView.as_view(), name="recommendations"),
    path("fragments/<personalization_any:placement>/", FragmentView.as_view(), name="fragment"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
]
