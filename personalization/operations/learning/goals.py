"""Fits who is likely to reach a goal, and measures that on what came later than all it learned from. For workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from django.utils.translation import gettext_noop as _

from personalization.conf import settings
from personalization.exceptions import NotLearned
from personalization.models import LearnedSegmentation
from personalization.operations.fitting import Tell
from personalization.segmentation.learned import (
    Evaluation,
    FeatureSpec,
    GoalModel,
    Matrix,
    Outcomes,
    describable,
    distinctive_topics,
    evaluate_goal,
    matrix,
    mean_topics,
    spec_for,
    train_goal,
)
from personalization.types import ProfileState
from personalization.visitors.learned import shortened
from tagging import index

from .crowds import TOPICS_KEPT, known_visitors
from .examples import Example, examples
from .fitted import Fitted, FoundCluster

LEAST_REACHED = 20
"""So many visitors have to have reached a goal for anything to be learned of them."""


def fit_goal(segmentation: LearnedSegmentation, tell: Tell) -> Fitted:
    """The visitors likely to reach the goal, as one cluster. Raises NotLearned."""
    found = list(examples(segmentation))
    spec = spec_for([example.profile for example in found], index.live_model_name() or "")
    found = [example for example in found if describable(example.profile, spec)]
    _require(found)
    tell(50)
    evaluation = _held_out(segmentation, found, spec)
    tell(70)
    # The column's choices are the methods.
    model = GoalModel(spec, train_goal(segmentation.method, *_table(found, spec), segmentation.seed))  # type: ignore[arg-type]
    profiles = [profile for profile in known_visitors() if describable(profile, spec)]
    return Fitted(
        model=model,
        clusters=[_likeliest(segmentation, model, profiles)],
        visitors=len(profiles),
        evaluation={
            **asdict(evaluation),
            "learned_from": sum(example.steps_ago > 1 for example in found),
            "tested_on": sum(example.steps_ago == 1 for example in found),
            "reached": sum(example.reached for example in found),
        },
        refusal=_refusal(evaluation),
    )


def _held_out(segmentation: LearnedSegmentation, found: Sequence[Example], spec: FeatureSpec) -> Evaluation:
    """Learned from the earlier moments, and asked about the last one."""
    earlier = _table([example for example in found if example.steps_ago > 1], spec)
    # The column's choices are the methods.
    model = train_goal(segmentation.method, *earlier, segmentation.seed)  # type: ignore[arg-type]
    latest = _table([example for example in found if example.steps_ago == 1], spec)
    evaluation = evaluate_goal(model, *latest, segmentation.seed)
    assert evaluation is not None  # `_require` saw to both outcomes
    return evaluation


def _table(found: Sequence[Example], spec: FeatureSpec) -> tuple[Matrix, Outcomes]:
    rows = matrix([example.profile for example in found], spec)
    return rows, np.array([example.reached for example in found], dtype=bool)


def _require(found: Sequence[Example]) -> None:
    """Some who reached the goal and some who did not, both to learn from and to be tested on."""
    reached = sum(example.reached for example in found)
    if reached < LEAST_REACHED:
        raise NotLearned(
            _("Too few visitors have reached the goal: %(reached)d of the %(needed)d needed."),
            reached=reached,
            needed=LEAST_REACHED,
        )
    for is_last in (False, True):
        outcomes = {example.reached for example in found if (example.steps_ago == 1) == is_last}
        if len(outcomes) < 2:
            raise NotLearned(
                _(
                    "The goal has to be reached by some visitors and not by others, both within the last %(days)d days"
                    " and before them."
                ),
                days=settings.LEARNED_GOAL_DAYS,
            )


def _refusal(evaluation: Evaluation) -> dict[str, object]:
    if evaluation.low > 0.5:
        return {}
    return {
        "message": _(
            "It does not tell better than chance: the area under the ROC curve is %(auc).2f, and with 95 %% certainty"
            " no more than above %(low).2f; chance is 0.50."
        ),
        "params": {"auc": evaluation.auc, "low": evaluation.low},
    }


def _likeliest(segmentation: LearnedSegmentation, model: GoalModel, profiles: Sequence[ProfileState]) -> FoundCluster:
    chances = model.predict(matrix(profiles, model.spec))[:, 0] if profiles else np.zeros(1)
    threshold = shortened(float(np.quantile(chances, 1 - segmentation.likeliest_percent / 100)))
    likely = [profile.topics for profile, chance in zip(profiles, chances, strict=False) if chance >= threshold]
    weights = mean_topics(likely) if likely else {}
    strongest = sorted(weights, key=lambda topic: -weights[topic])[:TOPICS_KEPT]
    before = segmentation.versions.first()
    return FoundCluster(
        # Versions of crowds, from before the method was changed, are of other visitors.
        continues=before.clusters[0]["cluster"] if before and "goal" in before.settings else None,
        size=len(likely),
        topics={topic: weights[topic] for topic in strongest},
        distinctive=distinctive_topics(weights, mean_topics([profile.topics for profile in profiles])),
        threshold=threshold,
    )
