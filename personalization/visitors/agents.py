"""What a user agent tells: the kind of device, and whether it names itself a robot. It is never stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from personalization.types import Device

# Names by which crawlers, link previews, monitors and audits announce themselves. A headless browser or
# an HTTP library is not here: it can become a reader only by saying yes to consent and keeping the cookie.
_BOT = re.compile(
    r"(?<!cu)bot(?:\b|_)|crawl|spider|slurp|archiver|mediapartners|facebookexternalhit|meta-external|embedly"
    r"|whatsapp/|skypeuripreview|slack-img|bingpreview|google-(?:inspection|read|extended|site|safety)|googleother"
    r"|feedfetcher|feedly|feedburner|\brss|pingdom|uptime|statuscake|site24x7|monitor|lighthouse|pagespeed|gtmetrix"
    r"|validator|wget|scrapy|httrack|nutch|chatgpt-user|claude-web|anthropic-ai|perplexity|phantomjs|nuclei|zgrab",
    re.IGNORECASE,
)
_TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|android(?!.*mobile)", re.IGNORECASE)
_MOBILE = re.compile(r"mobi|iphone|ipod|windows phone|opera mini", re.IGNORECASE)
_DESKTOP = re.compile(r"windows nt|macintosh|x11|cros |linux", re.IGNORECASE)

_LONGEST = 512
"""Of a longer user agent only the beginning is looked at: nobody may buy our time with a header."""


def device_of(headers: Mapping[str, str]) -> Device:
    """The class of device, from the client hint where there is one, else from the user agent."""
    device = _device(headers.get("User-Agent", "")[:_LONGEST])
    if headers.get("Sec-CH-UA-Mobile") == "?1" and device != "tablet":
        return "mobile"
    return device


@lru_cache(maxsize=512)
def is_bot(user_agent: str) -> bool:
    """Whether the user agent names itself as something other than a reader's browser."""
    return bool(_BOT.search(user_agent[:_LONGEST]))


@lru_cache(maxsize=512)
def _device(user_agent: str) -> Device:
    if _TABLET.search(user_agent):
        return "tablet"
    if _MOBILE.search(user_agent):
        return "mobile"
    return "desktop" if _DESKTOP.search(user_agent) else "other"
