"""kill -9 of worker, broker and database, at random, while a backlog is analysed.

Whatever dies: afterwards each page's present text is analysed and stored exactly once, no text twice, and no
page is lost or stuck. Longer runs by hand: FAULTS_KILLS=60 FAULTS_SEED=7 pytest tests/faults
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest

from tests import migrated
from tests.missing import require

from .cluster import Cluster

PAGES = 2000
EDITED = 40
KILLS = int(os.environ.get("FAULTS_KILLS", "4"))
SEED = int(os.environ.get("FAULTS_SEED", str(random.randrange(10_000))))
VICTIMS = ("worker", "database", "broker", "one worker child")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    import spacy

    folder = tmp_path_factory.mktemp("faults")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # the database runs as another user where we are root
    pipeline = folder / "pipeline"
    spacy.blank("en").to_disk(pipeline)
    made = Cluster(folder, require("redis-server", "apt-get install redis-server"), pipeline)
    try:
        for name in ("database", "broker"):
            made.start(name)
        migrated.fill(made.url)
        made.manage("-m", "tests.faults.backlog", "load", str(PAGES))
        made.start("worker")
        yield made
    finally:
        made.stop()


@pytest.mark.worker
@pytest.mark.redis
@pytest.mark.timeout(300 + 30 * KILLS)
def test_every_page_is_analysed_once_whatever_is_killed(cluster: Cluster) -> None:
    chance = random.Random(SEED)
    print(f"FAULTS_SEED={SEED}")
    cluster.sweep()
    for number in range(KILLS):
        time.sleep(chance.uniform(0.5, 4))
        # Each once, in some order, then any: a short run, too, meets them all.
        strike(cluster, chance.choice(VICTIMS) if number >= len(VICTIMS) else VICTIMS[(number + SEED) % 4], chance)
        cluster.manage("-m", "tests.faults.backlog", "edit", str(EDITED), str(chance.randrange(10_000)))
        cluster.sweep()
    cluster.drain(240)

    states = dict(cluster.rows("SELECT state, count(*) FROM tagging_pageanalysis GROUP BY state"))
    # The home page and the index have no text.
    assert states == {"done": PAGES, "skipped": 2}, cluster.rows(
        "SELECT page_id, reason FROM tagging_pageanalysis WHERE reason != ''"
    )
    assert cluster.manage("-m", "tests.faults.backlog", "check") == ""
    assert cluster.rows("SELECT page_id, content_hash FROM stored GROUP BY 1, 2 HAVING count(*) > 1") == []
    never = """SELECT page_id FROM tagging_pageanalysis AS analysis WHERE state = 'done' AND NOT EXISTS
               (SELECT FROM stored WHERE page_id = analysis.page_id AND content_hash = analysis.content_hash)"""
    assert cluster.rows(never) == []


def strike(cluster: Cluster, victim: str, chance: random.Random) -> None:
    if victim == "one worker child":
        cluster.kill_one_of("worker", chance)
        return
    cluster.kill(victim)
    time.sleep(chance.uniform(0, 2))
    cluster.start(victim)
