"""URLs of the REST API, version 1. Include them under `api/personalization/v1/`."""

from django.db.transaction import non_atomic_requests
from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from .consent import ConsentView
from .events import EventsView
from .fragments import FragmentView
from .recommendations import RecommendationsView
from .schema import DocsView, SchemaView
from .visitor import ExportView, OnboardingView, PageView, ResetView, TopicView, VisitorView


class AnyText(StringConverter):
    """Slashes and line breaks too, so that a name that cannot be one is answered by the endpoint, as a problem."""

    regex = r"[\s\S]+"


register_converter(AnyText, "personalization_any")

app_name = "personalization_api"
urlpatterns: list[URLPattern] = [
    path("consent/", ConsentView.as_view(), name="consent"),
    # Where a site sets ATOMIC_REQUESTS, too, events are committed before the answer says so.
    path("events/", non_atomic_requests(EventsView.as_view()), name="events"),
    path("recommendations/", RecommendationsView.as_view(), name="recommendations"),
    path("fragments/<personalization_any:placement>/", FragmentView.as_view(), name="fragment"),
    path("visitor/", VisitorView.as_view(), name="visitor"),
    path("visitor/topics/<personalization_any:topic>/", TopicView.as_view(), name="visitor_topic"),
    path("visitor/pages/<personalization_any:page>/", PageView.as_view(), name="visitor_page"),
    path("visitor/onboarding/", OnboardingView.as_view(), name="visitor_onboarding"),
    path("visitor/reset/", ResetView.as_view(), name="visitor_reset"),
    path("visitor/export/", ExportView.as_view(), name="visitor_export"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
]
