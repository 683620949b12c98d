"""What this app adds to Wagtail's admin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.widgets.button import Button

from personalization.operations import learning, rankers, rights, tuning
from personalization.reports import ExposureReport, NoisyExportsReport, ReadingReport, RecommendationsReport
from personalization.viewsets.choosers import CHOOSERS
from personalization.viewsets.learned import LearnedViewSet
from personalization.viewsets.placements import PlacementViewSet
from personalization.viewsets.ranking import RankingViewSet
from personalization.viewsets.rules import RuleViewSet
from personalization.viewsets.segments import SegmentViewSet
from personalization.viewsets.visitors import PERMISSION, VisitorsViewSet
from personalization.viewsets.why_this import WhyThisViewSet

segments = SegmentViewSet()
learned = LearnedViewSet()
placements = PlacementViewSet()
rules = RuleViewSet()
why_this = WhyThisViewSet()
ranking = RankingViewSet()
report = RecommendationsReport()
reading = ReadingReport()
exposure = ExposureReport()
noisy_exports = NoisyExportsReport()
visitors = VisitorsViewSet()


hooks.register("register_log_actions", learning.register_log_actions)
hooks.register("register_log_actions", rankers.register_log_actions)
hooks.register("register_log_actions", rights.register_log_actions)
hooks.register("register_log_actions", tuning.register_log_actions)


@hooks.register("register_admin_viewset")
def register_viewsets() -> list[ViewSet]:
    own = [segments, learned, placements, rules, why_this, ranking, report, reading, exposure]
    return [*own, noisy_exports, visitors, *CHOOSERS]


@hooks.register("register_affinity_menu_item")
def segments_menu_item() -> MenuItem:
    return segments.get_menu_item(order=300)


@hooks.register("register_affinity_menu_item")
def learned_menu_item() -> MenuItem:
    return learned.get_menu_item(order=305)


@hooks.register("register_affinity_menu_item")
def placements_menu_item() -> MenuItem:
    return placements.get_menu_item(order=310)


@hooks.register("register_affinity_menu_item")
def rules_menu_item() -> MenuItem:
    return rules.get_menu_item(order=315)


@hooks.register("register_affinity_menu_item")
def why_this_menu_item() -> MenuItem:
    return why_this.get_menu_item(order=320)


@hooks.register("register_affinity_menu_item")
def ranking_menu_item() -> MenuItem:
    return ranking.get_menu_item(order=325)


@hooks.register("register_affinity_menu_item")
def report_menu_item() -> MenuItem:
    return report.get_menu_item(order=330)


@hooks.register("register_affinity_menu_item")
def reading_menu_item() -> MenuItem:
    return reading.get_menu_item(order=335)


@hooks.register("register_affinity_menu_item")
def exposure_menu_item() -> MenuItem:
    return exposure.get_menu_item(order=337)


@hooks.register("register_affinity_menu_item")
def noisy_exports_menu_item() -> MenuItem:
    return noisy_exports.get_menu_item(order=340)


@hooks.register("register_settings_menu_item")
def visitors_menu_item() -> MenuItem:
    return visitors.get_menu_item(order=900)


@hooks.register("register_permissions")
def permission_to_protect_visitors() -> QuerySet[Permission]:
    app, codename = PERMISSION.split(".")
    return Permission.objects.filter(content_type__app_label=app, codename=codename)


@hooks.register("register_permissions")
def permissions_for_ranking() -> QuerySet[Permission]:
    codenames = ("view_ranker", "change_ranker")
    return Permission.objects.filter(content_type__app_label="personalization", codename__in=codenames)


@hooks.register("register_page_header_buttons")
def why_this_button(page: Any, user: Any, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    """In the editor's menu of actions, for pages that readers get to see."""
    if view_name == "edit" and page.live and page.depth > 1:
        url = f"{reverse('personalization_why:index')}?page={page.pk}"
        yield Button(_("Why this?"), url=url, icon_name="help", priority=70)
