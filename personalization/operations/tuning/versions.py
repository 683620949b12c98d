"""Keeps proposals as versions of a placement's setting; an editor's word decides which is served."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from wagtail.log_actions import log

from personalization.exceptions import AlreadyDecided
from personalization.models import Placement, PlacementTuning
from personalization.operations.placements import forget_placements
from personalization.recommendation.tuning import Setting

PROPOSE: Final = "personalization.tuning.propose"
APPROVE: Final = "personalization.tuning.approve"
DECLINE: Final = "personalization.tuning.decline"
UNDO: Final = "personalization.tuning.undo"

State = PlacementTuning.State


def setting_of(placement: Placement, segment_id: int | None = None) -> Setting:
    """What is served now to readers of the segment, or to those of no tuned one."""
    found = _approved(placement, segment_id).first() if segment_id is not None else None
    if found:
        return Setting.from_json(found.proposed)
    return Setting(placement.diversity, dict(placement.weights) or None, placement.exploration)


@transaction.atomic
def propose(
    placement: Placement, segment_id: int | None, proposed: Setting, figures: Mapping[str, Any]
) -> PlacementTuning:
    """Keep a proposal for an editor to decide on. An older one that nobody decided on is replaced."""
    placement = _locked(placement)
    waiting = PlacementTuning.objects.filter(placement=placement, segment=segment_id, state=State.PROPOSED)
    waiting.update(state=State.REPLACED, decided_at=timezone.now())
    last = PlacementTuning.objects.filter(placement=placement).aggregate(Max("number"))["number__max"] or 0
    tuning = PlacementTuning.objects.create(
        placement=placement,
        segment_id=segment_id,
        number=last + 1,
        before=setting_of(placement, segment_id).to_json(),
        proposed=proposed.to_json(),
        figures=dict(figures),
    )
    _log(tuning, PROPOSE, None)
    return tuning


@transaction.atomic
def approve(tuning: PlacementTuning, user: AbstractBaseUser) -> PlacementTuning:
    """Serve by it from now on. Raises `AlreadyDecided`."""
    tuning = _undecided(tuning)
    placement, setting = tuning.placement, Setting.from_json(tuning.proposed)
    tuning.before = setting_of(placement, tuning.segment_id).to_json()
    if tuning.segment_id is None:
        _write(placement, setting)
    return _decided(tuning, State.APPROVED, APPROVE, user)


@transaction.atomic
def decline(tuning: PlacementTuning, user: AbstractBaseUser) -> PlacementTuning:
    """Leave it as it is. Raises `AlreadyDecided`."""
    return _decided(_undecided(tuning), State.DECLINED, DECLINE, user)


@transaction.atomic
def undo(tuning: PlacementTuning, user: AbstractBaseUser) -> PlacementTuning:
    """Serve again what was served before it was approved. Raises `AlreadyDecided` where it is not in force any more.

    What an editor changed in the placement's form since then stays as it is.
    """
    placement = _locked(tuning.placement)
    found = _approved(placement, tuning.segment_id).first()
    if found is None or found.pk != tuning.pk:
        raise AlreadyDecided
    if found.segment_id is None:
        _write(placement, _taken_back(placement, Setting.from_json(found.before), Setting.from_json(found.proposed)))
    found.placement = placement
    return _decided(found, State.UNDONE, UNDO, user)


def open_proposals(placement: Placement) -> QuerySet[PlacementTuning]:
    """What waits for an editor's word."""
    rows = PlacementTuning.objects.filter(placement=placement, state=State.PROPOSED)
    return rows.select_related("segment").order_by("number")


def in_force(placement: Placement) -> list[PlacementTuning]:
    """The approved versions that are served or, for everybody, were written to the placement: one for each segment."""
    rows = placement.tunings.filter(state=State.APPROVED).select_related("segment")
    found: dict[int | None, PlacementTuning] = {}
    for row in rows.order_by("-decided_at", "-number"):
        found.setdefault(row.segment_id, row)
    return list(found.values())


def held_by(placement: Placement, segments: Iterable[int]) -> PlacementTuning | None:
    """The version by which readers in these segments are served; None: by the placement's own setting."""
    wanted = set(segments)
    return next((row for row in in_force(placement) if row.segment_id in wanted), None)


def _approved(placement: Placement, segment_id: int | None) -> QuerySet[PlacementTuning]:
    rows = PlacementTuning.objects.filter(placement=placement, segment=segment_id, state=State.APPROVED)
    return rows.order_by("-decided_at", "-number")


def _locked(placement: Placement) -> Placement:
    """One editor at a time: whoever waits sees what the other one decided."""
    found: Placement = Placement.objects.select_for_update().get(pk=placement.pk)
    return found


def _undecided(tuning: PlacementTuning) -> PlacementTuning:
    placement = _locked(tuning.placement)
    tuning = PlacementTuning.objects.select_related("segment").get(pk=tuning.pk)
    if tuning.state != State.PROPOSED:
        raise AlreadyDecided
    tuning.placement = placement
    return tuning


def _decided(tuning: PlacementTuning, state: str, action: str, user: AbstractBaseUser) -> PlacementTuning:
    tuning.state, tuning.decided_at, tuning.decided_by_id = state, timezone.now(), user.pk
    tuning.save(update_fields=["before", "state", "decided_at", "decided_by"])
    _log(tuning, action, user)
    transaction.on_commit(forget_placements)
    return tuning


def _write(placement: Placement, setting: Setting) -> None:
    placement.diversity, placement.weights = setting.diversity, dict(setting.weights or {})
    if setting.exploration is not None:
        placement.exploration = setting.exploration
    placement.save(update_fields=["diversity", "exploration", "weights"])


def _taken_back(placement: Placement, before: Setting, approved: Setting) -> Setting:
    now = setting_of(placement)
    return Setting(
        before.diversity if now.diversity == approved.diversity else now.diversity,
        before.weights if now.weights == approved.weights else now.weights,
        before.exploration if now.exploration == approved.exploration else now.exploration,
    )


def _log(tuning: PlacementTuning, action: str, user: AbstractBaseUser | None) -> None:
    segment = tuning.segment.name if tuning.segment else ""
    log(instance=tuning.placement, action=action, user=user, data={"number": tuning.number, "segment": segment})
