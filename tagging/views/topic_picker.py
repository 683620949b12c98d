"""What the field "Add a topic" of the panel asks for while somebody types."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from tagging import operations
from tagging.models import Suggestion

from .permissions import get_editable_page, page_policy
from .problems import answering_problems

SHOWN = 8
MAX_WORDS = 120  # characters: no topic's name is longer
State = Suggestion.State


@require_GET
@answering_problems
def find_topics(request: HttpRequest) -> HttpResponse:
    """The topics for `?q=`, with what the page `?page=` has to do with them; without a page, one that is not saved.

    `items` are {id, name, trail, synonym, note, url}: posting to `url` adds the topic (null without a page).
    `create` is {label, url} where no topic is called so and the user may make one. `message` is read out.
    """
    page_id = request.GET.get("page", "")
    page = get_editable_page(request, int(page_id)) if page_id.isdecimal() else None
    if page is None and not page_policy().user_has_any_permission(request.user, ["add", "change"]):
        raise PermissionDenied
    words = " ".join(request.GET.get("q", "").split())[:MAX_WORDS]
    search = operations.search_topics(words, SHOWN)
    create = _create_option(request.user, words) if words and not search.is_named else None
    return JsonResponse(
        {
            "items": _items(search, page),
            "create": create,
            "message": _message(search, can_create=create is not None),
        }
    )


def _items(search: operations.TopicSearch, page: Any) -> list[dict[str, Any]]:
    states = _states(search, page) if page else {}
    return [
        {
            "id": topic.topic_id,
            "name": topic.name,
            "trail": topic.trail,
            "synonym": topic.synonym,
            "note": _note(states.get(topic.topic_id)),
            "url": reverse("affinity_analysis:decide", args=[page.pk, topic.topic_id, "add"]) if page else None,
        }
        for topic in search.topics
    ]


def _states(search: operations.TopicSearch, page: Any) -> dict[int, str]:
    rows = Suggestion.objects.filter(page_id=page.pk, topic_id__in=[topic.topic_id for topic in search.topics])
    return dict(rows.values_list("topic_id", "state"))


def _note(state: str | None) -> str:
    if state == State.REJECTED:
        return _("Rejected for this page")
    return _("Already a topic of this page") if state in (State.ACCEPTED, State.APPLIED) else ""


def _create_option(user: Any, words: str) -> dict[str, str] | None:
    if not user.has_perm("tagging.add_topic"):
        return None
    return {
        "label": _("Create topic “%(name)s”…") % {"name": words},
        "url": f"{reverse('affinity_topics:add')}?{urlencode({'name': words})}",
    }


def _message(search: operations.TopicSearch, *, can_create: bool) -> str:
    if not search.count:
        advice = _("You can create it.") if can_create else _("Ask somebody who may add topics.")
        return f"{_('No topic is called that.')} {advice}"
    found = ngettext("%(count)d topic found.", "%(count)d topics found.", search.count) % {"count": search.count}
    if search.count <= SHOWN:
        return found
    return f"{found} {_('The best %(count)d are shown.') % {'count': SHOWN}}"
