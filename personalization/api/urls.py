"""URLs of the REST API, version 1. Include them under `api/personalization/v1/`."""

from django.urls import URLPattern, path

from .consent import ConsentView
from .events import EventsView
from .fragments import FragmentView
from .recommendations import RecommendationsView
from .schema import DocsView, SchemaView

app_name = "personalization_api"
urlpatterns: list[URLPattern] = [
    path("consent/", ConsentView.as_view(), name="consent"),
    path("events/", EventsView.as_view(), name="events"),
    path("recommendations/", RecommendationsView.as_view(), name="recommendations"),
    # Any path, so that a name that cannot be one is answered here too.
    path("fragments/<path:placement>/", FragmentView.as_view(), name="fragment"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
]
