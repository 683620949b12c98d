"""`counting.count`, on which throttles stand: every request has a number of its own, in any cache."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from personalization.api import counting


@pytest.fixture(params=["locmem", "redis"])
def shared_cache(request, settings):
    if request.param == "redis":
        location = request.getfixturevalue("redis_url")
        backend = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": location}
        settings.CACHES = {"default": {**backend, "KEY_PREFIX": "site"}}
    cache.clear()
    return cache


def test_each_request_has_its_number_under_each_key(shared_cache):
    assert counting.count({"visitor": 60, "address": 60}) == [1, 1]
    assert counting.count({"visitor": 60, "address": 60}) == [2, 2]
    assert counting.count({"other-visitor": 60, "address": 60}) == [1, 3]
    assert [shared_cache.get(key) for key in ("visitor", "other-visitor", "address")] == [2, 1, 3]


def test_of_requests_at_the_same_time_each_has_its_number(shared_cache):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: counting.count({f"visitor-{number}": 60, "address": 60}), range(40)))
    assert sorted(address for _visitor, address in found) == list(range(1, 41))
    assert {visitor for visitor, _address in found} == {1}


def test_what_was_counted_is_forgotten_after_its_time(settings, redis_url):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}}
    counting.count({"short": 7, "long": 3600})
    counting.count({"short": 7, "long": 3600})
    left = [counting._client(cache._connections["default"]).ttl(cache.make_key(key)) for key in ("short", "long")]
    assert 0 < left[0] <= 7 < 3000 < left[1] <= 3600
