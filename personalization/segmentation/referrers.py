"""What kind of site a reader came from, by its host."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

ReferrerClass = Literal["direct", "search", "social", "mail", "other"]

# A name without a dot stands for that name under any suffix: google.fr, www.google.co.uk.
_MAIL = "mail.google.com mail.yahoo.com outlook.live.com outlook.office.com mail.proton.me gmx.de"
_SEARCH = "google bing duckduckgo ecosia qwant startpage yahoo yandex baidu search.brave.com kagi.com naver.com"
_SOCIAL = (
    "facebook.com instagram.com threads.net t.co twitter.com x.com linkedin.com lnkd.in reddit.com youtube.com "
    "pinterest tiktok.com bsky.app mastodon.social tumblr.com whatsapp.com t.me news.ycombinator.com"
)
# Mail first: mail.google.com is no search.
_HOSTS: Final[Mapping[ReferrerClass, frozenset[str]]] = {
    "mail": frozenset(_MAIL.split()),
    "search": frozenset(_SEARCH.split()),
    "social": frozenset(_SOCIAL.split()),
}


@lru_cache(maxsize=2048)
def referrer_class(host: str) -> ReferrerClass:
    """The class of a referring host; "direct" where there is none, as when an address is typed."""
    if not host:
        return "direct"
    labels = host.casefold().removeprefix("www.").split(".")
    names = {".".join(labels[i:]) for i in range(len(labels))} | set(labels[:-1][-2:])
    return next((kind for kind, hosts in _HOSTS.items() if names & hosts), "other")
