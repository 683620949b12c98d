"""URLs of the REST API, version 1. Include them under `api/personalization/v1/`."""

from django.urls import URLPattern, path

from .consent import ConsentView
from .events import EventsView

app_name = "personalization_api"
urlpatterns: list[URLPattern] = [
    path("consent/", ConsentView.as_view(), name="consent"),
    path("events/", EventsView.as_view(), name="events"),
]
