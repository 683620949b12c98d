"""Fits crowds of alike visitors, and recognises those found before. For workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext_noop as _

from personalization.conf import settings
from personalization.exceptions import NotLearned
from personalization.models import LearnedSegmentation, LearnedVersion, Profile
from personalization.operations.fitting import Tell
from personalization.segmentation.learned import (
    ClusterModel,
    FeatureSpec,
    Labels,
    Row,
    describable,
    distinctive_topics,
    find_clusters,
    fit_projection,
    from_json,
    labels,
    match_clusters,
    matrix,
    mean_topics,
    overlaps,
    project,
    silhouettes,
    spec_for,
    stability,
    topic_likeness,
)
from personalization.types import ProfileState
from personalization.visitors.store import profile_of
from tagging import index

from .fitted import Fitted, FoundCluster
from .newcomers import Newcomers, newcomers

LEAST_VIEWS = 2
"""Who has read less is told a cluster, but does not shape it."""

SAME_TOPICS = 0.7
"""The cosine of two crowds' topics from which on they may be one, where no visitor can be asked for both labels."""

TOPICS_KEPT = 20


def known_visitors() -> list[ProfileState]:
    """Those seen last of whom enough is known to learn from."""
    rows = Profile.objects.filter(views__gte=LEAST_VIEWS, last_seen__isnull=False).defer("sums")
    newest = rows.order_by("-last_seen", "pk")[: settings.LEARNED_MAX_VISITORS]
    return [profile_of(row) for row in newest.iterator(1000)]


def fit_crowds(segmentation: LearnedSegmentation, tell: Tell) -> Fitted:
    """The crowds of today, with the identities of those in use. Raises NotLearned."""
    profiles = known_visitors()
    spec = spec_for(profiles, index.live_model_name() or "")
    profiles = [profile for profile in profiles if describable(profile, spec)]
    _require(len(profiles))
    tell(20)
    rows = matrix(profiles, spec)
    projection = fit_projection(rows)
    points = project(projection, rows)
    found = find_clusters(
        points,
        segmentation.method,  # type: ignore[arg-type]  # the column's choices are the methods
        least=segmentation.least_clusters,
        most=segmentation.most_clusters,
        smallest=settings.K_ANONYMITY,
        seed=segmentation.seed,
    )
    if found is None:
        raise NotLearned(
            _("Visitors do not fall into %(least)d to %(most)d groups of at least %(smallest)d each."),
            least=segmentation.least_clusters,
            most=segmentation.most_clusters,
            smallest=settings.K_ANONYMITY,
        )
    tell(70)
    model = ClusterModel(spec, projection, found.mixture)
    mine = labels(found.mixture, points)
    topics = _topics(profiles, mine, found.mixture.size)
    before = compare(segmentation.current, spec, profiles, mine, topics)
    is_same_question = bool(segmentation.current and segmentation.current.settings == segmentation.deciding_settings)
    told = newcomers(model, profiles, mine)
    return Fitted(
        model=_doubting(model, told),
        clusters=_described(profiles, mine, topics, before, *silhouettes(points, found.labels, segmentation.seed)),
        visitors=len(profiles),
        silhouette=found.silhouette,
        stability=before.stability,
        compared=before.visitors,
        evaluation={"newcomers": told.visitors, "right": told.right} if told else {},
        refusal=_refusal(before) if is_same_question else {},
    )


def _doubting(model: ClusterModel, told: Newcomers | None) -> ClusterModel:
    return replace(model, mixture=replace(model.mixture, doubt=told.doubt)) if told else model


@dataclass(frozen=True, slots=True)
class Before:
    """The version in use beside new labels: new index → old cluster's id, and how far `visitors` are grouped alike."""

    same: Mapping[int, int] = field(default_factory=dict)
    stability: float | None = None
    visitors: int = 0


def compare(
    version: LearnedVersion | None,
    spec: FeatureSpec,
    profiles: Sequence[ProfileState],
    mine: Labels,
    topics: Sequence[Mapping[int, float]],
) -> Before:
    """Match new clusters to those in use by the visitors that both fits know, who get a label from each.

    Where there are too few of them, as after a change of the embedding model, what is read decides.
    """
    model = from_json(version.parameters) if version else None
    if version is None or not isinstance(model, ClusterModel):
        return Before()
    ids = [old["cluster"] for old in version.clusters]
    both = [
        number
        for number, profile in enumerate(profiles)
        if model.spec.vector_model == spec.vector_model
        and profile.first_seen
        and profile.first_seen <= version.fitted_at
        and describable(profile, model.spec)
    ]
    if len(both) < settings.K_ANONYMITY:
        old_topics = [{int(topic): weight for topic, weight in old["topics"].items()} for old in version.clusters]
        alike = match_clusters(topic_likeness(old_topics, topics), SAME_TOPICS)
        return Before({new: ids[old] for new, old in alike.items()})
    rows = matrix([profiles[number] for number in both], model.spec)
    theirs, ours = labels(model.mixture, project(model.projection, rows)), mine[both]
    alike = match_clusters(overlaps(theirs, ours, len(ids), len(topics)))
    return Before({new: ids[old] for new, old in alike.items()}, stability(theirs, ours), len(both))


def _require(known: int) -> None:
    if known < settings.LEARNED_MIN_VISITORS:
        raise NotLearned(
            _("There are too few visitors to learn from: %(known)d of the %(needed)d needed (LEARNED_MIN_VISITORS)."),
            known=known,
            needed=settings.LEARNED_MIN_VISITORS,
        )


def _refusal(before: Before) -> dict[str, object]:
    if before.stability is None or before.stability >= settings.LEARNED_MIN_STABILITY:
        return {}
    return {
        "message": _(
            "It would have regrouped visitors: the adjusted Rand index with the version in use is %(stability).2f over"
            " %(visitors)d visitors, and at least %(floor).2f is asked for (LEARNED_MIN_STABILITY)."
        ),
        "params": {
            "stability": before.stability,
            "visitors": before.visitors,
            "floor": settings.LEARNED_MIN_STABILITY,
        },
    }


def _topics(profiles: Sequence[ProfileState], mine: Labels, n: int) -> list[dict[int, float]]:
    members: list[list[Mapping[int, float]]] = [[] for _cluster in range(n)]
    for profile, cluster in zip(profiles, mine, strict=True):
        if cluster >= 0:
            members[cluster].append(profile.topics)
    return [mean_topics(weights) for weights in members]


def _described(
    profiles: Sequence[ProfileState],
    mine: Labels,
    topics: Sequence[Mapping[int, float]],
    before: Before,
    clearness: Row,
    sampled: Labels,
) -> list[FoundCluster]:
    everybody = mean_topics([profile.topics for profile in profiles])
    described = []
    for cluster, weights in enumerate(topics):
        values = clearness[sampled == cluster]
        strongest = sorted(weights, key=lambda topic: -weights[topic])[:TOPICS_KEPT]
        described.append(
            FoundCluster(
                continues=before.same.get(cluster),
                size=int((mine == cluster).sum()),
                topics={topic: weights[topic] for topic in strongest},
                distinctive=distinctive_topics(weights, everybody),
                silhouette=float(values.mean()) if len(values) else None,
            )
        )
    return described
