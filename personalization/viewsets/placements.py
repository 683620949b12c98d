"""Placements in Wagtail's admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, path, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, InlinePanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button, HeaderButton

from personalization.columns import CountColumn, HiddenLastMixin, ShareColumn
from personalization.models import Placement
from personalization.operations import recommendable_types
from personalization.visitors.traffic import placements_with, traffic

from .placement_preview import PreviewPanel, PreviewView
from .rule_fields import what_panels, when_panels
from .sliders import SliderInput
from .tuning import TuningPanel, page_of
from .tuning import urlpatterns as tuning_urls


class PageTypesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Page types by their names, as checkboxes."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return str(capfirst(obj.name))


class PlacementForm(WagtailAdminModelForm):
    """A placement. Offers the page types that may be recommended at all, and those chosen before."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self._meta.model._meta.get_field("page_types")
        chosen = self.instance.page_types.all() if self.instance.pk else ()
        offered = Q(pk__in=recommendable_types()) | Q(pk__in=[content_type.pk for content_type in chosen])
        self.fields["page_types"] = PageTypesField(
            queryset=ContentType.objects.filter(offered).order_by("app_label", "model"),
            required=False,
            label=capfirst(field.verbose_name),
            help_text=field.help_text,
        )

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(
            css={"all": ["personalization/admin/affinity.css"]}, js=["personalization/admin/copy.js"]
        )


class PlacementIndexView(HiddenLastMixin, generic.IndexView):
    """The list, with what readers saw and clicked in the last 30 days."""

    def get_base_queryset(self) -> QuerySet[Placement]:
        return placements_with(traffic())

    def get_list_more_buttons(self, instance: Placement) -> list[Any]:
        url = f"{reverse('personalization_why:index')}?placement={instance.pk}"
        return [
            *super().get_list_more_buttons(instance),
            Button(gettext("Why this?"), url=url, icon_name="help"),
            Button(gettext("Tuning"), url=page_of(instance.pk), icon_name="sliders"),
        ]


class PlacementEditView(generic.EditView):
    """The form, with a way to what the placement shows."""

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        url = f"{reverse('personalization_why:index')}?placement={self.object.pk}"
        return [
            HeaderButton(gettext("Why this?"), url=url, icon_name="help"),
            HeaderButton(gettext("Tuning"), url=page_of(self.object.pk), icon_name="sliders"),
        ]


class CodeHintPanel(HelpPanel):
    """The template tag and the API address that show this placement."""

    class BoundPanel(HelpPanel.BoundPanel):
        def is_shown(self) -> bool:
            return bool(self.instance.pk)

        @property
        def tag(self) -> str:
            return f'{{% recommended "{self.instance.name}" %}}'

        @property
        def api_url(self) -> str:
            """ "" where the site does not include the API's URLs."""
            try:
                url = reverse("personalization_api:recommendations")
            except NoReverseMatch:
                return ""
            address: str = self.request.build_absolute_uri(f"{url}?placement={self.instance.name}")
            return address


class PlacementViewSet(ModelViewSet):
    """Named spots that show recommendations."""

    model = Placement
    name = "personalization_placements"
    url_prefix = "affinity/placements"
    icon = "thumbtack"
    menu_label = _("Placements")
    index_view_class = PlacementIndexView
    edit_view_class = PlacementEditView
    search_fields = ("name", "title")
    list_display = (
        "name",
        Column("strategy", label=_("Strategy"), accessor=lambda placement: short_strategy(placement)),
        CountColumn("impressions", label=_("Seen")),
        CountColumn("clicks", label=_("Clicks")),
        ShareColumn("ctr", label=_("CTR, 30 days")),
    )
    list_filter = ("strategy",)
    ordering = ("name",)

    def get_urlpatterns(self) -> list[Any]:
        preview = PreviewView.as_view(form_class=self.get_form_class(for_update=True))
        return [
            *super().get_urlpatterns(),
            path("preview/", preview, name="preview_new"),
            path("<int:pk>/preview/", preview, name="preview"),
            *tuning_urls(),
        ]

    def get_edit_handler(self) -> Any:
        panels = [
            MultiFieldPanel([FieldPanel("name"), FieldPanel("title"), FieldPanel("n")], heading=_("Placement")),
            CodeHintPanel(template="personalization/admin/code_hint_panel.html", heading=_("Show it on the site")),
            MultiFieldPanel(
                [
                    FieldPanel("strategy", help_text=_("Where a strategy finds too few pages, the next best fill up.")),
                    FieldPanel("page_types"),
                    FieldPanel("minimum_score", widget=SliderInput()),
                    FieldPanel("when_read"),
                ],
                heading=_("What is shown"),
            ),
            TuningPanel(template="personalization/admin/tuning/panel.html", heading=_("Tuning")),
            MultiFieldPanel(
                [
                    PreviewPanel(template="personalization/admin/placement_preview_panel.html", heading=_("Preview")),
                    FieldPanel("diversity", widget=SliderInput()),
                    FieldRowPanel(
                        [FieldPanel("max_per_topic"), FieldPanel("max_per_author"), FieldPanel("max_per_section")]
                    ),
                    FieldPanel("popularity_debias", widget=SliderInput()),
                    FieldPanel("exploration", widget=SliderInput(most=0.5)),
                    FieldRowPanel([FieldPanel("freshness_days"), FieldPanel("patience")]),
                ],
                heading=_("Variety"),
            ),
            InlinePanel(
                "page_rules",
                panels=[*what_panels(), *when_panels()],
                heading=_("Editors’ rules"),
                label=_("rule"),
                help_text=_(
                    "Pins come first, in this order. Of several rules for one page one decides: what is said of the "
                    "page before what is said of its topic or section, here before everywhere, for a segment before "
                    "for all, in a language before in all; then exclude, pin, bury, boost."
                ),
            ),
        ]
        return ObjectList(panels, base_form_class=PlacementForm).bind_to_model(self.model)


def short_strategy(placement: Placement) -> str:
    """The strategy's name without what explains it in the form."""
    return str(placement.get_strategy_display()).partition(":")[0]
