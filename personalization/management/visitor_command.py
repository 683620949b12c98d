"""What the commands about one visitor's data have in common: how the visitor is named."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from personalization.operations.rights import visitor_of_user


class VisitorCommand(BaseCommand):
    """A command about the visitor with an id, or about the one of an account."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("visitor", nargs="?", metavar="ID", help="The visitor's number, with hyphens or without.")
        parser.add_argument("--user", metavar="NAME", help="Instead of the number: the account whose visitor it is.")

    def visitor_id(self, options: dict[str, Any]) -> uuid.UUID:
        """The visitor that the options name. CommandError says what is wrong with them."""
        number, name = options["visitor"], options["user"]
        if bool(number) == bool(name):
            raise CommandError("Give either the visitor's number or --user NAME.")
        return self._of_user(name) if name else self._of_number(number)

    def _of_number(self, number: str) -> uuid.UUID:
        try:
            return uuid.UUID(str(number))
        except ValueError as error:
            raise CommandError(f"{number!r} is no visitor's number: those look like {uuid.UUID(int=0)}.") from error

    def _of_user(self, name: str) -> uuid.UUID:
        users = get_user_model()._default_manager
        user = users.filter(**{get_user_model().USERNAME_FIELD: name}).first()
        if user is None:
            raise CommandError(f"There is no account {name!r}.")
        visitor_id = visitor_of_user(user)
        if visitor_id is None:
            raise CommandError(f"Nothing is stored about the account {name!r}.")
        return visitor_id
