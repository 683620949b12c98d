"""Learned segments in Wagtail's admin: create, fit, report, rename, go back; who may; nothing of small groups."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from wagtail.models import ModelLogEntry

from personalization.models import LearnedCluster, LearnedSegmentation, LearnedVersion, Segment
from personalization.viewsets.learned_report import shown_clusters
from tests.factories import make_article, make_editor, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def make_version(segmentation, number, sizes, **fields):
    """A version as a fit stores it; its model is of no interest here."""
    found = list(segmentation.found.order_by("pk"))
    while len(found) < len(sizes):
        name = f"Crowd {len(found) + 1}"
        segment = Segment.objects.create(name=name)
        found.append(
            LearnedCluster.objects.create(
                segmentation=segmentation, segment=segment, proposed_name=name, has_had_segment=True
            )
        )
    topic = make_topic("Cycling")
    clusters = [
        {
            "cluster": cluster.pk,
            "size": size,
            "topics": {str(topic.pk): 0.4},
            "distinctive": [topic.pk],
            "silhouette": 0.4,
            "threshold": 0.5,
        }
        for cluster, size in zip(found, sizes, strict=False)
    ]
    defaults = {"settings": segmentation.deciding_settings, "parameters": {}, "visitors": sum(sizes), "silhouette": 0.4}
    return LearnedVersion.objects.create(
        segmentation=segmentation, number=number, clusters=clusters, **{**defaults, **fields}
    )


@pytest.fixture
def learned():
    segmentation = LearnedSegmentation.objects.create(name="Readers")
    segmentation.current = make_version(segmentation, 1, [120, 80, 60])
    segmentation.save()
    return segmentation


def url(name, *args):
    return reverse(f"personalization_learned:{name}", args=args)


def form(**fields):
    defaults = {"name": "Crowds", "method": "kmeans", "least_clusters": 2, "most_clusters": 6, "seed": 0}
    return {**defaults, "likeliest_percent": 20, "is_enabled": "on", "goal": "", "goal_page": ""} | fields


def test_an_editor_has_crowds_looked_for(client, editor, monkeypatch):
    woken = []
    monkeypatch.setattr("personalization.tasks.learn_soon", lambda: woken.append(True))
    response = client.post(url("add"), form(), follow=True)
    segmentation = LearnedSegmentation.objects.get()
    assert response.redirect_chain[0][0] == url("inspect", segmentation.pk)
    assert segmentation.waiting == "fit"
    assert woken == [True]
    assert "Waiting for a worker" in response.content.decode()


def test_a_goal_needs_to_be_named(client, editor):
    response = client.post(url("add"), form(method="logistic"))
    assert response.context["form"].errors["goal"] == ["This method needs it."]
    response = client.post(url("add"), form(method="logistic", goal="view"))
    assert "goal_page" in response.context["form"].errors
    page = make_article(make_site())
    assert client.post(url("add"), form(method="logistic", goal="view", goal_page=page.pk)).status_code == 302


def test_fewer_at_most_than_at_least_are_refused(client, editor):
    response = client.post(url("add"), form(least_clusters=5, most_clusters=3))
    assert "most_clusters" in response.context["form"].errors


def test_the_report_shows_sizes_topics_and_how_clear_groups_are(client, editor, learned):
    page = client.get(url("inspect", learned.pk)).content.decode()
    assert "120 (46\u00a0%)" in page or "120 (46&nbsp;%)" in page
    assert "Cycling 40.0" in page
    assert "Silhouette 0.40" in page
    assert "somewhat clear" in page
    index = client.get(url("index")).content.decode()
    assert "silhouette 0.4" in index


def test_a_refused_fit_is_shown_with_its_reason(client, editor, learned):
    refusal = {
        "message": "It would have regrouped visitors: %(stability).2f over %(visitors)d; floor %(floor).2f.",
        "params": {"stability": 0.21, "visitors": 250, "floor": 0.5},
    }
    make_version(learned, 2, [130, 130], refusal=refusal, stability=0.21, compared=250)
    LearnedSegmentation.objects.update(outcome=refusal)
    page = client.get(url("inspect", learned.pk)).content.decode()
    assert "The last fit is not used." in page
    assert page.count("regrouped visitors: 0.21 over 250; floor 0.50.") == 2
    assert "Use it anyway" in page


@pytest.mark.parametrize("sizes", [[120, 80, 9], [120, 80, 3], [15, 14, 1]])
def test_no_group_of_fewer_than_k_is_shown_or_can_be_worked_out(client, editor, learned, sizes):
    learned.current = make_version(learned, 2, sizes)
    learned.save()
    shown = shown_clusters(learned.current)
    by_size = {found["size"]: found["cluster"] for found in learned.current.clusters}
    assert by_size[sizes[2]] not in shown
    # The small one is what remains of all when the others are known.
    assert not {by_size[sizes[0]], by_size[sizes[1]]} <= shown
    page = client.get(url("inspect", learned.pk)).content.decode()
    assert "hidden" in page
    assert f"{sizes[2]} (" not in page


def test_one_click_goes_back_to_an_earlier_version(client, editor, learned):
    first = learned.current
    learned.current = make_version(learned, 2, [100, 90, 70])
    learned.save()
    client.post(url("use", learned.pk, 1))
    learned.refresh_from_db()
    assert learned.current == first
    assert learned.waiting == "score"
    entry = ModelLogEntry.objects.get(action="personalization.learned.use")
    assert (entry.user, entry.message) == (editor, "Put version 1 in use")
    assert client.post(url("use", learned.pk, 7)).status_code == 404


def test_a_segment_is_renamed_in_the_report(client, editor, learned):
    cluster = learned.found.first()
    client.post(url("rename", learned.pk, cluster.pk), {"name": "Cyclists"})
    cluster.segment.refresh_from_db()
    assert cluster.segment.name == "Cyclists"
    other = learned.found.last()
    for name in ("Cyclists", ""):
        response = client.post(url("rename", learned.pk, other.pk), {"name": name}, follow=True)
        assert [message.level_tag for message in response.context["messages"]][-1] == "error"
    other.segment.refresh_from_db()
    assert other.segment.name == "Crowd 3"


def test_fit_now_asks_a_worker_and_shows_how_far_it_is(client, editor, learned):
    assert client.get(url("progress", learned.pk)).status_code == 204
    client.post(url("fit", learned.pk))
    learned.refresh_from_db()
    assert learned.waiting == "fit"
    assert ModelLogEntry.objects.filter(action="personalization.learned.ask", user=editor).exists()
    page = client.get(url("inspect", learned.pk)).content.decode()
    assert url("progress", learned.pk) in page
    assert "Fit now" not in page
    LearnedSegmentation.objects.update(started_at="2026-01-01T00:00Z", progress=40)
    assert "40" in client.get(url("progress", learned.pk)).content.decode()


def test_who_may_only_look_changes_nothing(client, learned):
    group = Group.objects.create(name="Readers")
    group.permissions.add(Permission.objects.get(codename="view_learnedsegmentation"))
    client.force_login(make_user(group))
    page = client.get(url("inspect", learned.pk))
    assert page.status_code == 200
    for word in ("Fit now", "Rename", "Use this version"):
        assert word not in page.content.decode()
    cluster = learned.found.first()
    for address in (url("fit", learned.pk), url("use", learned.pk, 1), url("rename", learned.pk, cluster.pk)):
        assert client.post(address, {"name": "Mine"}).status_code == 302
    learned.refresh_from_db()
    assert learned.waiting == ""
    cluster.segment.refresh_from_db()
    assert cluster.segment.name == "Crowd 1"


def test_who_has_no_permission_sees_nothing(client, learned):
    client.force_login(make_user())
    for address in (url("index"), url("inspect", learned.pk), url("progress", learned.pk)):
        assert client.get(address).status_code == 302


def test_a_learned_segment_is_edited_in_the_rule_builder(client, editor, learned):
    cluster = learned.found.first()
    segment = cluster.segment
    segment.rules = {"match": "all", "rules": [{"type": "cluster", "cluster": cluster.pk, "value": 0.5}]}
    segment.save()
    page = client.get(reverse("personalization_segments:edit", args=[segment.pk])).content.decode()
    assert "Crowd 1" in page
    assert "Crowd 1" in client.get(reverse("personalization_segments:index")).content.decode()


def test_deleting_keeps_the_segments(client, editor, learned):
    client.post(url("delete", learned.pk))
    assert not LearnedSegmentation.objects.exists()
    assert Segment.objects.count() == 3


def test_the_report_asks_the_same_number_of_queries_for_any_number_of_clusters(
    client, editor, learned, django_assert_max_num_queries
):
    learned.current = make_version(learned, 2, [50] * 12)
    learned.save()
    with django_assert_max_num_queries(22):
        client.get(url("inspect", learned.pk))
