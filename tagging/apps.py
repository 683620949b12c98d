"""Django's handle on the tagging app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TaggingConfig(AppConfig):
    name = "tagging"
    verbose_name = _("Affinity: content")
    default_auto_field = "django.db.models.BigAutoField"
