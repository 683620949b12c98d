"""`manage.py forget_visitor ID`: deletes everything stored about one visitor."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from personalization.management.visitor_command import VisitorCommand
from personalization.operations.rights import FORGET_ACTION, forget, log_right


class Command(VisitorCommand):
    help = "Delete everything that is stored about a visitor, at once and without asking. Logged, without the number."

    def handle(self, *args: Any, **options: Any) -> None:
        visitor_id = self.visitor_id(options)
        if not forget(visitor_id):
            raise CommandError("Nothing is stored about this visitor.")
        log_right(FORGET_ACTION, visitor_id)
        self.stdout.write("Everything about this visitor is deleted.")
