"""What the review queue says by itself, in the editor's language. The browser fills in what stands in braces."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _


def texts() -> dict[str, Any]:
    """Texts of `tagging/static/tagging/review.js`, by its own names for them."""
    return {
        "accept": {
            "one": _("Accepted “{topic}” for “{page}”."),
            "many": _("Topics accepted: {count}."),
            "row": _("Accepted"),
        },
        "reject": {
            "one": _("Rejected “{topic}” for “{page}”."),
            "many": _("Topics rejected: {count}."),
            "row": _("Rejected"),
        },
        "undo": {
            "one": _("Took back the decision on “{topic}” for “{page}”."),
            "many": _("Decisions taken back: {count}."),
        },
        "left": _("Still to review: {count}"),
        "selected": _("Selected: {count}"),
        "everything": _("Select all {count} that match"),
        "progress": _("{done} of {all} done"),
        "problem": _("“{topic}” for “{page}”: {problem}"),
        "problems": _("Problems: {count}"),
        "offline": _("No answer came from the server. Try again: nothing is decided twice."),
        "theirs": _("Somebody else had decided it so before. It can be taken back in the page's editor."),
        "more": _("All of these are decided. More to review: {count}."),
        "next": _("Show the next ones"),
        "finished": _("Well done: nothing is left to review."),
        "reload": _("Reload the list"),
    }
