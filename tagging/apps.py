"""Django's handle on the tagging app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TaggingConfig(AppConfig):
    name = "tagging"
    verbose_name = _("Affinity: content")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from celery import current_app

        from tagging import checks, signal_handlers, tasks

        checks.register_checks()
        signal_handlers.connect()
        tasks.schedule(current_app)
