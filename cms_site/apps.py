"""Django's handle on the reference site."""

from django.apps import AppConfig


class CmsSiteConfig(AppConfig):
    name = "cms_site"
    default_auto_field = "django.db.models.BigAutoField"
