"""URLs of the REST API, version 1. Include them under `api/personalization/v1/`."""

from django.urls import URLPattern

app_name = "personalization_api"
urlpatterns: list[URLPattern] = []
