"""The http backend against a real server on this machine, in good and bad moods."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tagging.embedding import http
from tagging.embedding.http import HttpEmbedder
from tagging.exceptions import ModelUnavailable, ServerUnavailable
from tagging.pipeline import analyze
from tagging.testing import FakeEmbedder, FakeRecognizer
from tagging.testing.embedding import EmbedderContract
from tagging.types import PageText


class Server(ThreadingHTTPServer):
    """Answers with a FakeEmbedder's vectors, three times as long; `mood` may answer in its place.

    `asked` keeps (path, authorization, inputs) of every request.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.mood = [], lambda number, answer: (200, {}, answer)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers.get("Authorization"), question["input"]))
        vectors = FakeEmbedder(question["model"]).embed(question["input"]) * 3
        data = [{"object": "embedding", "index": n, "embedding": row.tolist()} for n, row in enumerate(vectors)]
        status, headers, body = self.server.mood(len(self.server.asked), {"object": "list", "data": data})
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(settings, monkeypatch):
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.delenv(http.API_KEY, raising=False)
    monkeypatch.setattr(http, "BACKOFF_SECONDS", 0.01)
    settings.WAGTAIL_TAGGING = {
        "EMBEDDING_URL": f"http://127.0.0.1:{server.server_port}/v1/",
        "EMBEDDING_BATCH_SIZE": 3,
        "EMBEDDING_TIMEOUT_SECONDS": 1,
    }
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def embedder(server):
    return HttpEmbedder("tiny")


class TestContract(EmbedderContract):
    @pytest.fixture
    def make(self, server):
        return lambda: HttpEmbedder("tiny")


def texts(n):
    return [f"text number {number}" for number in range(n)]


def test_vectors_are_the_servers_brought_to_unit_length(embedder):
    assert embedder.name == "tiny@http@fp32"
    assert embedder.embed(texts(7)) == pytest.approx(FakeEmbedder("tiny").embed(texts(7)), abs=1e-6)


def test_texts_are_sent_in_batches(server, embedder):
    embedder.embed(texts(7))
    assert {path for path, _key, _inputs in server.asked} == {"/v1/embeddings"}
    assert [len(inputs) for _path, _key, inputs in server.asked] == [3, 3, 1, 1]  # the last asks for the length


def test_the_servers_order_does_not_matter(server, embedder):
    server.mood = lambda number, answer: (200, {}, {"data": answer["data"][::-1]})
    assert embedder.embed(texts(3)) == pytest.approx(FakeEmbedder("tiny").embed(texts(3)), abs=1e-6)


def test_the_key_comes_from_the_environment_alone(server, embedder, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    embedder.embed(["one"])
    monkeypatch.setenv(http.API_KEY, "sesame")
    embedder.embed(["two"])
    keys = [key for _path, key, _inputs in server.asked]
    assert keys[0] is None
    assert keys[-1] == "Bearer sesame"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server, embedder, status):
    server.mood = lambda number, answer: (status, {}, "busy") if number < 3 else (200, {}, answer)
    assert embedder.embed(["one"]).shape == (1, 64)
    assert len(server.asked) == 4


def test_retry_after_is_kept_but_not_for_ever(server, embedder, monkeypatch):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    server.mood = lambda number, answer: (429, {"Retry-After": "3600"}, "") if number == 1 else (200, {}, answer)
    embedder.embed(["one"])
    assert http.LONGEST_WAIT_SECONDS in slept
    assert 3600 not in slept


def test_a_server_that_stays_busy_is_nobodys_fault(server, embedder):
    server.mood = lambda number, answer: (503, {}, "the model is loading")
    with pytest.raises(ServerUnavailable, match="answered 503: the model is loading"):
        embedder.embed(["one"])
    assert len(server.asked) == 1 + http.RETRIES


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "AFFINITY_EMBEDDING_API_KEY"), (404, "EMBEDDING_URL"), (302, "302")]
)
def test_a_refusal_names_the_fix_and_is_not_repeated(server, embedder, status, advice):
    server.mood = lambda number, answer: (status, {"Location": "http://elsewhere.example/"}, "no")
    with pytest.raises(ServerUnavailable, match=advice):
        embedder.embed(["one"])
    assert len(server.asked) == 1


def test_a_text_that_is_refused_is_its_pages_failure_alone(server, embedder):
    def mood(number, answer):
        refused = any("cursed" in text for text in server.asked[-1][2])
        return (413, {}, "too long") if refused else (200, {}, answer)

    server.mood = mood
    pages = [PageText(1, "Fine", "", (), "en"), PageText(2, "A cursed one", "", (), "en")]
    fine, cursed = analyze(pages, lambda language: FakeRecognizer(), embedder, ())
    assert fine.vector is not None
    assert "EMBEDDING_BATCH_SIZE" in cursed.reason


def test_a_server_that_is_away_fails_no_page(server, embedder, settings):
    settings.WAGTAIL_TAGGING |= {"EMBEDDING_URL": "http://127.0.0.1:9/v1"}
    with pytest.raises(ServerUnavailable, match="Check EMBEDDING_URL"):
        analyze([PageText(1, "Fine", "", (), "en")], lambda language: FakeRecognizer(), embedder, ())


def test_a_slow_server_is_given_up(server, embedder, monkeypatch):
    monkeypatch.setattr(http, "RETRIES", 0)
    wait = threading.Event()
    server.mood = lambda number, answer: (wait.wait(5), (200, {}, answer))[1]
    with pytest.raises(ServerUnavailable, match="does not answer"):
        embedder.embed(["one"])
    wait.set()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<html>", "not as an /v1/embeddings server"),
        ({"error": "no"}, "'data'"),
        ({"data": [{"index": 5, "embedding": [1, 0]}]}, "1 texts were sent"),
        ({"data": []}, "1 texts were sent"),
        ({"data": [{"index": 0, "embedding": [0, 0]}]}, "zero"),
        ({"data": [{"index": 0, "embedding": []}]}, "empty"),
        ({"data": [{"index": 0, "embedding": "AAAA"}]}, "not as an"),
    ],
    ids=str,
)
def test_an_answer_of_another_kind_is_an_error_and_no_vector(server, embedder, body, problem):
    server.mood = lambda number, answer: (200, {}, body)
    with pytest.raises(ModelUnavailable, match=problem):
        embedder.embed(["one"])


def test_vectors_of_changing_length_are_refused(server, embedder):
    def mood(number, answer):
        for item in answer["data"]:
            item["embedding"] = item["embedding"][: 64 if number % 2 else 32]
        return 200, {}, answer

    server.mood = mood
    with pytest.raises(ModelUnavailable, match="different lengths"):
        embedder.embed(texts(6))


def test_without_an_address_the_fix_is_named(settings):
    settings.WAGTAIL_TAGGING = {}
    with pytest.raises(ModelUnavailable, match="EMBEDDING_URL is not set"):
        HttpEmbedder("tiny").embed(["one"])
