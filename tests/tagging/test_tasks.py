"""Tasks are thin shells; what is worth a test is what they send, and that beat knows them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from celery import current_app

from tagging import operations, tasks
from tagging.models import PageAnalysis
from tests.factories import make_article, make_site, make_topic

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sent(monkeypatch):
    """The names of the tasks that were sent."""
    names = []
    for task in (tasks.analyze_stale, tasks.sweep, tasks.maintain):
        monkeypatch.setattr(task, "apply_async", lambda *args, name=task.name, **options: names.append(name))
    return names


@pytest.mark.django_db
@pytest.mark.usefixtures("embedder", "recognizer")
def test_a_batch_asks_for_the_next_one_until_nothing_waits(sent, settings):
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "BATCH_SIZE": 2}
    site = make_site()
    for _ in range(3):
        make_article(site)
    for expected in (["tagging.analyze_stale"], ["tagging.analyze_stale"], []):
        sent.clear()
        tasks.analyze_stale()
        assert sent == expected
    assert PageAnalysis.objects.filter(state="done").count() == 3


@pytest.mark.django_db
@pytest.mark.usefixtures("embedder", "recognizer")
def test_the_sweep_finds_what_no_message_was_sent_for(sent):
    tasks.sweep()
    assert sent == []
    make_article(make_site())
    tasks.sweep()
    assert sent == ["tagging.analyze_stale"]


@pytest.mark.django_db
def test_a_storm_of_topics_sends_one_small_task_each_and_writes_no_page(
    sent, django_capture_on_commit_callbacks, django_assert_max_num_queries
):
    site = make_site()
    for _ in range(3):
        make_article(site)
    PageAnalysis.objects.update(state="done")
    with django_capture_on_commit_callbacks(execute=True):
        make_topic("Rivers")
    assert sent == ["tagging.sweep"]
    assert not PageAnalysis.objects.filter(state="stale").exists()


@pytest.mark.django_db
def test_a_broker_that_is_down_is_left_in_peace_for_a_while(monkeypatch, django_capture_on_commit_callbacks):
    attempts = []

    def refuse(**options):
        attempts.append(options)
        raise ConnectionError

    monkeypatch.setattr(tasks, "_broker", tasks._Broker())
    monkeypatch.setattr(tasks.analyze_stale, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(5):
            tasks.wake_worker()
    assert len(attempts) == 1
    monkeypatch.setattr(tasks._broker, "_paused_until", 0.0)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.wake_worker()
    assert len(attempts) == 2


def test_tasks_take_json_only_retry_with_backoff_and_acknowledge_late():
    for task in (tasks.analyze_stale, tasks.sweep, tasks.maintain):
        assert task.acks_late
        assert task.retry_backoff
        assert task.retry_jitter
        assert task.max_retries
    assert current_app.conf.task_serializer == "json"


def test_a_failed_batch_is_tried_again_later(monkeypatch):
    def fail():
        raise ConnectionError("the database is away")

    monkeypatch.setattr(operations, "analyze_batch", fail)
    result = tasks.analyze_stale.apply(throw=False)
    assert result.state in ("RETRY", "FAILURE")
    assert isinstance(result.result, ConnectionError)


@pytest.mark.worker
def test_beat_finds_the_schedule_without_any_setting(tmp_path):
    """A real beat of the reference site, whose settings say nothing of a schedule."""
    environment = {**os.environ, "DATABASE_URL": "postgres:///unused", "AFFINITY_VAR_DIR": str(tmp_path)}
    environment["DJANGO_SETTINGS_MODULE"] = "cms_site.settings"
    environment.pop("CELERY_BROKER_URL", None)
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "cms_site",
        "beat",
        "-l",
        "debug",
        "-s",
        str(tmp_path / "schedule"),
    ]
    log = tmp_path / "beat.log"
    with log.open("w") as output:
        beat = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while "Current schedule" not in log.read_text() and time.monotonic() < deadline and beat.poll() is None:
            time.sleep(0.5)
        time.sleep(0.5)
    finally:
        beat.terminate()
        beat.wait(timeout=20)
    assert "<ScheduleEntry: tagging.sweep tagging.sweep() <freq: 1.00 minute>" in log.read_text()
    assert "<ScheduleEntry: tagging.maintain tagging.maintain() <crontab: 40 3" in log.read_text()


def test_a_web_process_imports_no_model_engine():
    """django.setup and every URL: nothing of it may bring in torch, spaCy or sentence-transformers."""
    script = (
        "import sys, django; django.setup(); import cms_site.urls; from django.urls import get_resolver;"
        "get_resolver().url_patterns; from tagging import embedding, ner; embedding.current_name();"
        "ner.current_name('en');"
        "engines = 'torch spacy sentence_transformers transformers onnxruntime openvino'.split();"
        "print([name for name in engines if name in sys.modules])"
    )
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres:///unused",
        "DJANGO_SETTINGS_MODULE": "cms_site.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr
