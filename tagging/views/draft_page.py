"""The page that an editor's form stands for: built in memory, never saved, valid or not."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, TextField
from wagtail.fields import StreamField
from wagtail.models import COMMENTS_RELATION_NAME

PROSE = (CharField, TextField, StreamField)


def fill(form: Any) -> Any:
    """Put into the form's instance what stands in the form, as far as it is prose, and return the instance.

    A field that does not validate (too long, an empty block that must not be) says what it says nevertheless.
    Tags are left alone: a new tag would be made at once.
    """
    instance = form.instance
    form.defer_required_fields()
    for name in form.errors:  # cleans the form, and with it fills the instance from what is valid
        field = form.fields.get(name)
        if field and isinstance(_model_field(instance, name), PROSE):
            setattr(instance, name, field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name)))
    for formset in form.formsets.values():
        if formset.rel_name != COMMENTS_RELATION_NAME:
            kept = [child for child in formset.forms if not formset._should_delete_form(child)]
            getattr(instance, formset.rel_name).set([fill(child) for child in kept])
    return instance


def _model_field(instance: Any, name: str) -> Any:
    return next((field for field in instance._meta.concrete_fields if field.name == name), None)
