"""What the site itself says comes after a page: the next part of a series, "read next"."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import swapper
from django.utils.module_loading import import_string
from wagtail.models import get_page_models

from personalization.conf import settings
from personalization.types import Candidate

from .base import CandidateSource, SourceRequest, register
from .journey import best_of, of_the_kind

if TYPE_CHECKING:
    from wagtail.models import Page

METHOD: Final = "read_next"


@register
class SeriesSource(CandidateSource):
    """The pages that follow the one being read, in the site's order. Score: 1, 1/2, 1/3 and so on.

    They are what `SERIES` says, the dotted path of a function of the page, or else the page's own method `read_next`:
    either returns pages or their ids. Without both, no query is made.
    """

    name = "series"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        page_id = request.query.page_id
        following = _function()
        if page_id is None or following is None:
            return []
        page = swapper.load_model("wagtailcore", "Page").objects.filter(pk=page_id).first()
        next_ids = dict.fromkeys(_ids(following(page.specific)) if page else ())
        found = [
            Candidate(next_id, 1.0 / place, self.name, {"page_id": page_id, "position": place})
            for place, next_id in enumerate(next_ids, start=1)
        ]
        return best_of(of_the_kind(found, request), request)


def _function() -> Callable[[Page], Iterable[Any]] | None:
    if settings.SERIES:
        function: Callable[[Page], Iterable[Any]] = import_string(settings.SERIES)
        return function
    return _own if any(hasattr(model, METHOD) for model in get_page_models()) else None


def _own(page: Page) -> Iterable[Any]:
    method = getattr(page, METHOD, None)
    return method() if method else ()


def _ids(pages: Iterable[Any]) -> list[int]:
    return [int(getattr(page, "pk", page)) for page in pages]
