"""The report "Tags": what is untidy about the site's tags, and one click to tidy it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import swapper
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from tagging import operations
from tagging.operations import Finding, TagReport, TagUse

from .permissions import editable_pages

SHOWN, PER_PAGE = 5, 20  # findings of a kind: on the whole report, and on the page of the kind
EXAMPLES, LOOKED_AT = 3, 50  # pages of a tag: named, and looked at for some that the user may edit
RECENT = 10

HEADINGS = {
    "name": (
        _("One name, written differently"),
        _("These differ only by case, plural, accent, hyphen or space."),
    ),
    "synonym": (
        _("Other words for a topic"),
        _("These are synonyms of a topic. Its own tag is the one that accepting the topic writes."),
    ),
    "spelling": (
        _("Perhaps misspelt"),
        _("These differ by a letter or two."),
    ),
    "vectors": (
        _("On pages about the same things"),
        _("What is tagged with these reads so much alike that one tag may be enough."),
    ),
    "common": (
        _("On most pages"),
        _("A tag on more than half of the pages tells readers and the topic model little."),
    ),
    "orphan": (
        _("Used nowhere"),
        _("No page, no draft and nothing else has these tags."),
    ),
}

DIFFERENCES = {
    "case": _("upper and lower case"),
    "accent": _("accents"),
    "punctuation": _("hyphens, spaces or punctuation"),
    "plural": _("singular and plural"),
}


@dataclass(frozen=True, slots=True)
class ShownTag:
    """A tag of a finding with pages that have it and that the user may edit."""

    use: TagUse
    examples: Sequence[Any]


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding as a card."""

    finding: Finding
    tags: Sequence[ShownTag]

    @property
    def differences(self) -> list[str]:
        return [str(DIFFERENCES[kind]) for kind in self.finding.differences]

    @property
    def percent(self) -> int:
        return round(100 * self.finding.share)


@dataclass(frozen=True, slots=True)
class Section:
    """The findings of one kind."""

    kind: str
    findings: Sequence[ShownFinding]
    count: int
    url: str

    @property
    def heading(self) -> Any:
        return HEADINGS[self.kind][0]

    @property
    def help_text(self) -> Any:
        return HEADINGS[self.kind][1]

    @property
    def is_cut(self) -> bool:
        return self.count > len(self.findings)


def changeable_models(user: Any) -> list[type[Any]]:
    """The tag models of the site's page types whose tags a user may change."""
    return [model for model in operations.tag_models() if may(user, "change", model)]


def may(user: Any, action: str, model: type[Any]) -> bool:
    """Whether a user has one of Django's permissions on a tag model."""
    allowed: bool = user.has_perm(f"{model._meta.app_label}.{action}_{model._meta.model_name}")
    return allowed


class TagsMenuItem(MenuItem):
    """Shown to whoever may change tags."""

    def __init__(self, order: int) -> None:
        super().__init__(_("Tags"), reverse("affinity_tags:index"), name="affinity-tags", icon_name="tag", order=order)

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(changeable_models(request.user))


class TagReportView(WagtailAdminTemplateMixin, TemplateView):
    """All kinds of findings, the first of each; `?kind=` all of one kind; `?ignored=1` those put away."""

    template_name = "tagging/tags/index.html"
    page_title = _("Tags")
    header_icon = "tag"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not self.models:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def models(self) -> list[type[Any]]:
        return changeable_models(self.request.user)

    @cached_property
    def model(self) -> type[Any]:
        label = self.request.GET.get("model", "")
        return next((model for model in self.models if model._meta.label == label), self.models[0])

    @property
    def kind(self) -> str:
        kind = self.request.GET.get("kind", "")
        return "ignored" if "ignored" in self.request.GET else kind if kind in operations.KINDS else ""

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        report = operations.tag_report(self.model)
        sections, found_page = self._sections(report)
        return context | {
            "report": report,
            "kind": self.kind,
            "sections": sections,
            "found_page": found_page,
            "elsewhere": self._url(kind=self.kind) if found_page else "",
            "all_url": self._url(),
            "ignored_url": self._url(ignored=1),
            "model_label": self.model._meta.label,
            "models": [
                (capfirst(model._meta.verbose_name_plural), self._url(model), model is self.model)
                for model in self.models
            ],
            "may_delete": may(self.request.user, "delete", self.model),
            "merges": operations.recent_merges(self.models, RECENT),
        }

    def _sections(self, report: TagReport) -> tuple[list[Section], Page[Finding] | None]:
        if self.kind:
            # The kind comes from the address; one that no finding has gives an empty list.
            found = report.ignored if self.kind == "ignored" else report.findings.get(self.kind, [])  # type: ignore[call-overload]
            page = Paginator(found, PER_PAGE).get_page(self.request.GET.get("p"))
            by_kind: dict[str, list[Finding]] = {}
            for finding in page.object_list:
                by_kind.setdefault(finding.kind, []).append(finding)
            counts = {kind: len(findings) for kind, findings in by_kind.items()}
        else:
            page = None
            counts = {kind: len(findings) for kind, findings in report.findings.items()}
            by_kind = {kind: findings[:SHOWN] for kind, findings in report.findings.items()}
        shown = self._shown([finding for findings in by_kind.values() for finding in findings])
        sections = [
            Section(kind, [shown[finding.key] for finding in by_kind[kind]], counts[kind], self._url(kind=kind))
            for kind in operations.KINDS
            if kind in by_kind
        ]
        return sections, page

    def _shown(self, findings: Iterable[Finding]) -> dict[str, ShownFinding]:
        findings = list(findings)
        keys = {key for finding in findings for key in finding.tag_ids}
        pages_of = {key: ids[:LOOKED_AT] for key, ids in operations.pages_by_tag(self.model, keys).items()}
        ids = {page_id for ids in pages_of.values() for page_id in ids}
        pages = editable_pages(self.request.user).filter(pk__in=ids).in_bulk()
        examples = {
            key: [pages[page_id] for page_id in found if page_id in pages][:EXAMPLES] for key, found in pages_of.items()
        }
        return {
            finding.key: ShownFinding(finding, [ShownTag(use, examples.get(use.tag.pk, ())) for use in finding.uses])
            for finding in findings
        }

    def _url(self, model: type[Any] | None = None, **query: Any) -> str:
        return report_url(model or self.model, **query)


def report_url(model: type[Any], **query: Any) -> str:
    """The report of a tag model; the first one needs not be named."""
    if model is not operations.tag_models()[0]:
        query["model"] = model._meta.label
    url = reverse("affinity_tags:index")
    return f"{url}?{urlencode(query)}" if query else url


def out_of_reach(user: Any, page_ids: Iterable[int]) -> int:
    """How many of these pages a user may not edit."""
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=page_ids)
    count: int = pages.exclude(pk__in=editable_pages(user).values("pk")).count()
    return count
