"""Many decisions at once: each is a transaction of its own, so that one that fails holds up no other.

Permissions are the caller's job, as in `decisions`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

import swapper
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.utils.translation import gettext as _

from tagging.exceptions import EditConflict
from tagging.models import Suggestion

from .decisions import accept, reject, undo
from .storage import OPEN_STATES, lock_page, open_state

logger = logging.getLogger(__name__)

DECISIONS = {"accept": (accept, Suggestion.State.ACCEPTED), "reject": (reject, Suggestion.State.REJECTED)}
Pair = tuple[int, int]
"""The ids of a page and of a topic."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Which decision was made, and what the machine had made of the topic before: all that taking it back needs."""

    page_id: int
    topic_id: int
    decided_at: datetime
    before: str

    @property
    def pair(self) -> Pair:
        return self.page_id, self.topic_id


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item of a batch; `problem` is for the editor to read, "" where all went well.

    There is a receipt for what this user has decided, and none for what somebody else had decided so already.
    """

    pair: Pair
    status: Literal["done", "gone", "conflict", "failed"] = "done"
    problem: str = ""
    receipt: Receipt | None = None


def decide_many(pairs: Iterable[Pair], decision: str, user: Any) -> list[Outcome]:
    """Accept or reject (`decision`) each topic that is still open; an outcome for each pair, in its order.

    What somebody else has decided otherwise in the meantime is left as it is, with a problem that says so.
    """
    return [_each(pair, partial(_decide, pair, decision, user)) for pair in pairs]


def undo_many(receipts: Iterable[Receipt], user: Any) -> list[Outcome]:
    """Take back exactly these decisions: each topic is in the state it had, with the tags its page had.

    What was decided again since then is left as it is, with a problem that says so.
    """
    return [_each(receipt.pair, partial(_take_back, receipt, user)) for receipt in receipts]


def _each(pair: Pair, work: Callable[[], Receipt | None]) -> Outcome:
    try:
        with transaction.atomic():
            return Outcome(pair, receipt=work())
    except ObjectDoesNotExist:
        return Outcome(pair, "gone", _("The page, or this topic on it, is gone."))
    except EditConflict as conflict:
        return Outcome(pair, "conflict", str(conflict))
    except Exception:  # a site's own signal receivers may raise anything: the other pages are not to suffer
        logger.exception("Deciding topic %s of page %s failed.", pair[1], pair[0])
        return Outcome(pair, "failed", _("An unexpected error, which is in the server's log. Nothing was changed."))


def _decide(pair: Pair, decision: str, user: Any) -> Receipt | None:
    decide, wanted = DECISIONS[decision]
    found = _locked_row(pair)
    if found.state not in (*OPEN_STATES, wanted):
        raise EditConflict(_decided_otherwise(found))
    was_open = found.state in OPEN_STATES
    decided = decide(*pair, user)
    # Sent twice, as after an answer that got lost: the decision is this user's own, and can be taken back.
    if decided.decided_at is None or decided.decided_by_id != user.pk:
        return None
    return Receipt(*pair, decided.decided_at, found.state if was_open else open_state(found.score))


def _take_back(receipt: Receipt, user: Any) -> None:
    found = _locked_row(receipt.pair)
    if found.decided_at != receipt.decided_at:
        raise EditConflict(_("It was decided again since then. Reload the list to see how."))
    undo(*receipt.pair, user, to=receipt.before)


def _locked_row(pair: Pair) -> Suggestion:
    """The topic of the page, which stays locked until the end of the transaction."""
    page_id, topic_id = pair
    if lock_page(page_id) is None:
        raise swapper.load_model("wagtailcore", "Page").DoesNotExist
    return Suggestion.objects.select_related("decided_by").get(page_id=page_id, topic_id=topic_id)


def _decided_otherwise(suggestion: Suggestion) -> str:
    said = (
        _("%(user)s has accepted it in the meantime.")
        if suggestion.state == Suggestion.State.ACCEPTED
        else _("%(user)s has rejected it in the meantime.")
    )
    user = suggestion.decided_by
    return said % {"user": user.get_username() if user else _("Somebody")}
