"""What a page view pays for segments: 50 compiled segments matched against one visitor and one request.

    python benchmarks/segments.py

Beside it, in the same run on the same machine: the same conditions written by hand as Python expressions, which is
the limit, and the same rules read from their JSON at each page view. Exits 1 where matching takes more than AIM.
`--visitors N` measures the builder's estimate, too, among N made-up visitors in an embedded Postgres of its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# After the path that makes them importable from a checkout.
from personalization.referrers import kind_of  # noqa: E402
from personalization.segmentation import (  # noqa: E402
    KnownSegment,
    Matcher,
    References,
    compile_rules,
    descendants,
)
from personalization.types import ProfileState, ReadPage, RequestContext  # noqa: E402

AIM = 50.0  # µs a page view
SEGMENTS = 50
VIEWS = 2000
NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
# 20 topics with 5 below each.
BELOW = descendants({topic: None if topic <= 20 else (topic - 1) % 20 + 1 for topic in range(1, 121)})


def main() -> int:
    """Run the benchmark; 1 where the aim was missed."""
    arguments = _arguments()
    trees = {pk: _tree(pk) for pk in range(1, SEGMENTS + 1)}
    known = References(topics=BELOW, segments={pk: KnownSegment(f"Segment {pk}", tree) for pk, tree in trees.items()})
    compiled = [compile_rules(tree, known, pk) for pk, tree in trees.items()]
    by_hand = [_by_hand(pk) for pk in trees]
    visitors = _visitors()
    _agree(compiled, by_hand, visitors)
    print(f"{SEGMENTS} segments of {sum(_size(tree) for tree in trees.values())} rules, median of {VIEWS} page views")
    print(f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    ours = _microseconds("compiled once", compiled, visitors)
    limit = _microseconds("written by hand: the limit", by_hand, visitors)
    anew = [_compiled_anew(tree, known, pk) for pk, tree in trees.items()]
    _microseconds("read from JSON at each view", anew, visitors[:20])
    print(f"{ours / limit:.1f} times the limit; the aim is at most {AIM:.0f} µs a page view")
    if arguments.visitors:
        _estimate(arguments.visitors, trees)
    return 0 if ours <= AIM else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=0, help="measure the estimate among so many visitors")
    return parser.parse_args()


def _all(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"match": "all", "rules": list(rules)}


def _topic(topic: int, value: float) -> dict[str, Any]:
    return {"type": "topic", "topic": topic, "operator": "at_least", "value": value}


def _tree(pk: int) -> dict[str, Any]:
    """One of five kinds of segments, as editors build them, each with topics and pages of its own."""
    topic = pk % 20 + 1
    match pk % 5:
        case 0:
            return _all(_topic(topic, 0.2), {"type": "device", "value": ["mobile", "tablet"]})
        case 1:
            either = {"match": "any", "rules": [_topic(topic, 0.1), _topic(topic % 20 + 1, 0.1)]}
            abroad = {"match": "none", "rules": [{"type": "country", "value": ["FR", "BE"]}]}
            return _all({"type": "visitor", "value": "returning"}, either, abroad)
        case 2:
            campaign = {"type": "utm", "parameter": "source", "operator": "is", "value": "newsletter"}
            mail = {"type": "referrer_class", "value": ["mail", "social"]}
            return {"match": "any", "rules": [campaign, mail, {"type": "weekday", "value": ["sat", "sun"]}]}
        case 3:
            regular = {"type": "frequency", "operator": "at_least", "value": 1.0}
            engaged = {"type": "engagement", "operator": "at_least", "value": 0.3}
            unread = {"type": "page", "operator": "not_read", "page": 1000 + pk}
            return _all(regular, engaged, unread)
    section = {"type": "section", "section": pk, "operator": "at_least", "value": 2}
    return _all(
        {"type": "segment", "operator": "in", "segment": pk - 1}, section, {"type": "hours", "start": 6, "end": 22}
    )


def _by_hand(pk: int) -> Matcher:
    """What `_tree` says, as somebody would write it for this one site."""
    topic, other = BELOW[pk % 20 + 1], BELOW[(pk % 20 + 1) % 20 + 1]
    match pk % 5:
        case 0:
            return lambda p, c: (
                sum([p.topics[t] for t in topic & p.topics.keys()]) >= 0.2 and c.device in ("mobile", "tablet")
            )
        case 1:
            return lambda p, c: (
                p.visits > 1
                and (
                    sum([p.topics[t] for t in topic & p.topics.keys()]) >= 0.1
                    or sum([p.topics[t] for t in other & p.topics.keys()]) >= 0.1
                )
                and c.country not in ("FR", "BE")
            )
        case 2:
            return lambda p, c: (
                c.utm.get("source") == "newsletter"
                or kind_of(c.referrer_host) in ("mail", "social")
                or c.at.weekday() >= 5
            )
        case 3:
            return lambda p, c: p.frequency >= 1.0 and p.engagement >= 0.3 and 1000 + pk not in p.read_page_ids
    inner = _by_hand(pk - 1)
    return lambda p, c: inner(p, c) and p.sections.get(pk, 0.0) >= 2 and 6 <= c.at.hour < 22


def _visitors() -> list[tuple[ProfileState, RequestContext]]:
    """Readers with 50 pages behind them, each with other interests and circumstances."""
    return [
        (
            ProfileState(
                topics={(i * 7 + k * 11) % 120 + 1: 0.3 / (k + 1) for k in range(12)},
                sections={(i + k) % 50: float(k) for k in range(10)},
                engagement=(i % 10) / 10,
                frequency=(i % 7) / 2,
                recent=tuple(ReadPage(1000 + (i + k) % 60, NOW) for k in range(50)),
                visits=i % 4,
                last_seen=NOW - timedelta(days=i % 9),
            ),
            RequestContext(
                at=NOW + timedelta(hours=i % 48),
                locale="en",
                device="mobile" if i % 2 else "desktop",
                referrer_host=("", "www.google.com", "t.co", "news.example.org")[i % 4],
                utm={"source": "newsletter"} if i % 5 == 0 else {},
                country=("FR", "DE", "")[i % 3],
            ),
        )
        for i in range(VIEWS)
    ]


def _agree(ours: Sequence[Matcher], theirs: Sequence[Matcher], visitors: Sequence[Any]) -> None:
    matched = 0
    for profile, context in visitors:
        found = [bool(matches(profile, context)) for matches in ours]
        assert found == [bool(matches(profile, context)) for matches in theirs], "a segment written by hand differs"
        matched += sum(found)
    print(f"a visitor belongs to {matched / len(visitors):.1f} segments on average")


def _compiled_anew(tree: dict[str, Any], known: References, pk: int) -> Matcher:
    return lambda profile, context: compile_rules(tree, known, pk)(profile, context)


def _microseconds(label: str, matchers: Sequence[Matcher], visitors: Sequence[Any]) -> float:
    times = []
    for profile, context in visitors:
        start = time.perf_counter()
        for matches in matchers:
            matches(profile, context)
        times.append((time.perf_counter() - start) * 1e6)
    found = statistics.median(times)
    print(f"{label:30} {found:8.1f} µs a page view, 95 % within {sorted(times)[int(len(times) * 0.95)]:.1f} µs")
    return found


def _size(tree: dict[str, Any]) -> int:
    return sum(_size(node) if "match" in node else 1 for node in tree["rules"])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


# --- the builder's estimate ---------------------------------------------------------------------------------------

_MAKE_VISITORS = """
    WITH made AS (
        INSERT INTO personalization_visitor (id, purposes, consented_at)
        SELECT gen_random_uuid(), '{analytics,personalization}', now() FROM generate_series(1, %s) RETURNING id
    ), numbered AS (SELECT id, row_number() OVER () AS i FROM made)
    INSERT INTO personalization_profile (
        visitor_id, vector_model, vector_length, mass, topics, entities, habits, sums, recent, views, visits,
        last_seen, device, segments, clusters, muted_topics, liked_topics, hidden_pages, answers
    )
    SELECT id, '', 0, 1,
        (SELECT jsonb_object_agg((i * 7 + k * 11) %% 120 + 1, 0.3 / (k + 1)) FROM generate_series(0, 11) k),
        '{}', jsonb_build_object(
            'engagement', (i %% 10) / 10.0, 'frequency', (i %% 7) / 2.0,
            'sections', (SELECT jsonb_object_agg((i + k) %% 50, k) FROM generate_series(0, 9) k)
        ), '{}',
        (SELECT jsonb_agg(jsonb_build_array(1000 + (i + k) %% 60, '2026-03-04T12:30:00+00:00'))
         FROM generate_series(1, 50) k),
        i %% 60, i %% 4, now() - (i %% 30) * interval '1 day', 'mobile', '{}', '{}', '{}', '{}', '{}', '{}'
    FROM numbered
"""


def _estimate(visitors: int, trees: dict[int, dict[str, Any]]) -> None:
    """Times the estimate of one segment alone, and with what it shares with all others."""
    with tempfile.TemporaryDirectory(prefix="affinity-benchmark-") as var:
        os.environ.update(DJANGO_SETTINGS_MODULE="cms_site.settings", AFFINITY_VAR_DIR=var, DEBUG="0")
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from personalization.segmentation import parse_rules
        from personalization.visitors.estimates import estimate

        call_command("migrate", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(_MAKE_VISITORS, [visitors])
            cursor.execute("ANALYZE personalization_profile")
        known = References(topics=BELOW, segments={pk: KnownSegment(str(pk), tree) for pk, tree in trees.items()})
        parsed = {pk: parse_rules(tree, known, pk) for pk, tree in trees.items()}
        for label, ask in (
            ("a segment", lambda: estimate(parsed[1])),
            ("and what it shares with 49 others", lambda: estimate(parsed[1], parsed)),
        ):
            _seconds(f"estimate of {label}, {visitors:,} visitors", ask)


def _seconds(label: str, ask: Callable[[], Any]) -> None:
    times = []
    for _round in range(3):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    print(f"{label}: {statistics.median(times):.2f} s")


if __name__ == "__main__":
    raise SystemExit(main())
