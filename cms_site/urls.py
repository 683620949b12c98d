"""URLs of the reference site."""

import re

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path
from django.views.static import serve
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.contrib.sitemaps.views import sitemap
from wagtail.documents import urls as wagtaildocs_urls

from .feeds import ArticleFeed
from .sitemaps import PublicSitemap

urlpatterns = [
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("api/personalization/v1/", include("personalization.api.urls")),
    path("sitemap.xml", sitemap, {"sitemaps": {"pages": PublicSitemap}}),
    *i18n_patterns(
        path("feed/", ArticleFeed(), name="feed"),
        path("affinity/you/", include("personalization.views.urls")),
        path("", include(wagtail_urls)),
        prefix_default_language=False,
    ),
]

if settings.SERVE_MEDIA:
    media = re.escape(settings.MEDIA_URL.lstrip("/"))
    urlpatterns.insert(
        0, re_path(rf"^{media}(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}, name="media")
    )
