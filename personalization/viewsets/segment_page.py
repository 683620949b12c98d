"""The page about a segment's visitors: how many, what they read, and where the segment is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import View
from wagtail.admin.views import generic
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.widgets.button import HeaderButton
from wagtail.models import Site

from personalization.conf import settings
from personalization.models import PlacementRule, Segment, SegmentSize
from personalization.preview import PREFIX
from personalization.segmentation import Group, concerns_absent, named_in, visit_rules
from personalization.segmentation.fields import SegmentChoice
from personalization.visitors.crowds import DAYS, Census, census
from personalization.visitors.journeys import Step
from personalization.visitors.portraits import PageReaders, click_rates, portrait
from personalization.visitors.references import load_references, usable_trees

from .charts import DayValue, LineChart, RateBar
from .segment_pages import PageLink, can_be_previewed, known_pages, page_links

HISTORY_DAYS: Final = 90
PAGES: Final = 8


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One of the pages read most, and the share of the visitors who read it; None for nearly all."""

    page: PageLink
    percent: int | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another segment, and how many of this one's visitors belong there, too."""

    segment: Segment
    visitors: int
    percent: int


class SegmentPageView(generic.InspectView):
    """One segment's visitors, of the last 30 days. Shows nobody: only groups of k or more, and their averages."""

    template_name = "personalization/admin/segment/page.html"
    page_title = _("Visitors")

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        url = f"{reverse('personalization_why:index')}?segment={self.object.pk}"
        return [HeaderButton(gettext("Why this?"), url=url, icon_name="help")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = census()
        size, everybody = found.size(self.object.pk), found.size()
        return {
            **super().get_context_data(**kwargs),
            "segment": self.object,
            "days": DAYS,
            "k": settings.K_ANONYMITY,
            "size": size,
            "everybody": everybody,
            "percent": round(100 * size / everybody) if size and everybody else None,
            "is_by_visit": bool(self._tree and visit_rules(self._tree)),
            "is_about_absent": bool(self._tree and concerns_absent(self._tree)),
            "history": self._history(),
            "rates": self._rates(),
            "uses": self._uses(),
            "used_by": self._used_by(),
            "previews": self._previews(),
            **(self._portrait(found, size) if size else {}),
        }

    def _portrait(self, found: Census, size: int) -> dict[str, Any]:
        """What enough visitors of the segment have in common."""
        drawn = portrait(self.object.pk, found)
        named = {step.page_id for journey in drawn.journeys for step in journey} | set(list(drawn.pages)[: 4 * PAGES])
        links = page_links(self.object.pk, named, self.request.user)
        return {
            "topics": drawn.topics,
            "pages": _read_pages(drawn.pages, links),
            "journeys": [_in_words(steps, links) for steps in drawn.journeys if all(s.page_id in links for s in steps)],
            "overlaps": self._overlaps(drawn.overlap, size),
        }

    def _history(self) -> LineChart | None:
        since = timezone.localdate() - timedelta(days=HISTORY_DAYS)
        rows = SegmentSize.objects.filter(segment=self.object, day__gt=since).order_by("day")
        days = [DayValue(row.day, row.size if row.is_shown else None) for row in rows]
        return LineChart.of(days) if any(each.value is not None for each in days) else None

    def _rates(self) -> tuple[RateBar, ...]:
        found = click_rates(self.object.pk)
        rows = [(gettext("This segment"), found.segment), (gettext("All visitors"), found.everybody)]
        return RateBar.row([(label, rate) for label, rate in rows if rate]) if found.segment else ()

    def _overlaps(self, shared: Mapping[int, int], size: int) -> list[Overlap]:
        others = Segment.objects.in_bulk(shared)
        return [Overlap(others[pk], n, round(100 * n / size)) for pk, n in shared.items() if pk in others]

    def _uses(self) -> list[tuple[PlacementRule, PageLink | None]]:
        rules = PlacementRule.objects.filter(segment=self.object).select_related("placement")
        pages = {rule.pk: rule.page_id or rule.section_id for rule in rules}
        links = page_links(self.object.pk, {page_id for page_id in pages.values() if page_id}, self.request.user)
        return [(rule, links.get(pages[rule.pk] or 0)) for rule in rules]

    def _used_by(self) -> list[Segment]:
        return [other for other in Segment.objects.all() if self.object.pk in named_in(other.rules, SegmentChoice)]

    @cached_property
    def _tree(self) -> Group | None:
        return usable_trees(load_references()).get(self.object.pk)

    def _previews(self) -> list[PageLink]:
        """The front pages of the sites, as the segment's readers see them."""
        roots = set(Site.objects.values_list("root_page", flat=True))
        links = page_links(self.object.pk, roots, self.request.user)
        return [link for link in links.values() if link.preview_url]


class SegmentPreviewView(PermissionCheckedMixin, View):
    """A live page as the segment's readers see it. Nothing is stored."""

    model = Segment
    any_permission_required = ("add", "change", "delete", "view")

    def get(self, request: HttpRequest, pk: int, page_id: int) -> HttpResponse:
        page = known_pages([page_id], request.user).get(page_id)
        if page is None or not can_be_previewed(page) or not Segment.objects.filter(pk=pk).exists():
            raise Http404
        response: HttpResponse = page.specific.make_preview_request(request, f"{PREFIX}{pk}")
        return response


def _read_pages(read: Mapping[int, PageReaders], links: Mapping[int, PageLink]) -> list[ReadPage]:
    found = [
        ReadPage(links[page], None if row.readers is None else round(100 * row.readers / row.of))
        for page, row in read.items()
        if page in links
    ]
    return found[:PAGES]


def _in_words(journey: tuple[Step, ...], links: Mapping[int, PageLink]) -> list[tuple[PageLink, int]]:
    return [(links[step.page_id], step.minutes) for step in journey]
