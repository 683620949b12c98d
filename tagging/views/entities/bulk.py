"""What can be done with several entities of the list at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.utils.functional import classproperty
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail.admin import messages
from wagtail.admin.views.bulk_action import BulkAction
from wagtail.permissions import policy_registry

from tagging.exceptions import CannotMerge
from tagging.models import Entity
from tagging.operations import entities
from tagging.tasks import wake_sweep

from .editing import edit_url
from .merging import TargetForm


class EntityBulkAction(BulkAction):
    """Asks once for all chosen entities. For users who may change entities."""

    template_name = "tagging/entities/bulk.html"
    question: Any = ""
    button: Any = ""

    # Wagtail's classproperty is handed the class, which the linter takes for an instance.
    @classproperty
    def models(cls) -> list[type[Entity]]:  # noqa: N805
        return [Entity]

    def check_perm(self, obj: Entity) -> bool:
        return bool(policy_registry.get_by_type(Entity).user_has_permission(self.request.user, "change"))

    def get_all_objects_in_listing_query(self, parent_id: Any) -> Collection[int]:
        """Nothing: only what was chosen by hand, since the list's filters are not known here."""
        return []

    def get_execution_context(self) -> dict[str, Any]:
        return {"self": self}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"title": self.display_name, "question": self.question, "button": self.button}


class HideAction(EntityBulkAction):
    """Hide all."""

    display_name = _("Hide")
    aria_label = _("Hide the chosen names")
    action_type = "hide"
    action_priority = 10
    question = _("Hide these names? They are shown nowhere, and are no reason for a topic. They can be shown again.")
    button = _("Yes, hide")

    @classmethod
    def execute_action(cls, objects: Sequence[Entity], **kwargs: Any) -> tuple[int, int]:
        for entity in objects:
            entities.hide(entity, kwargs["self"].request.user)
        wake_sweep()
        return len(objects), 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        return ngettext("%d name is hidden.", "%d names are hidden.", num_parent_objects) % num_parent_objects


class ShowAction(EntityBulkAction):
    """Show all again."""

    display_name = _("Show again")
    aria_label = _("Show the chosen names again")
    action_type = "show"
    action_priority = 20
    question = _("Show these names again?")
    button = _("Yes, show")

    @classmethod
    def execute_action(cls, objects: Sequence[Entity], **kwargs: Any) -> tuple[int, int]:
        for entity in objects:
            entities.unhide(entity, kwargs["self"].request.user)
        wake_sweep()
        return len(objects), 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        return ngettext("%d name is shown.", "%d names are shown.", num_parent_objects) % num_parent_objects


class MergeAction(EntityBulkAction):
    """Merge all into one, which may be among them."""

    display_name = _("Merge")
    aria_label = _("Merge the chosen names into one")
    action_type = "merge"
    action_priority = 30
    form_class = TargetForm
    question = _("Merge these names into one? Each can be split off again on the page of the one that stays.")
    button = _("Yes, merge")

    @classmethod
    def execute_action(cls, objects: Sequence[Entity], **kwargs: Any) -> tuple[int, int]:
        view = kwargs["self"]
        target: Entity = view.cleaned_form.cleaned_data["target"]
        merged = 0
        for entity in objects:
            if entity == target:
                continue
            try:
                entities.merge(entity, target, view.request.user)
                merged += 1
            except CannotMerge as error:
                messages.warning(view.request, str(error))
        wake_sweep()
        view.next_url = edit_url(target)
        return merged, 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str | None:
        if not num_parent_objects:
            return None
        return ngettext("%d name was merged.", "%d names were merged.", num_parent_objects) % num_parent_objects


BULK_ACTIONS = (HideAction, ShowAction, MergeAction)
