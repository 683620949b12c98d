"""The settings of the personalization app: one dict, `WAGTAIL_PERSONALIZATION`, read lazily.

`settings.KEY` gives the site's value or the default; tests may use `override_settings`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings

NAME = "WAGTAIL_PERSONALIZATION"

DEFAULTS: dict[str, Any] = {
    # The signed, HttpOnly visitor cookie, set only after consent.
    "COOKIE_NAME": "affinity_visitor",
    "COOKIE_MAX_AGE_DAYS": 180,
    # Who says what a reader consented to, beside the reader: the dotted path of the site's own consent platform's
    # backend, see docs/privacy.md. "" = nobody. And whether the built-in banner asks.
    "CONSENT_BACKEND": "",
    "CONSENT_BANNER": True,
    # At login, make what a consenting browser read part of the account's profile; at logout, part from it again.
    "LOGIN_MERGE": False,
    # The header of a trusted proxy that names the visitor's country, e.g. "CF-IPCountry". "" = never read.
    "COUNTRY_HEADER": "",
    # Reading counts half as much after this many days.
    "PROFILE_HALF_LIFE_DAYS": 14.0,
    "PROFILE_RECENT_PAGES": 50,
    # A gap of this many minutes starts a new visit.
    "VISIT_GAP_MINUTES": 30,
    # After how many hours reading counts half as much: three for trending, short to long; for pages that are read
    # together; for sessions like the reader's own. None = by how much the site is read.
    "TRENDING_HALF_LIVES_HOURS": None,
    "COVISITS_HALF_LIFE_HOURS": None,
    "SESSIONS_HALF_LIFE_HOURS": None,
    # So many pages that are read with a page are kept of each.
    "COVISITS_PER_PAGE": 200,
    # Factorise each night who read what: "ease", "als" (needs wagtail-affinity[factors]), "" = not at all.
    "FACTORS": "",
    # Learn each night what is read next in a visit: "gru" (torch in the workers), "" = not at all. It proposes pages
    # where it beats transitions; of so many pages, the most read.
    "SEQUENCES": "",
    "SEQUENCES_MAX_PAGES": 10_000,
    # What comes after a page: the dotted path of a function from page to pages. "" = the page's method read_next.
    "SERIES": "",
    # Events: how many in one request, how large, how old, and how far ahead a client's clock may be.
    "EVENTS_MAX_BATCH": 100,
    "EVENTS_MAX_BODY_BYTES": 65536,
    "EVENTS_MAX_AGE_HOURS": 72,
    "EVENTS_MAX_SKEW_SECONDS": 300,
    # How long single events are kept, and what their table is partitioned by: "month" or "day".
    "EVENTS_RETENTION_DAYS": 90,
    "EVENTS_PARTITION": "month",
    # Where events go: "database", "redis" (a stream that workers drain), or the dotted path of an EventSink.
    "EVENT_SINK": "database",
    # For "redis": the server's address ("" = that of Django's default cache, where it is a Redis), the stream, how
    # many batches may wait before clients are told to come back, and when a dead worker's batches go to another.
    "EVENT_SINK_URL": "",
    "EVENT_SINK_STREAM": "affinity:events",
    "EVENT_SINK_MAX_BATCHES": 50_000,
    "EVENT_SINK_CLAIM_SECONDS": 60,
    # DRF throttle rates for the public endpoints, per client; of events, for each visitor and each address.
    "EVENTS_RATE": "600/min",
    "EVENTS_ADDRESS_RATE": "6000/min",
    "RECOMMENDATIONS_RATE": "600/min",
    "CONSENT_RATE": "60/min",
    "VISITOR_RATE": "120/min",
    # What the visitor's own page extends: any template with the blocks "title" and "content".
    "BASE_TEMPLATE": "personalization/base.html",
    # Recommendations: how many at most, how many candidates a source may propose, cache lifetimes.
    "MAX_ITEMS": 24,
    "CANDIDATES_PER_SOURCE": 40,
    # Related pages: how much each signal counts. `manage.py tune_related` proposes a site's own.
    "RELATED_STRENGTHS": {"terms": 1.0, "meaning": 0.75, "topics": 0.35, "names": 0.1, "dates": 1.0},
    "SLATE_CACHE_SECONDS": 60,
    "CONFIG_CACHE_SECONDS": 10,
    # Who wrote a page, for the limit on pages of one author: "owner", a field of the site's page types, or the dotted
    # path of a function(page) that returns an author or several.
    "AUTHOR": "owner",
    # A page is new for so many days; until it was seen so often, a placement's share of lists shows it. 0 = never.
    "NEW_PAGE_DAYS": 14,
    "EXPLORATION_MINIMUM": 50,
    # The report on exposure points at pages that are shown so many times as much, or as little, as their share.
    "EXPOSURE_ALERT_FACTOR": 4.0,
    # Learned segments: how many visitors a fit needs at least and takes at most, how much it has to agree with
    # the fit before (adjusted Rand index), how often it is made anew, how far ahead a goal is foreseen, and
    # how many versions are kept to go back to.
    "LEARNED_MIN_VISITORS": 200,
    "LEARNED_MAX_VISITORS": 20_000,
    "LEARNED_MIN_STABILITY": 0.5,
    "LEARNED_REFIT_HOURS": 24,
    "LEARNED_GOAL_DAYS": 7,
    "LEARNED_KEEP_VERSIONS": 10,
    # The learned ranker: "logistic", "trees" (needs the extra of that name) or "" for the weighted blend alone; with
    # how many clicks it is fitted at least, on how many days and lists at most, and how many versions are kept.
    "RANKER": "logistic",
    "RANKER_MIN_CLICKS": 300,
    "RANKER_WINDOW_DAYS": 30,
    "RANKER_MAX_SLATES": 50_000,
    "RANKER_KEEP_VERSIONS": 10,
    # Page types that may be recommended, as "app.Model"; empty = every type but the base page.
    "RECOMMENDABLE_TYPES": [],
    # Reports and exports show no group of fewer visitors than this. 1 shows them all.
    "K_ANONYMITY": 10,
    # {"epsilon": 1.0, "per_visitor": 20}: counts in exports carry Laplace noise. None = exact counts.
    "DIFFERENTIAL_PRIVACY": None,
}


class PersonalizationSettings:
    """Attribute access to `WAGTAIL_PERSONALIZATION` over `DEFAULTS`. An unknown key is an AttributeError."""

    def __getattr__(self, key: str) -> Any:
        if key not in DEFAULTS:
            raise AttributeError(f"{NAME} has no key {key!r}. Known keys: {', '.join(sorted(DEFAULTS))}.")
        return getattr(django_settings, NAME, {}).get(key, DEFAULTS[key])


settings = PersonalizationSettings()


def related_strengths() -> dict[str, float]:
    """How much each signal of related pages counts: what the site says, and the defaults for the rest."""
    return {**DEFAULTS["RELATED_STRENGTHS"], **settings.RELATED_STRENGTHS}
