""" "Why this?": what a placement shows beside a page to a segment's readers, and what made it so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.widgets import AdminPageChooser
from wagtail.models import Locale, Site
from wagtail.permission_policies.pages import PagePermissionPolicy

from personalization.models import Placement, Segment
from personalization.operations import RecommendedItem, explain, recommendable_types, render_items
from personalization.types import ProfileState, RecQuery, RequestContext
from personalization.visitors.representative import representative_profile
from tagging import index

from .slate_sheet import Sheet, sheets

INTERESTS_SHOWN = 5
ADMIN_CSS = forms.Media(css={"all": ["personalization/admin/affinity.css"]})


class WhyThisForm(forms.Form):
    """Which slate: a placement, beside a page or none, for a segment's readers or anybody."""

    placement = forms.ModelChoiceField(Placement.objects.all(), label=_("Placement"), empty_label=None)
    segment = forms.ModelChoiceField(
        Segment.objects.all(), label=_("For readers in"), required=False, empty_label=_("No segment: nothing is known")
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["page"] = forms.ModelChoiceField(
            PagePermissionPolicy().explorable_instances(user).filter(depth__gt=1),
            label=_("Beside the page"),
            required=False,
            widget=AdminPageChooser(),
            error_messages={"invalid_choice": _("There is no such page, or you may not see it. Choose another.")},
        )

    def clean(self) -> dict[str, Any]:
        if "page" in self.errors:
            # The chooser would show the title of any page, and breaks on what is no id.
            self.data = {**self.data.dict(), "page": ""}  # type: ignore[attr-defined]
        return self.cleaned_data


@dataclass(frozen=True, slots=True)
class ExplainedItem:
    """One item of the slate, with everything that speaks for it."""

    item: RecommendedItem
    sheet: Sheet
    edit_url: str


class WhyThisView(WagtailAdminTemplateMixin, TemplateView):
    """Asks the recommender as a reader's page would, stores nothing, and shows its reasons."""

    template_name = "personalization/admin/why_this.html"
    page_title = _("Why this?")
    header_icon = "help"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]

    @cached_property
    def form(self) -> WhyThisForm:
        return WhyThisForm(self._asked, user=self.request.user)

    @property
    def _asked(self) -> Mapping[str, Any]:
        """What the address says; without a placement, the first one."""
        asked = self.request.GET.copy()
        first = Placement.objects.first()
        if first and not asked.get("placement"):
            asked["placement"] = str(first.pk)
        return asked

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context |= {
            "form": self.form,
            "media": self.form.media + ADMIN_CSS,
            "has_placements": Placement.objects.exists(),
        }
        if context["has_placements"] and self.form.is_valid():
            context |= self._answer(**self.form.cleaned_data)
        return context

    def _answer(self, placement: Placement, segment: Segment | None, page: Any) -> dict[str, Any]:
        profile = representative_profile([segment.pk]) if segment else None
        query = query_for(self.request, placement, segment, page, profile)
        explanation = explain(query)
        found = sheets(explanation)
        shown = render_items(explanation.slate, self.request)
        rows = [self._explained(item, found[item.page.pk]) for item in shown]
        return {
            "rows": rows,
            "placement": placement,
            "segment": segment,
            "page": page,
            "reader": reader_in_words(profile) if segment else "",
            "needs_page": placement.strategy == Placement.Strategy.SIMILAR and page is None,
            "hints": [] if rows else empty_hints(placement, page),
        }

    def _explained(self, shown: RecommendedItem, sheet: Sheet) -> ExplainedItem:
        can_edit = shown.page.permissions_for_user(self.request.user).can_edit()
        url = reverse("wagtailadmin_pages:edit", args=[shown.page.pk]) if can_edit else ""
        return ExplainedItem(shown, sheet, url)


def query_for(
    request: HttpRequest, placement: Placement, segment: Segment | None, page: Any, profile: ProfileState | None
) -> RecQuery:
    """The question a reader of the segment would ask, without a visitor and so without a trace."""
    site = (page.get_site() if page else None) or Site.find_for_request(request)
    locale = page.locale if page else Locale.get_default()
    return RecQuery(
        placement=placement.name,
        n=placement.n,
        site_id=site.pk if site else 0,
        locale_id=locale.pk,
        context=RequestContext(at=timezone.localtime(), locale=locale.language_code),
        page_id=page.pk if page else None,
        profile=profile,
        segments=frozenset([segment.pk]) if segment else frozenset(),
    )


def reader_in_words(profile: ProfileState | None) -> str:
    """The made-up reader who stands for a segment."""
    if profile is None:
        return gettext(
            "No visitor known belongs to this segment and its rules name no topic, so only pins and exclusions differ."
        )
    strongest = sorted(profile.topics.items(), key=lambda pair: -pair[1])[:INTERESTS_SHOWN]
    names = index.topic_names([topic for topic, _weight in strongest])
    interests = [f"{names[topic]} {weight * 100:.0f}\u00a0%" for topic, weight in strongest if topic in names]
    if not interests:
        return gettext("Shown to the segment’s typical reader, who has no clear topic.")
    return gettext("Shown to the segment’s typical reader: %(topics)s.") % {"topics": ", ".join(interests)}


def empty_hints(placement: Placement, page: Any) -> list[str]:
    """What may be done about an empty slate, likeliest first."""
    hints = []
    if placement.page_types.exists() and not placement.page_types.filter(pk__in=recommendable_types()).exists():
        hints.append(gettext("None of the placement’s page types may be recommended. Choose others in the placement."))
    if index.live_model_name() is None:
        hints.append(gettext("No page has been analysed yet. Start a worker and run “manage.py analyze_pages --all”."))
    if page and not page.live:
        hints.append(gettext("The page is not published. Publish it, so that related pages can be found."))
    return hints or [
        gettext("No page that readers may see is left: publish more, or loosen the page types or language.")
    ]


class WhyThisMenuItem(MenuItem):
    """Shown to whoever may see any page."""

    def is_shown(self, request: HttpRequest) -> bool:
        pages: QuerySet[Any] = PagePermissionPolicy().explorable_instances(request.user)
        return pages.exists()


class WhyThisViewSet(ViewSet):
    """The one screen of "Why this?"."""

    name = "personalization_why"
    url_prefix = "affinity/why-this"
    icon = "help"
    menu_label = _("Why this?")
    menu_item_class = WhyThisMenuItem

    def get_urlpatterns(self) -> list[Any]:
        return [path("", WhyThisView.as_view(), name="index")]
