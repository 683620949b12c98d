"""What kind of site brought a reader, by its host. The host itself is never stored."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from personalization.types import Referrer

# Mailboxes first: mail.google.com is no search engine. Apps name themselves backwards: com.google.android.gm.
_MAIL: Final = re.compile(
    r"^(?:[a-z0-9-]+\.)*(?:mail\.(?:google|yahoo|aol|zoho|yandex)\.[a-z]{2,3}(?:\.[a-z]{2})?|mail\.proton\.me|e\.mail\.ru|"
    r"outlook\.(?:live|office|office365)\.com|(?:deref-)?gmx\.(?:net|de|at|ch|com)|deref-(?:mail\.com|web\.de))$"
    r"|^com\.google\.android\.gm$|^com\.microsoft\.office\.outlook$"
)
_SEARCH: Final = re.compile(
    r"^(?:www\.|m\.|search\.|[a-z]{2}\.|cn\.)*(?:google|bing|duckduckgo|ecosia|qwant|yahoo|yandex|ya|baidu|startpage|kagi|"
    r"naver|seznam|swisscows|mojeek|lilo|ask|aol)\.(?:[a-z]{2,3}\.)?[a-z]{2,4}$"
    r"|^search\.brave\.com$|^presearch\.com$|(?:^|\.)googlequicksearchbox$"
)
_SOCIAL: Final = re.compile(
    r"(?:^|\.)(?:facebook\.com|fb\.(?:com|me)|instagram\.com|threads\.(?:com|net)|x\.com|twitter\.com|t\.co|linkedin\.com|lnkd\.in|"
    r"reddit\.com|pinterest\.[a-z.]{2,6}|tiktok\.com|youtube\.com|youtu\.be|vimeo\.com|tumblr\.com|bsky\.app|mastodon\.social|"
    r"mastodon\.online|t\.me|telegram\.(?:me|org)|whatsapp\.com|wa\.me|snapchat\.com|vk\.com|weibo\.com|quora\.com|"
    r"discord\.com|ycombinator\.com)$"
)


def kind_of(host: str, own_host: str = "") -> Referrer:
    """The kind of site behind the referrer's host; "" is a reader who typed the address or came from a bookmark."""
    host = host.lower().rstrip(".")
    if not host:
        return "direct"
    return "internal" if host == own_host.lower() else _foreign(host)


@lru_cache(maxsize=2048)
def _foreign(host: str) -> Referrer:
    if _MAIL.search(host):
        return "mail"
    if _SEARCH.search(host):
        return "search"
    return "social" if _SOCIAL.search(host) else "other"
