"""What kind of site brought a reader. The host itself is not kept."""

from __future__ import annotations

import re
from typing import Final

from personalization.types import Referrer

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


def kind_of(host: str, own_host: str) -> Referrer:
    """The kind of site behind the referrer's host; "" is a reader who typed the address or came from a bookmark."""
    host = host.lower().rstrip(".")
    if not host:
        return "direct"
    if host == own_host.lower():
        return "internal"
    if _SEARCH.search(host):
        return "search"
    return "social" if _SOCIAL.search(host) else "other"
