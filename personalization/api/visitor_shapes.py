"""The forms in which a visitor's own data is told and changed."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from personalization.visitors.preferences import LONGEST, PREFERENCES

from .fields import JSONBoolean, JSONChoice, JSONInteger

LARGEST_TOPIC_ID = 2**63 - 1


class TopicShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    weight = serializers.FloatField(
        help_text=gettext_lazy("Its part in what was read and liked, 0 to 1. All of them together are less than 1.")
    )
    strength = serializers.ChoiceField(
        choices=("strong", "some", "little"), help_text=gettext_lazy("The weight in a word.")
    )
    is_liked = serializers.BooleanField()
    is_muted = serializers.BooleanField()


class HiddenPageShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField(help_text=gettext_lazy("Empty where the page is no longer public."))
    url = serializers.CharField()


class ReadPageShape(HiddenPageShape):
    at = serializers.DateTimeField(help_text=gettext_lazy("When it was read last."))


class VisitorState(serializers.Serializer[Any]):
    purposes = serializers.ListField(
        child=serializers.CharField(),
        help_text=gettext_lazy("What the visitor said yes to. Empty: nothing is stored, and nothing follows."),
    )
    since = serializers.DateTimeField(required=False)
    deleted_after = serializers.DateTimeField(
        required=False, help_text=gettext_lazy("When all of it is deleted, unless the visitor comes back before.")
    )
    has_profile = serializers.BooleanField(default=False)
    topics = TopicShape(many=True, default=(), help_text=gettext_lazy("The strongest first."))
    muted_topics = TopicShape(many=True, default=())
    segments = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        help_text=gettext_lazy("Names of the groups that editors named for visitors; the export names every group."),
    )
    other_segments = serializers.IntegerField(default=0, help_text=gettext_lazy("How many groups have no such name."))
    recent = ReadPageShape(many=True, default=(), help_text=gettext_lazy("Pages read, the newest first."))
    hidden_pages = HiddenPageShape(many=True, default=())
    views = serializers.IntegerField(default=0)
    visits = serializers.IntegerField(default=0)
    events = serializers.IntegerField(default=0, help_text=gettext_lazy("How many events are stored."))
    has_answered = serializers.BooleanField(default=False, help_text=gettext_lazy("Whether onboarding was answered."))


class TopicPreference(serializers.Serializer[Any]):
    preference = JSONChoice(
        choices=PREFERENCES,
        help_text=gettext_lazy("Like it, mute it with all topics below it, or take back either."),
    )


class PagePreference(serializers.Serializer[Any]):
    hidden = JSONBoolean(help_text=gettext_lazy("Whether the page is never to be shown to the visitor again."))


class Answers(serializers.Serializer[Any]):
    topics = serializers.ListField(
        child=JSONInteger(min_value=1, max_value=LARGEST_TOPIC_ID),
        max_length=LONGEST,
        help_text=gettext_lazy(
            "Ids of the topics that the visitor wants to read about, in place of an earlier answer's."
        ),
    )


class OnboardingState(serializers.Serializer[Any]):
    personalization = serializers.BooleanField(help_text=gettext_lazy("Whether there is a profile to answer for."))
    answered = serializers.BooleanField()
    topics = serializers.ListField(child=serializers.IntegerField())


class Export(serializers.Serializer[Any]):
    exported_at = serializers.DateTimeField()
    visitor = serializers.DictField(
        allow_null=True, help_text=gettext_lazy("The id, since when, and for which purposes; null: nothing is stored.")
    )
    profile = serializers.DictField(allow_null=True, required=False)
    events = serializers.ListField(child=serializers.DictField(), required=False)
    visits = serializers.ListField(child=serializers.DictField(), required=False)
    recommended = serializers.ListField(child=serializers.DictField(), required=False)
