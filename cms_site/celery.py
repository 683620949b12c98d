"""The site's Celery app. Its settings are the Django settings that begin with CELERY_."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms_site.settings")

app = Celery("cms_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
