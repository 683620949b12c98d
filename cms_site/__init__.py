"""The reference Wagtail site: a small magazine that proves both apps."""

from .celery import app as celery_app

__all__ = ["celery_app"]
