"""`request.affinity`: everything about the visitor behind a request, read only when somebody asks."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from django.conf import settings as django_settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, cached_property

from personalization.conf import settings
from personalization.consent import Decision, Refusal, decide, is_speculative, refusal_by_browser
from personalization.types import ProfileState, Purpose, RequestContext

from . import accounts, cookie, segments, store
from .agents import is_bot
from .context import build_context
from .platform import platform_purposes
from .representative import representative_profile


class Affinity:
    """The visitor of one request. Making it reads nothing; the visitor and the profile are one query, the rest none.

    Set `forced_segments` to preview a page as somebody in those segments would see it, and `is_in_response`
    where the answer itself was made for the visitor: the middleware then keeps shared caches away from it. Where
    nobody will ask for the profile, set `claimed_slates` before anything is read: those that the browser names.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        # Kept now, without reading it: REST framework replaces `request.user` on its own views.
        self._user: Any = getattr(request, "user", None)
        self.forced_segments: frozenset[int] | None = None
        self.claimed_slates: Collection[uuid.UUID] | None = None
        self.is_in_response = False

    @cached_property
    def refusal(self) -> Refusal | None:
        """Who says no before anybody asks the visitor: the browser itself or the site's consent platform; or None."""
        if by_browser := refusal_by_browser(self._request.headers):
            return by_browser
        return "platform" if self.platform is not None and not self.platform else None

    @cached_property
    def platform(self) -> frozenset[Purpose] | None:
        """What the site's own consent platform allows, None where there is none or it does not say."""
        return platform_purposes(self._request)

    @cached_property
    def is_bot(self) -> bool:
        return is_bot(self._request.headers.get("User-Agent", ""))

    @cached_property
    def is_editor(self) -> bool:
        """Whether somebody is signed in who may use Wagtail's admin."""
        return self._is_signed_in and bool(self._user.has_perm("wagtailadmin.access_admin"))

    @property
    def is_preview(self) -> bool:
        return bool(getattr(self._request, "is_preview", False))

    @cached_property
    def consent(self) -> Decision:
        """ "granted", "denied" (by the browser) or "unknown"."""
        return decide(self.refusal, self.purposes)

    def allowed(self, purposes: Collection[Purpose]) -> frozenset[Purpose]:
        """Of these purposes, those that the platform allows."""
        return frozenset(purposes) if self.platform is None else self.platform.intersection(purposes)

    @property
    def purposes(self) -> frozenset[Purpose]:
        """What the visitor said yes to, whoever looks: "analytics", "personalization", both or nothing.

        Never more than the site's consent platform allows, where there is one.
        """
        return self._stored.purposes if self._stored else frozenset()

    @property
    def known_id(self) -> uuid.UUID | None:
        """The visitor whom `claimed_id` names and who still exists, whoever looks. One query, shared by `profile`."""
        return self._stored.id if self._stored else None

    @property
    def own_slates(self) -> frozenset[uuid.UUID]:
        """Those of `claimed_slates` that were served to the visitor."""
        return self._stored.own_slates if self._stored else frozenset()

    @property
    def others_slates(self) -> frozenset[uuid.UUID]:
        """Those of `claimed_slates` that were served to somebody else."""
        return self._stored.others_slates if self._stored else frozenset()

    @property
    def is_account(self) -> bool:
        """Whether the visitor is the account's that is signed in, not the browser's."""
        return self._stored is not None and self._stored.user_id is not None

    @cached_property
    def claimed_id(self) -> uuid.UUID | None:
        """The id in the session or a well-signed cookie, unless there is a refusal. No query: it may be gone."""
        if self.refusal or self.is_bot:
            return None
        return accounts.claimed_by_session(self._request) or cookie.read(self._request)

    @property
    def account(self) -> Any:
        """The reader who is signed in where the site keeps one profile for all browsers of an account, or None."""
        return self._user if settings.LOGIN_MERGE and self._is_signed_in and not self.is_editor else None

    def forget(self, user: Any = None) -> None:
        """Read everything anew: in this very request `user` signed in, or somebody out."""
        for name, value in vars(type(self)).items():
            if isinstance(value, cached_property):
                vars(self).pop(name, None)
        self._user = user

    @property
    def visitor_id(self) -> uuid.UUID | None:
        """Whom to choose pages for; None without consent to personalization, and for bots, previews and editors."""
        return self.known_id if self._allows("personalization") else None

    @property
    def counted_id(self) -> uuid.UUID | None:
        """Whose events are stored; None without consent to any purpose, and for bots, previews and editors."""
        return self.known_id if self._allows("analytics") or self._allows("personalization") else None

    @property
    def is_counted(self) -> bool:
        """Whether what happens in this request may be written down as a reader's doing."""
        is_seen = self._request.method != "HEAD" and not is_speculative(self._request.headers)
        return is_seen and self.counted_id is not None

    @property
    def profile(self) -> ProfileState | None:
        """What is known of the visitor; None wherever `visitor_id` is. A preview's is its segments' typical reader."""
        if self.forced_segments is not None:
            return self._forced_profile
        return self._stored.profile if self._stored and self.visitor_id else None

    @cached_property
    def context(self) -> RequestContext:
        return build_context(self._request, self._user.pk if self._is_signed_in else None)

    @property
    def segments(self) -> frozenset[int]:
        """Ids of the segments this request belongs to, or those forced by a preview."""
        return self._matching_segments if self.forced_segments is None else self.forced_segments

    @cached_property
    def _matching_segments(self) -> frozenset[int]:
        return segments.matching(self.profile, self.context)

    @cached_property
    def _forced_profile(self) -> ProfileState | None:
        return representative_profile(self.forced_segments or frozenset())

    @cached_property
    def _stored(self) -> store.KnownVisitor | None:
        found = self._load(self.claimed_id) if self.claimed_id else None
        if found is None or not self._may_be(found):
            return None
        if self.platform is None or found.purposes <= self.platform:
            return found
        # Taken back on the platform: it ends here, too, before anything else is written.
        store.set_purposes(found.id, found.purposes & self.platform)
        return self._load(found.id)

    def _load(self, visitor_id: uuid.UUID) -> store.KnownVisitor | None:
        if self.claimed_slates is None:
            return store.load_visitor(visitor_id)
        return store.load_standing(visitor_id, self.claimed_slates)

    def _may_be(self, found: store.KnownVisitor) -> bool:
        """An account's visitor is shown to nobody else, whatever session or cookie may name it."""
        return found.user_id is None or (self.account is not None and self.account.pk == found.user_id)

    def _allows(self, purpose: Purpose) -> bool:
        """Whether this request is a reader's who said yes to the purpose."""
        # In this order, for whoever has no cookie needs no query and opens no session.
        return bool(self.claimed_id) and not self.is_preview and not self.is_editor and purpose in self.purposes

    @cached_property
    def _is_signed_in(self) -> bool:
        """Reading Django's lazy user opens the session, and a page that did so is no longer publicly
        cacheable (`Vary: Cookie`). Without a session cookie it could only be nobody."""
        is_lazy = isinstance(self._user, SimpleLazyObject)
        if self._user is None or (is_lazy and django_settings.SESSION_COOKIE_NAME not in self._request.COOKIES):
            return False
        return bool(self._user.is_authenticated)


def affinity_of(request: HttpRequest) -> Affinity:
    """`request.affinity`, with its type. Attached here where the middleware did not see the request."""
    affinity: Affinity | None = getattr(request, "affinity", None)
    if affinity is None:
        affinity = request.affinity = Affinity(request)  # type: ignore[attr-defined]
    return affinity
