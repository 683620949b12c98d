"""`manage.py export_visitor ID`: everything stored about one visitor, as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError

from personalization.management.visitor_command import VisitorCommand
from personalization.operations.rights import EXPORT_ACTION, export, log_right


class Command(VisitorCommand):
    help = "Write everything that is stored about a visitor as JSON to the standard output. Logged, without the number."

    def handle(self, *args: Any, **options: Any) -> None:
        visitor_id = self.visitor_id(options)
        found = export(visitor_id)
        if found is None:
            raise CommandError("Nothing is stored about this visitor.")
        log_right(EXPORT_ACTION, visitor_id)
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
