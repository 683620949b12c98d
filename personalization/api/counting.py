"""Counts in Django's shared cache, for any number of keys in one round trip where the cache is Django's own Redis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from django.core.cache import DEFAULT_CACHE_ALIAS, BaseCache, caches
from django.core.cache.backends.redis import RedisCache

_COUNT: Final = """
local numbers = {}
for place, key in ipairs(KEYS) do
    numbers[place] = redis.call('INCR', key)
    if numbers[place] == 1 then redis.call('EXPIRE', key, ARGV[place]) end
end
return numbers
"""


_clients: WeakKeyDictionary[BaseCache, Any] = WeakKeyDictionary()
"""A Redis cache to a client with its connections. Django makes one for each call, at more than the call costs."""


def count(lasting: Mapping[str, int]) -> list[int]:
    """Add one to each key, which is forgotten so many seconds after its first; what each amounts to.

    Added to atomically: of two at once, neither is missed. Raises what the cache raises where it is down.
    """
    cache: BaseCache = caches[DEFAULT_CACHE_ALIAS]
    if not isinstance(cache, RedisCache):
        return [_count(cache, key, seconds) for key, seconds in lasting.items()]
    keys = [cache.make_key(key) for key in lasting]
    return cast("list[int]", _client(cache).eval(_COUNT, len(keys), *keys, *lasting.values()))


def _client(cache: RedisCache) -> Any:
    if cache not in _clients:
        _clients[cache] = cast("Any", cache)._cache.get_client(write=True)
    return _clients[cache]


def _count(cache: BaseCache, key: str, seconds: int) -> int:
    try:
        return cache.incr(key)
    except ValueError:  # the first; two at once may both come here
        return 1 if cache.add(key, 1, seconds) else cache.incr(key)
