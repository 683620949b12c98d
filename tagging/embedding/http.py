"""Embedding by any server that answers as OpenAI's `/v1/embeddings` does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tagging.conf import settings
from tagging.exceptions import ModelUnavailable, ServerUnavailable

from .base import Embedder

API_KEY = "AFFINITY_EMBEDDING_API_KEY"
RETRIES = 4
BACKOFF_SECONDS = 0.5  # then 1, 2, 4
LONGEST_WAIT_SECONDS = 60.0  # whatever the server's Retry-After says: a worker has other pages to see to
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class HttpEmbedder(Embedder):
    """A model behind EMBEDDING_URL: the address that ends in `/v1`, of vLLM, Ollama, TEI, OpenAI and others.

    The server's key is read from the environment, AFFINITY_EMBEDDING_API_KEY, and from nowhere else.
    """

    @property
    def name(self) -> str:
        return f"{self.model}@http@fp32"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        size = settings.EMBEDDING_BATCH_SIZE
        batches = [self._ask(list(texts[start : start + size])) for start in range(0, len(texts), size)]
        if len({batch.shape[1] for batch in batches} | {self._dimensions}) > 1:
            raise ServerUnavailable(f"{self._url} sent vectors of different lengths for {self.model!r}.")
        return np.concatenate([np.empty((0, self._dimensions), dtype=np.float32), *batches])

    def check(self) -> None:
        if not settings.EMBEDDING_URL.startswith(("http://", "https://")):
            raise ModelUnavailable(
                "EMBEDDING_BACKEND is 'http', but EMBEDDING_URL is not set. Set it in WAGTAIL_TAGGING,"
                " for example to 'http://localhost:8080/v1'."
            )

    @cached_property
    def _dimensions(self) -> int:
        return int(self._ask(["Hello"]).shape[1])

    @property
    def _url(self) -> str:
        return f"{settings.EMBEDDING_URL.rstrip('/')}/embeddings"

    @cached_property
    def _session(self) -> requests.Session:
        retry = _Retry(
            total=RETRIES,
            backoff_factor=BACKOFF_SECONDS,
            backoff_jitter=BACKOFF_SECONDS,
            status_forcelist=TRY_AGAIN,
            allowed_methods=None,  # POST, too: embedding the same text twice does no harm
            raise_on_status=False,
        )
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        return session

    def _ask(self, texts: list[str]) -> npt.NDArray[np.float32]:
        self.check()
        try:
            answer = self._session.post(
                self._url,
                json={"model": self.model, "input": texts, "encoding_format": "float"},
                timeout=settings.EMBEDDING_TIMEOUT_SECONDS,
                auth=_authorize,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise ServerUnavailable(f"{self._url} does not answer: {error}. Check EMBEDDING_URL.") from error
        if answer.status_code != 200:
            is_the_texts = answer.status_code in (400, 413, 422)
            raise (ModelUnavailable if is_the_texts else ServerUnavailable)(_refusal(answer))
        try:
            return _unit_rows(answer.json()["data"], len(texts))
        except (ValueError, KeyError, TypeError) as error:
            raise ServerUnavailable(
                f"{self._url} answered, but not as an /v1/embeddings server: {error}. Check EMBEDDING_URL."
            ) from error


class _Retry(Retry):
    def get_retry_after(self, response: Any) -> float | None:
        wanted = super().get_retry_after(response)
        return None if wanted is None else min(wanted, LONGEST_WAIT_SECONDS)


def _authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """As `auth`, so that requests looks for no other key in ~/.netrc."""
    if key := os.environ.get(API_KEY):
        request.headers["Authorization"] = f"Bearer {key}"
    return request


def _refusal(answer: requests.Response) -> str:
    advice = {
        401: f"Set the environment variable {API_KEY}.",
        403: f"Check the environment variable {API_KEY}.",
        404: "Check EMBEDDING_URL, which ends in /v1, and EMBEDDING_MODEL.",
        413: "Set a smaller EMBEDDING_BATCH_SIZE.",
        422: "Set a smaller EMBEDDING_BATCH_SIZE, or check EMBEDDING_MODEL.",
        429: "Let fewer workers run, or ask for a higher limit.",
    }.get(answer.status_code, "Its own log may say why.")
    return f"{answer.url} answered {answer.status_code}: {answer.text[:200].strip()} {advice}"


def _unit_rows(data: list[dict[str, Any]], n: int) -> npt.NDArray[np.float32]:
    """The vectors in the order of the texts, whatever the order of the answer. Raises ValueError."""
    rows = {item["index"]: item["embedding"] for item in data}
    if len(data) != n or rows.keys() != set(range(n)):
        raise ValueError(f"{n} texts were sent, and vectors came for {sorted(rows)}")
    vectors = np.array([rows[number] for number in range(n)], dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if vectors.ndim != 2 or not np.isfinite(lengths).all() or not lengths.all():
        raise ValueError("a vector is empty, zero or not finite")
    unit: npt.NDArray[np.float32] = (vectors / lengths).astype(np.float32)
    return unit
