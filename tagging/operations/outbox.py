"""The outbox: which pages wait for an analysis, and which worker has taken them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import swapper
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tagging.conf import settings
from tagging.models import PageAnalysis

State = PageAnalysis.State


@dataclass(frozen=True, slots=True)
class Claim:
    """One page that this worker has taken, and what its last analysis was made with.

    `revision` and `claimed_at` together are the token that the result is handed in with: where either
    has changed, the page has changed or another worker has taken it, and the result is thrown away.
    """

    page_id: int
    revision: int
    claimed_at: datetime
    content_hash: str = ""
    recognizer: str = ""
    embedder: str = ""
    topic_set: str = ""


def analyzable_pages() -> QuerySet[Any]:
    """Live pages of the types that are analysed, as base pages."""
    excluded = [ContentType.objects.get_for_model(apps.get_model(label)).pk for label in settings.EXCLUDE_TYPES]
    page_model = swapper.load_model("wagtailcore", "Page")
    pages: QuerySet[Any] = page_model.objects.filter(live=True).exclude(content_type_id__in=excluded)
    return pages


def is_analyzed(page_model: type[Any]) -> bool:
    """Whether pages of a type are analysed at all."""
    return page_model not in [apps.get_model(label) for label in settings.EXCLUDE_TYPES]


def mark_stale(page_ids: Iterable[int], *, again: bool = False) -> int:
    """Queue pages for analysis; returns how many. Drafts and excluded types are left out.

    Part of the caller's transaction, so that the mark and the change it stands for are one. The worker
    stops where it finds that nothing has changed; `again` makes it do the whole work nevertheless.
    """
    wanted = list(analyzable_pages().filter(pk__in=page_ids).values_list("pk", flat=True))
    if not wanted:
        return 0
    PageAnalysis.objects.bulk_create([PageAnalysis(page_id=pk) for pk in wanted], ignore_conflicts=True)
    return _make_stale(PageAnalysis.objects.filter(pk__in=wanted), **({"content_hash": ""} if again else {}))


def mark_outdated(topic_set: str, embedder: str, recognizers: dict[int, str]) -> int:
    """Queue pages whose analysis was made with another topic set, embedder or recogniser; returns how many.

    So are those whose terms were never written. `recognizers` gives the recogniser's id for each locale id. Nothing
    of the text is looked at.
    """
    current = Q()
    for locale_id, name in recognizers.items():
        current |= Q(page__locale_id=locale_id, recognizer=name)
    made_now = PageAnalysis.objects.filter(current, topic_set=topic_set, embedder=embedder)
    fresh = made_now.filter(page__tagging_terms__isnull=False).values("pk")
    outdated = PageAnalysis.objects.filter(state=State.DONE, page__live=True).exclude(pk__in=fresh)
    return _make_stale(outdated)


def mark_unscored(page_ids: Iterable[int]) -> int:
    """Queue pages whose entities editors see otherwise now; returns how many. Texts and vectors are not read again."""
    open_or_done = [State.STALE, State.RUNNING, State.DONE]
    return _make_stale(PageAnalysis.objects.filter(pk__in=page_ids, state__in=open_or_done), topic_set="")


def _make_stale(rows: QuerySet[PageAnalysis], **changes: Any) -> int:
    return rows.update(
        state=State.STALE,
        revision=F("revision") + 1,
        stale_since=timezone.now(),
        claimed_at=None,
        attempts=0,
        reason="",
        **changes,
    )


def waiting(page_ids: Collection[int] | None = None) -> QuerySet[PageAnalysis]:
    """Rows that a worker may take: stale ones, and those whose worker has not come back in time."""
    expired = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS)
    rows = PageAnalysis.objects.filter(
        Q(state=State.STALE) | Q(state=State.RUNNING, claimed_at__lt=expired),
        state__in=[State.STALE, State.RUNNING],  # the condition of the index "tagging_waiting"
    )
    return rows if page_ids is None else rows.filter(pk__in=page_ids)


def is_busy() -> bool:
    """Whether a worker has taken or finished a page within the last minute: it goes on by itself."""
    lately = timezone.now() - timedelta(minutes=1)
    return PageAnalysis.objects.filter(Q(claimed_at__gt=lately) | Q(analyzed_at__gt=lately)).exists()


def claim(limit: int, page_ids: Collection[int] | None = None) -> list[Claim]:
    """Take up to `limit` waiting pages for this worker, oldest first; no other worker gets them.

    A page whose worker died while it was in hand is taken alone, so that the page that killed it takes
    no other with it; after MAX_ATTEMPTS it is set aside as failed.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = list(waiting(page_ids).select_for_update(skip_locked=True).order_by("stale_since", "pk")[:limit])
        hopeful = _give_up(rows)
        chosen = [row for row in hopeful if row.attempts == 0] or hopeful[:1]
        PageAnalysis.objects.filter(pk__in=[row.pk for row in chosen]).update(
            state=State.RUNNING, claimed_at=now, attempts=F("attempts") + 1
        )
    if rows and not chosen:
        return claim(limit, page_ids)
    return [
        Claim(row.pk, row.revision, now, row.content_hash, row.recognizer, row.embedder, row.topic_set)
        for row in chosen
    ]


def _give_up(rows: Sequence[PageAnalysis]) -> list[PageAnalysis]:
    hopeless = [row.pk for row in rows if row.attempts >= settings.MAX_ATTEMPTS]
    if hopeless:
        reason = _("The worker stopped %(count)d times while it analysed this page.")
        PageAnalysis.objects.filter(pk__in=hopeless).update(
            state=State.FAILED, claimed_at=None, reason=reason % {"count": settings.MAX_ATTEMPTS}
        )
    return [row for row in rows if row.pk not in hopeless]


def held(claim: Claim) -> QuerySet[PageAnalysis]:
    """The claimed row, as long as the claim stands; otherwise nothing."""
    return PageAnalysis.objects.filter(
        pk=claim.page_id, state=State.RUNNING, revision=claim.revision, claimed_at=claim.claimed_at
    )


def standing_claims(claims: Collection[Claim], *, waits: bool = True) -> frozenset[int]:
    """The page ids of those claims that still stand, their rows locked until the end of the transaction.

    Without `waits`, rows that somebody else has locked are left out.
    """
    rows = PageAnalysis.objects.select_for_update(skip_locked=not waits).filter(
        pk__in=[claim.page_id for claim in claims], state=State.RUNNING
    )
    taken = set(rows.order_by("pk").values_list("pk", "revision", "claimed_at"))
    return frozenset(one.page_id for one in claims if (one.page_id, one.revision, one.claimed_at) in taken)


def release(claims: Iterable[Claim]) -> None:
    """Give back what this worker will not finish: the pages wait again, as if they had not been taken."""
    for claim in claims:
        held(claim).update(state=State.STALE, claimed_at=None, attempts=F("attempts") - 1)


def fail(claim: Claim, reason: str) -> None:
    """Set a page aside with the reason why it cannot be analysed; its next change queues it again."""
    held(claim).update(state=State.FAILED, claimed_at=None, attempts=0, reason=reason)


def finish_unchanged(claim: Claim) -> None:
    """Nothing had to be done: what is stored is still right."""
    held(claim).update(state=State.DONE, claimed_at=None, attempts=0, reason="")


def skip(claim: Claim, reason: str, **changes: Any) -> None:
    """Set a page aside that is not to be analysed now; what is known of it is kept for when it comes back."""
    held(claim).update(state=State.SKIPPED, claimed_at=None, attempts=0, reason=reason, **changes)
