"""Questions from an editor to a worker, answered while the editor waits, and forgotten."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from tagging.exceptions import TaggingError
from tagging.models import Inquiry

from . import drafts, missing_topics, teaching, topic_effect

logger = logging.getLogger(__name__)

KEPT = timedelta(minutes=10)

Json = dict[str, Any]

# What answers each kind of question: JSON in, JSON out. Runs in a worker, outside any transaction.
ANSWERERS: dict[str, Callable[[Json], Json]] = {
    drafts.KIND: drafts.analyze_draft,
    teaching.KIND: teaching.lesson,
    missing_topics.KIND: missing_topics.answer_missing,
    topic_effect.KIND: topic_effect.effect_of,
}


def ask(kind: str, question: Json, user: Any) -> UUID:
    """Write a question down for a worker; see `tasks.ask_worker`. Returns the id that the answer is fetched with."""
    if kind not in ANSWERERS:
        raise ValueError(f"Nothing answers {kind!r}. Known: {', '.join(sorted(ANSWERERS))}.")
    return Inquiry.objects.create(kind=kind, question=question, user=user).pk


def answer(inquiry_id: UUID) -> None:
    """Answer a question, in a worker. One that is gone, or answered, is left alone; a failure is an answer, too."""
    inquiry = Inquiry.objects.filter(pk=inquiry_id, answer__isnull=True, failure="").first()
    if inquiry is None:
        return
    rows = Inquiry.objects.filter(pk=inquiry_id)
    try:
        found = ANSWERERS[inquiry.kind](inquiry.question)
    except TaggingError as error:
        rows.update(failure=str(error) or type(error).__doc__ or type(error).__name__)
    except Exception:
        logger.exception("A question of kind %r could not be answered.", inquiry.kind)
        rows.update(failure=_("The worker could not answer. Its log says why."))
    else:
        rows.update(answer=found)


def collect(inquiry_id: UUID, user: Any) -> Inquiry | None:
    """The user's question with its answer or failure, once: it is deleted with this call.

    A question that is not answered yet is returned as it is, and stays. None where it is gone.
    """
    inquiry = Inquiry.objects.filter(pk=inquiry_id, user=user).first()
    if inquiry and (inquiry.answer is not None or inquiry.failure):
        Inquiry.objects.filter(pk=inquiry.pk).delete()
    return inquiry


def withdraw(inquiry_id: UUID, user: Any = None) -> None:
    """Forget a question, answered or not; only the user's own where one is given."""
    own = {"user": user} if user else {}
    Inquiry.objects.filter(pk=inquiry_id, **own).delete()


def forget_inquiries() -> int:
    """Delete what nobody came back for; returns how many."""
    return Inquiry.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
