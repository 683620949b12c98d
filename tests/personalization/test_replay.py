"""A log as a site keeps it, and a replay that never tells a contender what it could not know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalization.evaluation.contender import LoggedView, SessionState
from personalization.evaluation.log import Log, shuffled
from personalization.evaluation.logs import BadLogError, Layout, read_log
from personalization.evaluation.replay import Answers, LeakError, Plan, answers, asked_rows, replay, sampled

HEADER = "visitor,session,page,time,device"


def read(*rows: str, layout: Layout | None = None) -> Log:
    return read_log([HEADER, *rows], layout or Layout(attributes={"device": "device"}))


class Witness:
    """Writes down what it is told, and ranks the pages it knows, newest first."""

    name = "witness"

    def __init__(self) -> None:
        self.seen: list[LoggedView] = []
        self.told: list[tuple[SessionState, list[float]]] = []
        self.refreshed: list[float] = []

    def observe(self, view: LoggedView) -> None:
        self.seen.append(view)

    def refresh(self, at: float) -> None:
        self.refreshed.append(at)

    def rank(self, state: SessionState, n: int) -> Sequence[int]:
        self.told.append((state, [view.at for view in self.seen]))
        pages = dict.fromkeys(view.page for view in reversed(self.seen))
        return [page for page in pages if page not in state.excluded][:n]


def test_rows_are_sorted_by_time_and_keep_their_order_at_one_moment() -> None:
    log = read("v,1,b,200,m", "v,1,a,100,m", "w,2,c,200,d")
    assert [log.page_names[page] for page in log.pages] == ["a", "b", "c"]


@pytest.mark.parametrize("time", ["1511946000", "1511946000000", "1511946000000000", "2017-11-29T09:00:00Z"])
def test_a_time_may_be_written_in_four_ways(time: str) -> None:
    assert read(f"v,1,a,{time},m").times[0] == 1511946000


def test_without_sessions_a_pause_begins_a_new_one() -> None:
    layout = Layout(columns={"visitor": "visitor", "page": "page", "time": "time"})
    log = read("v,1,a,0,m", "w,1,a,60,m", "v,1,b,1800,m", "v,1,c,3601,m", layout=layout)
    names = [log.page_names[page] for page in log.pages]
    sessions = [
        {name for name, own in zip(names, log.sessions, strict=True) if own == one} for one in set(log.sessions)
    ]
    assert sorted(map(sorted, sessions)) == [["a"], ["a", "b"], ["c"]]


def test_one_session_number_of_two_visitors_is_two_sessions() -> None:
    assert len(set(read("v,1,a,1,m", "w,1,b,2,m").sessions)) == 2


def test_paths_one_a_line_without_times_or_a_header() -> None:
    layout = Layout(columns={"path": "1"}, has_header=False, delimiter="\t", comment="#", back="<")
    log = read_log(["# paths\n", "\n", "a;b;<;c\n", "b;c\n"], layout)
    assert [log.page_names[page] for page in log.pages] == ["a", "b", "a", "c", "b", "c"]
    assert log.sessions.tolist() == [0, 0, 0, 0, 1, 1]
    assert not log.is_timed


def test_shuffling_keeps_sessions_whole() -> None:
    layout = Layout(columns={"path": "1"}, has_header=False)
    log = shuffled(read_log([f"{n};{n + 1};{n + 2}" for n in range(50)], layout), seed=0)
    assert log.sessions.tolist() != sorted(log.sessions)
    assert (log.sessions.reshape(50, 3) == log.sessions[::3, None]).all()
    assert (np.diff([int(log.page_names[page]) for page in log.pages]).reshape(-1)[::3] == 1).all()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["v,1,a,1,m", "v,1"], "Line 3 has 2 column(s), 5 are needed"),
        (["v,1,a,yesterday,m"], "Line 2: 'yesterday' is no time. Give seconds"),
        (["v,1,a,-5,m"], "Line 2: '-5' is no moment"),
        (["v,1, ,5,m"], "Line 2 has no page"),
        ([], "There is no view in it"),
    ],
)
def test_a_bad_line_is_named_with_its_mending(rows: list[str], words: str) -> None:
    with pytest.raises(BadLogError) as error:
        read(*rows)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"page": "article"}, "no column 'article' for the page. Columns: visitor, session, page, time, device"),
        ({"visitor": "visitor"}, "No column says which page"),
        ({"page": "page"}, "No column tells visitors or sessions apart"),
    ],
)
def test_a_missing_column_is_named_with_those_there(columns: dict[str, str], words: str) -> None:
    with pytest.raises(BadLogError) as error:
        read("v,1,a,1,m", layout=Layout(columns=columns))
    assert words in str(error.value)


def test_a_state_knows_the_session_so_far_and_the_previous_view_s_attributes() -> None:
    log = read("v,1,a,10,search", "w,2,x,11,mail", "v,1,b,20,inside")
    last = list(log.views())[2]
    assert [log.page_names[page] for page in last.state.pages] == ["a"]
    assert last.state.attributes == {"device": "search"}
    assert last.attributes == {"device": "inside"}
    assert last.state.excluded == set(last.state.pages)


def test_asked_is_what_the_session_has_not_read() -> None:
    log = read("v,1,a,1,m", "v,1,b,2,m", "v,1,a,3,m", "v,1,a,4,m")
    assert asked_rows(log, Plan(0, 4)).tolist() == [1]
    assert asked_rows(log, Plan(0, 4, whole_session=False)).tolist() == [1, 2]
    assert asked_rows(log, Plan(0, 4, which="landing")).tolist() == [0]


views = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(1, 5000)), min_size=1, max_size=60).map(
    lambda rows: read(*(f"v{visitor},{visitor},{page},{at},m" for visitor, page, at in rows))
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(log=views, refresh=st.sampled_from([0.0, 60.0, 1000.0]), start=st.integers(0, 30))
def test_nothing_after_the_last_refresh_is_known(log: Log, refresh: float, start: int) -> None:
    witness = Witness()
    rows = [row for row, _given in replay(log, Plan(start, len(log), refresh), [witness])]
    for row, (state, seen) in zip(rows, witness.told, strict=True):
        if refresh:
            boundary = state.at // refresh * refresh
            assert seen == [at for at in log.times if at < boundary]
        else:
            assert seen == log.times[:row].tolist()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(log=views, start=st.integers(0, 30))
def test_without_a_refresh_the_scored_part_stays_unknown(log: Log, start: int) -> None:
    witness = Witness()
    list(replay(log, Plan(start, len(log), None), [witness]))
    assert [view.at for view in witness.seen] == log.times[:start].tolist()
    assert len(witness.refreshed) == (start < len(log))


def test_a_page_never_seen_is_a_miss_and_ranks_count_from_one() -> None:
    log = read("v,1,a,1,m", "v,1,b,2,m", "w,2,b,3,m", "w,2,a,4,m", "w,2,new,5,m")
    (given,) = answers(log, Plan(0, 5, 0.0), [Witness()])
    assert given.ranks(log).tolist() == [0, 1, 0]


def test_breaking_the_rules_is_found_out() -> None:
    class Forgetful(Witness):
        def rank(self, state: SessionState, n: int) -> Sequence[int]:
            return list(state.pages)

    with pytest.raises(LeakError, match="none of"):
        answers(read("v,1,a,1,m", "v,1,b,2,m"), Plan(0, 2, 0.0), [Forgetful()])


def test_a_sample_keeps_sessions_whole() -> None:
    log = read(*(f"v{n // 5},{n // 5},{n},{n + 1},m" for n in range(200)))
    rows = asked_rows(log, Plan(0, 200))
    some = sampled(log, rows, 50)
    assert 40 <= len(some) <= 50
    assert set(np.bincount(log.sessions[some])) == {0, 4}


def test_answers_find_the_right_page() -> None:
    log = read("v,1,a,1,m", "v,1,b,2,m")
    given = Answers("one", np.array([1], np.int32), np.array([[0, 1, -1]], np.int32))
    assert given.ranks(log).tolist() == [2]
