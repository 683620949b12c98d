"""affinity.js against the real site, which cannot store events at first."""

from __future__ import annotations

from unittest import mock

import pytest
from playwright.sync_api import expect

from personalization.exceptions import SinkUnavailable
from personalization.models import Event
from personalization.visitors.sinks.database import DatabaseSink
from tests.factories import make_article, make_site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning"),
]


def test_what_a_full_disk_refused_is_stored_once_when_there_is_room(live_server, chromium, monkeypatch):
    article = make_article(make_site())
    monkeypatch.setattr("personalization.api.problem.Unavailable.wait", 1)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(live_server.url + article.url)
    full = mock.patch.object(DatabaseSink, "write", side_effect=SinkUnavailable("No space left on device."))
    with full, page.expect_response("**/events/") as refused:
        page.get_by_role("button", name="Accept all").click()
    assert refused.value.status == 503
    sent = refused.value.request.post_data_json["events"]
    page.goto(live_server.url + article.url)
    expect(page.get_by_role("heading", name=article.title)).to_be_visible()
    for _ in range(60):
        page.wait_for_timeout(250)
        if page.evaluate("localStorage.getItem('affinity.kept')") is None:
            break
    page.goto("about:blank")
    page.wait_for_timeout(1500)  # what the page sends when it is left is stored before the test ends
    context.close()
    stored = [str(event_id) for event_id in Event.objects.values_list("event_id", flat=True)]
    assert stored.count(sent[0]["event_id"]) == 1
    assert len(stored) == len(set(stored))
    assert Event.objects.filter(kind="view").count() == 2
