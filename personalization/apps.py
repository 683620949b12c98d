"""Django's handle on the personalization app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PersonalizationConfig(AppConfig):
    name = "personalization"
    verbose_name = _("Affinity: visitors")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from celery import current_app

        from . import checks, signal_handlers, tasks
        from .visitors import memberships

        checks.connect()
        signal_handlers.connect()
        memberships.connect()
        tasks.schedule(current_app)
