"""Where the views of entities are put together."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from wagtail.admin.viewsets.model import ModelViewSet

from tagging.models import Entity

from . import merging
from .editing import EntityEditView, EntityForm, EntityInspectView
from .listing import EntityIndexView
from .wikidata_import import WikidataImportView

# What the list says for itself, rather than the viewset.
OWN = (
    "list_display",
    "default_ordering",
    "filterset_class",
    "list_export",
    "export_headings",
    "export_filename",
    "template_name",
    "results_template_name",
)


class EntityViewSet(ModelViewSet):
    """The analysis makes entities; editors say what they are. Nobody adds or deletes one by hand."""

    model = Entity
    name = "affinity_entities"
    url_prefix = "affinity/entities"
    icon = "affinity-entities"
    menu_hook = "register_affinity_menu_item"
    menu_label = _("Entities")
    menu_name = "affinity-entities"
    menu_order = 120
    list_per_page = 50
    inspect_view_enabled = True
    copy_view_enabled = False
    index_view_class = EntityIndexView
    edit_view_class = EntityEditView
    inspect_view_class = EntityInspectView

    def get_form_class(self, for_update: bool = False) -> type[EntityForm]:
        return EntityForm

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        common: dict[str, Any] = super().get_common_view_kwargs(**kwargs)
        return common | {f"{action}_url_name": None for action in ("add", "delete", "usage")}

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        view_kwargs: dict[str, Any] = super().get_index_view_kwargs(**kwargs)
        return {key: value for key, value in view_kwargs.items() if key not in OWN}

    def get_permissions_to_register(self) -> Any:
        return super().get_permissions_to_register().filter(codename__in=["change_entity", "view_entity"])

    def get_urlpatterns(self) -> list[URLPattern]:
        written_by_analysis = {"add", "delete", "usage"}
        patterns = [pattern for pattern in super().get_urlpatterns() if pattern.name not in written_by_analysis]
        return [
            *patterns,
            path("merge/<int:pk>/", merging.merge, name="merge"),
            path("merge/<int:pk>/into/<int:target_id>/", merging.merge_into, name="merge_into"),
            path("split/<int:pk>/", merging.split, name="split"),
            path("import-wikidata/", self.construct_view(WikidataImportView), name="import_wikidata"),
        ]


entity_viewset = EntityViewSet()
