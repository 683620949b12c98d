"""Decisions that the review queue sends, many at a time."""

from __future__ import annotations

import json
from typing import Any

import swapper
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tagging import operations
from tagging.operations import Outcome, Pair, Receipt

from .permissions import editable_pages
from .problems import problem
from .review_filters import OPEN

MOST = 100  # items in one request: it must end before a proxy loses patience
STATUS = {"done": 200, "gone": 404, "conflict": 409, "failed": 500}


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Accept or reject many topics, or take decisions back; each item is answered for itself.

    Takes {"decision": "accept" | "reject", "pairs": [[page id, topic id], …]} or {"decision": "undo",
    "receipts": […]}, at most 100 items, the receipts as they were answered. Answers {"outcomes": [{"pair", "status",
    "problem", "receipt"}, …]} in the order of the items, each with an HTTP status of its own: 200, 403 (not
    this user's page), 404 (gone), 409 (locked, or decided by somebody else) or 500.
    """
    try:
        decision, items = _read(json.loads(request.body))
    except (ValueError, TypeError, KeyError):
        return problem(400, "Bad Request", _("The request could not be read. Reload the list."))
    if len(items) > MOST:
        return problem(400, "Bad Request", _("At most %(most)d topics can be decided at once.") % {"most": MOST})
    forbidden = _not_editable({page_id for page_id, _topic in items}, request.user)
    allowed = {pair: receipt for pair, receipt in items.items() if pair[0] not in forbidden}
    if decision == "undo":
        outcomes = operations.undo_many([receipt for receipt in allowed.values() if receipt], request.user)
    else:
        outcomes = operations.decide_many(allowed, decision, request.user)
    answers = {outcome.pair: _answer(outcome) for outcome in outcomes}
    return JsonResponse({"outcomes": [answers.get(pair) or _refusal(pair) for pair in items]})


def _read(body: Any) -> tuple[str, dict[Pair, Receipt | None]]:
    """The decision and what it is about. Raises ValueError, TypeError or KeyError where the body is not ours."""
    decision = body["decision"]
    if decision == "undo":
        receipts = [_receipt(**receipt) for receipt in body["receipts"]]
        return decision, {receipt.pair: receipt for receipt in receipts}
    if decision not in ("accept", "reject"):
        raise ValueError(decision)
    return decision, {(int(page_id), int(topic_id)): None for page_id, topic_id in body["pairs"]}


def _receipt(pair: tuple[int, int], decided_at: str, before: str) -> Receipt:
    moment = parse_datetime(decided_at)
    if moment is None or before not in OPEN:
        raise ValueError(decided_at, before)
    return Receipt(int(pair[0]), int(pair[1]), moment, before)


def _not_editable(page_ids: set[int], user: Any) -> set[int]:
    """The pages among these that exist, and that the user may not edit."""
    existing = swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=page_ids)
    return set(existing.exclude(pk__in=editable_pages(user).values("pk")).values_list("pk", flat=True))


def _answer(outcome: Outcome) -> dict[str, Any]:
    receipt = outcome.receipt
    # Django's encoder would cut the moment to milliseconds, and the decision would not be found again.
    return {
        "pair": outcome.pair,
        "status": STATUS[outcome.status],
        "problem": outcome.problem,
        "receipt": receipt
        and {"pair": receipt.pair, "decided_at": receipt.decided_at.isoformat(), "before": receipt.before},
    }


def _refusal(pair: Pair) -> dict[str, Any]:
    return {"pair": pair, "status": 403, "problem": _("You may not edit this page."), "receipt": None}
