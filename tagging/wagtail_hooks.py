"""What the tagging app adds to Wagtail's admin."""

from __future__ import annotations

from contextlib import suppress
from functools import wraps
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.urls.converters import StringConverter
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import Menu, MenuItem, SubmenuMenuItem
from wagtail.admin.views.pages.create import CreateView
from wagtail.admin.views.pages.edit import EditView

from tagging import operations
from tagging.exceptions import EditConflict
from tagging.panels import ContentAnalysisSidePanel
from tagging.views import accuracy, analysis, drafts, missing, report, review, tag_actions, tags, topic_picker
from tagging.views.entities import BULK_ACTIONS, entity_chooser_viewset, entity_viewset
from tagging.views.known_names import known_name_viewset
from tagging.views.topics import topic_viewset

ICONS = (
    "affinity",
    "affinity-topics",
    "affinity-entities",
    "affinity-known-names",
    "affinity-accuracy",
    "affinity-review",
)

hooks.register("register_log_actions", operations.register_log_actions)


class DecisionConverter(StringConverter):
    """A decision that the panel knows, in a URL."""

    regex = "|".join(analysis.DECISIONS)


register_converter(DecisionConverter, "tagging_decision")


@hooks.register("register_icons")
def register_icons(icons: list[str]) -> list[str]:
    return [*icons, *(f"tagging/icons/{name}.svg" for name in ICONS)]


@hooks.register("insert_global_admin_css")
def admin_css() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("tagging/admin.css"))


@hooks.register("register_admin_menu_item")
def affinity_menu_item() -> MenuItem:
    """The one menu item of both apps. Others add to it by the hook `register_affinity_menu_item`."""
    menu = Menu(register_hook_name="register_affinity_menu_item", construct_hook_name="construct_affinity_menu")
    return SubmenuMenuItem(_("Affinity"), menu, name="affinity", icon_name="affinity", order=450)


@hooks.register("register_affinity_menu_item")
def report_menu_item() -> MenuItem:
    return report.ReportMenuItem(order=110)


@hooks.register("register_affinity_menu_item")
def accuracy_menu_item() -> MenuItem:
    return accuracy.AccuracyMenuItem(order=115)


@hooks.register("register_affinity_menu_item")
def tags_menu_item() -> MenuItem:
    return tags.TagsMenuItem(order=112)


@hooks.register("register_affinity_menu_item")
def missing_menu_item() -> MenuItem:
    return missing.MissingMenuItem(order=105)


@hooks.register("register_permissions")
def tag_permissions() -> QuerySet[Permission]:
    """Lets groups have what the tag report asks for: Wagtail's group editor does not list tags by itself."""
    types = ContentType.objects.get_for_models(*operations.tag_models()).values()
    return Permission.objects.filter(content_type__in=types, codename__regex="^(change|delete)_")


@hooks.register("register_affinity_menu_item")
def review_menu_item() -> MenuItem:
    return review.ReviewMenuItem(order=90)


@hooks.register("construct_homepage_summary_items")
def review_summary_item(request: HttpRequest, items: list[Any]) -> None:
    items.append(review.ReviewSummaryItem(request))


@hooks.register("register_admin_viewset")
def register_viewsets() -> list[Any]:
    return [topic_viewset, entity_chooser_viewset, entity_viewset, known_name_viewset]


for action in BULK_ACTIONS:
    hooks.register("register_bulk_action", action)


@hooks.register("register_admin_urls")
def register_urls() -> list[URLPattern | URLResolver]:
    panel_urls = [
        path("", analysis.panel, name="panel"),
        path("analyze/", analysis.analyze, name="analyze"),
        path("topics/<int:topic_id>/<tagging_decision:decision>/", analysis.decide, name="decide"),
    ]
    return [
        path("affinity/pages/<int:page_id>/", include((panel_urls, "affinity_analysis"))),
        path("affinity/drafts/<int:page_id>/", drafts.draft_of_page, name="affinity_draft"),
        path("affinity/drafts/<uuid:inquiry_id>/", drafts.draft_answer, name="affinity_draft_answer"),
        path(
            "affinity/drafts/<slug:content_type_app_name>/<slug:content_type_model_name>/<int:parent_page_id>/",
            drafts.draft_of_new_page,
            name="affinity_new_draft",
        ),
        path("affinity/find-topics/", topic_picker.find_topics, name="affinity_find_topics"),
        path("affinity/review/", include((review.urlpatterns, "affinity_review"))),
        path("affinity/missing-topics/", include((missing.urlpatterns, "affinity_missing"))),
        path("affinity/tags/", include((tag_actions.urlpatterns, "affinity_tags"))),
        path("affinity/report/", include((report.urlpatterns, "affinity_report"))),
        path("affinity/accuracy/", include((accuracy.urlpatterns, "affinity_accuracy"))),
    ]


@hooks.register("after_edit_page")
def keep_tags(request: HttpRequest, page: Any) -> None:
    """Somebody saved a form that was opened before another editor accepted a topic: the tag stays."""
    loaded_at = parse_datetime(request.POST.get("loaded_revision_created_at", ""))
    if loaded_at:
        with suppress(EditConflict):  # the page cannot be published as it is: Wagtail says so itself
            operations.keep_tags(page.pk, loaded_at, request.user)


def _with_side_panel(view_class: type[Any]) -> None:
    """Add the panel to a page view. Wagtail has no hook for the side panels of pages, up to 8.0 at least."""
    get_side_panels = view_class.get_side_panels

    @wraps(get_side_panels)
    def with_content_analysis(self: Any) -> Any:
        side_panels = get_side_panels(self)
        if not getattr(self, "expects_json_response", False):  # an autosave: the panel stays as it is
            parent = getattr(self, "parent_page", None)
            side_panels.append(ContentAnalysisSidePanel(self.page, self.request, parent))
        return side_panels

    view_class.get_side_panels = with_content_analysis


for page_view in (CreateView, EditView):
    _with_side_panel(page_view)
