"""How many requests a client may make: REST framework's throttles, counted in Django's shared cache."""

from __future__ import annotations

import hashlib
import logging
import time

from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle
from rest_framework.views import APIView

from personalization.visitors import affinity_of

from . import counting

logger = logging.getLogger(__name__)

CACHE_PAUSE_SECONDS = 10.0


class _CacheOutage:
    """A cache that is down is asked, and complained of, once in a while only: each try may cost its timeout."""

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def begin(self) -> None:
        self._until = time.monotonic() + CACHE_PAUSE_SECONDS
        logger.exception("The cache cannot be reached: nobody is throttled until it is back.")


outage = _CacheOutage()


class ClientThrottle(SimpleRateThrottle):
    """So many requests per client address in each window as long as the rate's unit.

    One number for each client, added to atomically: processes that share the cache miss no request, and a flood costs
    no more than one request does. Where the cache is down everybody may come in.
    """

    num_requests: int
    duration: int

    def __init__(self, scope: str, rate: str) -> None:
        self.scope, self.rate = scope, rate
        super().__init__()

    def get_cache_key(self, request: Request, view: APIView) -> str:
        ident = hashlib.blake2b((self.get_ident(request) or "").encode(), digest_size=16).hexdigest()
        return f"personalization:throttle:{self.scope}:{ident}"

    def allow_request(self, request: Request, view: APIView) -> bool:
        return JointThrottle(self).allow_request(request, view)

    def wait(self) -> float:
        return self.duration - self.timer() % self.duration

    def window_key(self, request: Request, view: APIView) -> str:
        """Where the requests of this client are counted just now."""
        return f"{self.get_cache_key(request, view)}:{self.timer() // self.duration:.0f}"


class VisitorThrottle(ClientThrottle):
    """So many requests per visitor, or per address where there is none: readers behind one address don't share."""

    def get_cache_key(self, request: Request, view: APIView) -> str:
        visitor_id = affinity_of(request._request).claimed_id
        if visitor_id is None:
            return super().get_cache_key(request, view)
        # Not the id itself: once its visitor is deleted, no cache may hold it either.
        ident = salted_hmac("personalization.throttle", visitor_id.hex, algorithm="sha256").hexdigest()[:32]
        return f"personalization:throttle:{self.scope}:{ident}"


class JointThrottle(BaseThrottle):
    """Several throttles, each of which counts every request, at the price of one."""

    def __init__(self, *throttles: ClientThrottle) -> None:
        self._throttles = throttles
        self._wait = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not outage.is_over:
            return True
        lasting = {throttle.window_key(request, view): throttle.duration for throttle in self._throttles}
        try:
            numbers = counting.count(lasting)
        except Exception:  # each cache backend raises its own
            outage.begin()
            return True
        full = [
            throttle
            for throttle, number in zip(self._throttles, numbers, strict=True)
            if number > throttle.num_requests
        ]
        self._wait = max((throttle.wait() for throttle in full), default=0.0)
        return not full

    def wait(self) -> float:
        return self._wait
