"""Sessions, views and page figures by SQL, beside a plain reading of what they mean."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalization.models import Event
from personalization.visitors import store
from personalization.visitors.sessions import PageFigures, Session, View, page_figures, sessions, views
from tests.factories import make_article, make_site

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
START, END = NOON - timedelta(hours=12), NOON + timedelta(hours=12)
GAP = timedelta(minutes=30)


@pytest.fixture
def site(db):
    return make_site()


@pytest.fixture
def pages(site):
    return [make_article(site).pk for _ in range(3)]


@pytest.fixture
def reader(db):
    return store.create_visitor()


def add(visitor, *events):
    """Events as (minutes after noon, kind, page id, fields)."""
    Event.objects.bulk_create(
        Event(
            event_id=uuid.uuid4(),
            visitor_id=visitor,
            kind=kind,
            page_id=page,
            at=NOON + timedelta(minutes=minutes),
            **(fields[0] if fields else {}),
        )
        for minutes, kind, page, *fields in events
    )


def found(visitor=None):
    return sessions(START, END, visitor)


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def test_a_session_from_entry_to_exit(reader, pages):
    one, two, three = pages
    mobile = {"device": "mobile"}
    add(reader, (0, "view", one, mobile), (3, "click", two), (3, "view", two), (9, "view", three), (10, "view", two))
    assert found() == [Session(reader, at(0), at(10), 4, one, two, "mobile", "", "", "", False)]


def test_half_an_hour_without_anything_ends_it(reader, pages):
    add(reader, (0, "view", pages[0]), (30, "view", pages[1]), (60.1, "view", pages[2]))
    assert [(session.pages, session.entry) for session in found()] == [(2, pages[0]), (1, pages[2])]


def test_the_gap_is_the_sites_own(reader, pages, settings):
    settings.WAGTAIL_PERSONALIZATION = {"VISIT_GAP_MINUTES": 5}
    add(reader, (0, "view", pages[0]), (6, "view", pages[1]))
    assert len(found()) == 2


def test_another_campaign_begins_another_session(reader, pages):
    page, news, ad = pages[0], {"utm_campaign": "news"}, {"utm_source": "ad", "utm_campaign": "news"}
    add(reader, (0, "view", page), (1, "view", page, news), (2, "view", page), (3, "view", page, news))
    add(reader, (4, "view", page, ad), (5, "view", page))
    assert [(s.start, s.pages, s.utm_source, s.utm_campaign) for s in found()] == [
        (at(0), 1, "", ""),
        (at(1), 3, "", "news"),
        (at(4), 2, "ad", "news"),
    ]


def test_who_reads_for_long_has_not_left(reader, pages):
    add(reader, (0, "view", pages[0]), (50, "dwell", pages[0], {"value": 45 * 60.0}), (55, "view", pages[1]))
    (session,) = found()
    assert (session.pages, session.end) == (2, at(55))


def test_a_late_sign_of_an_open_page_is_no_session(reader, pages):
    add(reader, (0, "view", pages[0]), (300, "dwell", pages[0], {"value": 20.0}))
    assert [(session.start, session.end) for session in found()] == [(at(0), at(0))]


@pytest.mark.parametrize(
    ("more", "is_bounce"),
    [
        ([], True),
        ([("dwell", {"value": 900.0}), ("scroll", {"value": 1.0}), ("impression", {})], True),
        ([("click", {})], False),
        ([("feedback", {"value": 1.0})], False),
        ([("view", {})], False),
    ],
)
def test_a_bounce_is_one_view_and_no_answer_to_it(reader, pages, more, is_bounce):
    add(reader, (0, "view", pages[0]), *((1, kind, pages[0], fields) for kind, fields in more))
    assert [session.is_bounce for session in found()] == [is_bounce]


def test_dwell_and_depth_belong_to_the_view_before(reader, pages):
    one, two, _ = pages
    add(
        reader,
        (0, "view", one),
        (1, "view", two),
        (2, "dwell", one, {"value": 40.0}),
        (2, "scroll", one, {"value": 0.4}),
        (3, "dwell", one, {"value": 20.0}),
        (3, "scroll", one, {"value": 0.9}),
        (5, "view", one),
        (6, "scroll", one, {"value": 0.1}),
    )
    assert views(START, END) == [
        View(reader, one, at(0), 60.0, 0.9),
        View(reader, two, at(1), None, None),
        View(reader, one, at(5), None, 0.1),
    ]


def test_pages_have_readers_dwell_and_a_bounce_rate(pages):
    one, two, _ = pages
    first, second = store.create_visitor(), store.create_visitor()
    add(first, (0, "view", one), (1, "dwell", one, {"value": 30.0}), (2, "view", two), (90, "view", one))
    add(second, (0, "view", one), (1, "dwell", one, {"value": 60.0}), (1, "scroll", one, {"value": 0.5}))
    figures = page_figures(START, END)
    assert figures == [
        PageFigures(one, views=3, readers=2, dwell=45.0, depth=0.5, entries=3, entrants=2, bounces=2),
        PageFigures(two, views=1, readers=1, dwell=None, depth=None, entries=0, entrants=0, bounces=0),
    ]
    assert [row.bounce_rate for row in figures] == [pytest.approx(2 / 3), None]


def test_sessions_are_whole_at_midnight_and_counted_on_one_day(reader, pages):
    midnight = 12 * 60
    add(reader, (midnight - 10, "view", pages[0]), (midnight + 5, "view", pages[1]))
    assert [(session.pages, session.end) for session in found()] == [(2, at(midnight + 5))]
    assert sessions(END, END + timedelta(days=1)) == []


def test_statistics_leave_out_who_did_not_agree_to_them(pages):
    visitor = store.create_visitor(purposes=["personalization"])
    add(visitor, (0, "view", pages[0]))
    assert found() == views(START, END) == page_figures(START, END) == []
    assert len(found(visitor)) == 1


def test_each_is_one_query(reader, pages, django_assert_num_queries):
    add(reader, *((minute, "view", pages[0]) for minute in range(0, 400, 20)))
    for ask in (sessions, views, page_figures):
        with django_assert_num_queries(1):
            ask(START, END)


# --- The same, read plainly ---


@dataclass
class Row:
    visitor: uuid.UUID
    minutes: int
    kind: str
    page: int
    value: float | None
    campaign: str

    def fields(self):
        return {"value": self.value, "utm_campaign": self.campaign}


def plain_sessions(rows):
    """Sessions as lists of rows, one visitor's after another, rows in order."""
    stitched = []
    for row in rows:
        last = stitched[-1][-1] if stitched else None
        since = at(row.minutes) - timedelta(seconds=row.value if row.kind == "dwell" else 0)
        is_new = last is None or last.visitor != row.visitor or since - at(last.minutes) > GAP
        if not is_new and row.campaign:
            own = next((earlier.campaign for earlier in stitched[-1] if earlier.campaign), "")
            is_new = row.campaign != own
        if is_new:
            stitched.append([row])
        else:
            stitched[-1].append(row)
    return [session for session in stitched if any(row.kind == "view" for row in session)]


def plain(session):
    viewed = [row.page for row in session if row.kind == "view"]
    answered = any(row.kind in ("click", "feedback") for row in session)
    campaign = next((row.campaign for row in session if row.campaign), "")
    return Session(
        session[0].visitor,
        at(session[0].minutes),
        at(session[-1].minutes),
        len(viewed),
        viewed[0],
        viewed[-1],
        "",
        "",
        "",
        campaign,
        len(viewed) == 1 and not answered,
    )


def plain_views(rows):
    opened, all_views = {}, []
    for row in rows:
        key = (row.visitor, row.page)
        if row.kind == "view":
            opened[key] = [row, [], []]
            all_views.append(opened[key])
        elif key in opened and row.kind in ("dwell", "scroll"):
            opened[key][1 if row.kind == "dwell" else 2].append(row.value)
    return [
        (row.visitor, row.page, at(row.minutes), sum(dwell) if dwell else None, max(depth, default=None))
        for row, dwell, depth in all_views
    ]


KINDS = st.sampled_from(["view", "view", "dwell", "scroll", "click", "feedback", "impression"])
VALUES = {
    "dwell": st.sampled_from([5.0, 600.0, 2400.0]),
    "scroll": st.sampled_from([0.25, 1.0]),
    "feedback": st.just(1.0),
}


@st.composite
def logs(draw):
    rows = []
    for number in draw(st.lists(st.integers(0, 1), max_size=25)):
        kind = draw(KINDS)
        value = draw(VALUES[kind]) if kind in VALUES else None
        campaign = draw(st.sampled_from(["", "", "a", "b"])) if kind == "view" else ""
        rows.append((number, draw(st.integers(0, 300)), kind, draw(st.integers(0, 1)), value, campaign))
    return rows


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=logs())
def test_sql_says_what_a_plain_reading_says(pages, log):
    Event.objects.all().delete()
    visitors = [store.create_visitor() for _ in range(2)]
    rows = [Row(visitors[n], minutes, kind, pages[page], value, utm) for n, minutes, kind, page, value, utm in log]
    for row in rows:
        add(row.visitor, (row.minutes, row.kind, row.page, row.fields()))
    # Python's sort keeps the order in which events of one minute were stored.
    ordered = sorted((row for row in rows if row.kind != "impression"), key=lambda row: (str(row.visitor), row.minutes))
    expected = [plain(session) for session in plain_sessions(ordered)]
    assert sorted(found(), key=lambda s: (str(s.visitor_id), s.start)) == expected
    told = [(view.visitor_id, view.page_id, view.at, view.dwell, view.depth) for view in views(START, END)]
    assert sorted(map(str, told)) == sorted(map(str, plain_views(ordered)))
    figures = {row.page_id: (row.views, row.entries, row.bounces) for row in page_figures(START, END)}
    assert figures == {
        page: (
            sum(view[1] == page for view in plain_views(ordered)),
            sum(session.entry == page for session in expected),
            sum(session.entry == page and session.is_bounce for session in expected),
        )
        for page in {view[1] for view in plain_views(ordered)}
    }
