"""Stores fits as versions, and puts one in use: a cluster backs a segment, so that all else works unchanged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext
from wagtail.log_actions import log

from personalization.conf import settings
from personalization.models import LearnedCluster, LearnedSegmentation, LearnedVersion, Segment
from personalization.segmentation.learned import propose_names, to_json
from tagging import index

from .fitted import Fitted

NAME_LENGTH = 120


@transaction.atomic
def store(segmentation: LearnedSegmentation, fitted: Fitted) -> LearnedVersion:
    """Keep a fit as the next version, with a row for each cluster not known before."""
    names = iter(_new_names(segmentation, fitted))
    clusters = []
    for found in fitted.clusters:
        cluster_id = found.continues
        if cluster_id is None:
            cluster_id = LearnedCluster.objects.create(segmentation=segmentation, proposed_name=next(names)).pk
        clusters.append(found.as_json(cluster_id))
    last = segmentation.versions.aggregate(Max("number"))["number__max"] or 0
    return LearnedVersion.objects.create(
        segmentation=segmentation,
        number=last + 1,
        settings=segmentation.deciding_settings,
        parameters=to_json(fitted.model),
        clusters=clusters,
        visitors=fitted.visitors,
        silhouette=fitted.silhouette,
        stability=fitted.stability,
        compared=fitted.compared,
        evaluation=dict(fitted.evaluation),
        refusal=dict(fitted.refusal),
    )


@transaction.atomic
def put_in_use(version: LearnedVersion, user: AbstractBaseUser | None = None) -> None:
    """Serve this version from now on. Each cluster seen for the first time gets a segment of its own.

    One whose segment an editor deleted gets none again. A segment's rules are not touched where an editor
    added to them.
    """
    segmentation = version.segmentation
    LearnedSegmentation.objects.filter(pk=segmentation.pk).update(current=version)
    segmentation.current = version
    rows = {row.pk: row for row in LearnedCluster.objects.select_related("segment").filter(segmentation=segmentation)}
    for found in version.clusters:
        if row := rows.get(found["cluster"]):
            _back_segment(row, found)
    log(
        instance=segmentation,
        action="personalization.learned.use",
        user=user,
        data={"number": version.number},
    )


def use_version(version: LearnedVersion, user: AbstractBaseUser) -> None:
    """Go to a version that an editor chose, back or forth; a worker then applies it to all visitors."""
    put_in_use(version, user)
    LearnedSegmentation.objects.filter(pk=version.segmentation_id, waiting="").update(
        waiting=LearnedSegmentation.Waiting.SCORE
    )


@transaction.atomic
def rename(cluster: LearnedCluster, name: str, user: AbstractBaseUser) -> None:
    """Give a cluster's segment another name, which later fits keep. ValidationError where the name is taken."""
    segment = cluster.segment
    if segment is None or segment.name == name:
        return
    before, segment.name = segment.name, name
    segment.full_clean()
    segment.save()
    log(instance=segment, action="wagtail.edit", user=user)
    log(
        instance=cluster.segmentation,
        action="personalization.learned.rename",
        user=user,
        data={"old": before, "new": name},
    )


def forget_old_versions(segmentation: LearnedSegmentation) -> None:
    """Keep the version in use, the latest LEARNED_KEEP_VERSIONS, and the clusters that these or segments need."""
    kept = list(segmentation.versions.values_list("pk", flat=True)[: settings.LEARNED_KEEP_VERSIONS])
    segmentation.versions.exclude(pk__in=[*kept, segmentation.current_id]).delete()
    needed = {
        found["cluster"] for clusters in segmentation.versions.values_list("clusters", flat=True) for found in clusters
    }
    segmentation.found.filter(has_had_segment=False).exclude(pk__in=needed).delete()


def _back_segment(cluster: LearnedCluster, found: Mapping[str, Any]) -> None:
    rules = {"match": "all", "rules": [{"type": "cluster", "cluster": cluster.pk, "value": found["threshold"]}]}
    if not cluster.has_had_segment:
        name = _unique(cluster.proposed_name, Segment.objects.values_list("name", flat=True))
        about = gettext("Learned by “%(name)s”.") % {"name": cluster.segmentation}
        cluster.segment = Segment.objects.create(name=name, description=about, rules=rules)
        cluster.has_had_segment = True
        cluster.save()
    elif cluster.segment and _is_of_cluster_alone(cluster.segment.rules, cluster.pk):
        cluster.segment.rules = rules
        cluster.segment.save()


def _is_of_cluster_alone(rules: Mapping[str, Any], cluster_id: int) -> bool:
    nodes = rules.get("rules", ())
    return rules.get("match") == "all" and len(nodes) == 1 and nodes[0].get("cluster") == cluster_id


def _new_names(segmentation: LearnedSegmentation, fitted: Fitted) -> list[str]:
    new = [found for found in fitted.clusters if found.continues is None]
    if segmentation.is_of_goal:
        return [segmentation.name for _found in new]
    known = index.topic_names({topic for found in new for topic in found.distinctive})
    topics = [[known[topic] for topic in found.distinctive if topic in known] for found in new]
    return [name[:NAME_LENGTH] for name in propose_names(topics, gettext("Group of visitors"))]


def _unique(name: str, taken: Collection[str]) -> str:
    names = set(taken)
    endings = ("", *(f" {n}" for n in range(2, len(names) + 3)))
    return next(one for end in endings if (one := name[: NAME_LENGTH - len(end)] + end) not in names)
