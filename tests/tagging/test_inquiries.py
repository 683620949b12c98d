"""A question to the worker is answered once, to the one who asked, and leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from tagging import operations, tasks
from tagging.exceptions import ModelUnavailable, WorkerUnreachable
from tagging.models import Inquiry
from tagging.operations import inquiries

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor() -> Any:
    return get_user_model().objects.create_user("ada")


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(inquiries.ANSWERERS, "echo", lambda question: {"heard": question["words"]})


@pytest.mark.usefixtures("echo")
def test_an_answer_is_given_once_and_only_to_the_one_who_asked(editor: Any) -> None:
    asked = operations.ask("echo", {"words": "hello"}, editor)
    assert operations.collect(asked, editor).answer is None
    operations.answer(asked)
    assert operations.collect(asked, get_user_model().objects.create_user("bob")) is None
    assert operations.collect(asked, editor).answer == {"heard": "hello"}
    assert operations.collect(asked, editor) is None
    assert not Inquiry.objects.exists()


def test_a_missing_model_is_told_in_its_own_words(editor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(question: dict[str, Any]) -> dict[str, Any]:
        raise ModelUnavailable("Install the model.")

    monkeypatch.setitem(inquiries.ANSWERERS, "broken", fail)
    asked = operations.ask("broken", {}, editor)
    operations.answer(asked)
    assert operations.collect(asked, editor).failure == "Install the model."


@pytest.mark.usefixtures("echo")
def test_what_nobody_fetches_is_forgotten(editor: Any) -> None:
    asked = operations.ask("echo", {"words": "secret"}, editor)
    assert operations.forget_inquiries() == 0
    Inquiry.objects.filter(pk=asked).update(created_at=timezone.now() - timedelta(hours=1))
    assert operations.forget_inquiries() == 1
    assert not Inquiry.objects.exists()


@pytest.mark.usefixtures("echo")
def test_an_unreachable_broker_is_said_at_once_and_keeps_nothing(editor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks._broker, "_paused_until", float("inf"))
    with pytest.raises(WorkerUnreachable):
        tasks.ask_worker("echo", {"words": "hello"}, editor)
    assert not Inquiry.objects.exists()


def test_a_kind_that_nothing_answers_is_a_mistake_of_the_caller(editor: Any) -> None:
    with pytest.raises(ValueError, match="Nothing answers"):
        operations.ask("nonsense", {}, editor)
