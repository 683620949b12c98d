"""The demo's logins: an administrator and an editor."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group, Permission

from .ledger import Ledger


def steps(ledger: Ledger, password: str) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "admin", lambda: ledger.once("user:admin", lambda: add_user("admin", password, is_superuser=True))
    yield "editor", lambda: ledger.once("user:editor", lambda: add_user("editor", password, is_superuser=False))


def add_user(name: str, password: str, *, is_superuser: bool) -> AbstractUser:
    """A login of that name, unless the site has one already. The editor joins Wagtail's own groups."""
    model = get_user_model()
    if existing := model.objects.filter(username=name).first():
        return existing
    user = model(username=name, is_superuser=is_superuser, is_staff=is_superuser)
    user.set_password(password)
    user.save()
    if not is_superuser:
        user.groups.set(Group.objects.filter(name__in=["Editors", "Moderators"]))
        let_moderators_edit("topic", "segment", "placement")
    return user


def let_moderators_edit(*models: str) -> None:
    """Wagtail's moderators may do everything with these models of the two apps."""
    permissions = Permission.objects.filter(
        content_type__app_label__in=["tagging", "personalization"], content_type__model__in=models
    )
    for group in Group.objects.filter(name="Moderators"):
        group.permissions.add(*permissions)
