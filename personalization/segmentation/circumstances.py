"""Rules about the request: where it comes from, on what device, when. They need no consent: nothing is stored."""

from __future__ import annotations

from personalization.referrers import kind_of
from personalization.types import ProfileState, RequestContext

from .fields import Choice, Codes, GroupChoice, Integer, Locales, MultipleChoice, Text
from .fields import gettext_noop as _
from .registry import Matcher, RuleType, register

ORIGIN = _("Where from")
MOMENT = _("When")
MEANS = _("With what")

WEEKDAYS = (
    ("mon", _("Monday")),
    ("tue", _("Tuesday")),
    ("wed", _("Wednesday")),
    ("thu", _("Thursday")),
    ("fri", _("Friday")),
    ("sat", _("Saturday")),
    ("sun", _("Sunday")),
)
TEXT_OPERATOR = Choice(name="operator", label=_("Comparison"), choices=(("is", _("is")), ("contains", _("contains"))))


@register
class DeviceRule(RuleType):
    """The kind of device, from the browser's own words."""

    code = "device"
    label = _("Device")
    summary = _("device is {value}")
    group = MEANS
    icon = "mobile-alt"
    fields = (
        MultipleChoice(
            name="value",
            label=_("Is one of"),
            choices=(
                ("desktop", _("Computer")),
                ("mobile", _("Phone")),
                ("tablet", _("Tablet")),
                ("other", _("Something else")),
            ),
        ),
    )

    def matcher(self, value: frozenset[str]) -> Matcher:
        return lambda profile, context: context.device in value


@register
class LocaleRule(RuleType):
    """The language of the page being read."""

    code = "locale"
    label = _("Language")
    summary = _("language is {value}")
    help = _("The language of the page being read.")
    group = MEANS
    icon = "site"
    depends_on_visit = True
    fields = (Locales(name="value", label=_("Is one of")),)

    def matcher(self, value: frozenset[str]) -> Matcher:
        return lambda profile, context: context.locale.casefold() in value


@register
class SignedIn(RuleType):
    """Whether the reader is signed in to the site."""

    code = "signed_in"
    label = _("Signed in")
    summary = _("signed in: {value}")
    group = MEANS
    icon = "key"
    depends_on_visit = True
    fields = (Choice(name="value", label=_("The reader is signed in"), choices=(("yes", _("Yes")), ("no", _("No")))),)

    def matcher(self, value: str) -> Matcher:
        wanted = value == "yes"
        return lambda profile, context: context.is_authenticated is wanted


@register
class UserGroup(RuleType):
    """Whether the reader is signed in as a member of one of the groups."""

    code = "user_group"
    label = _("User group")
    summary = _("{operator} {value}")
    help = _("The groups of the account the reader is signed in with. Who is not signed in belongs to none.")
    group = MEANS
    icon = "group"
    depends_on_visit = True
    fields = (
        Choice(
            name="operator",
            label=_("The reader"),
            choices=(("in", _("belongs to")), ("not_in", _("does not belong to"))),
        ),
        GroupChoice(name="value", label=_("One of the groups")),
    )

    def matcher(self, operator: str, value: frozenset[int]) -> Matcher:
        disjoint = operator == "not_in"

        def matches(profile: ProfileState | None, context: RequestContext) -> bool:
            # Groups are read from the database when looked into, and only a signed-in reader has any.
            return (not context.is_authenticated or value.isdisjoint(context.groups)) is disjoint

        return matches


@register
class Referrer(RuleType):
    """The site whose link brought the reader; "www." makes no difference."""

    code = "referrer"
    label = _("Referring site")
    summary = _("referring site {operator} {value}")
    help = _("The site whose link brought the reader here.")
    group = ORIGIN
    icon = "link-external"
    depends_on_visit = True
    fields = (
        TEXT_OPERATOR,
        Text(name="value", label=_("Host name"), help=_("For example: news.example.org")),
    )

    def matcher(self, operator: str, value: str) -> Matcher:
        if operator == "contains":
            return lambda profile, context: value in context.referrer_host.casefold()
        host = value.removeprefix("www.")
        return lambda profile, context: context.referrer_host.casefold().removeprefix("www.") == host


@register
class ReferrerKind(RuleType):
    """The kind of site that brought the reader."""

    code = "referrer_class"
    label = _("Kind of referring site")
    summary = _("came from {value}")
    help = _("Where the reader came from: a search engine, say. An address typed in or bookmarked is “nowhere”.")
    group = ORIGIN
    icon = "link"
    depends_on_visit = True
    fields = (
        MultipleChoice(
            name="value",
            label=_("Is one of"),
            choices=(
                ("search", _("a search engine")),
                ("social", _("a social network")),
                ("mail", _("a web mailbox")),
                ("other", _("another site")),
                ("direct", _("nowhere: typed or bookmarked")),
            ),
        ),
    )

    def matcher(self, value: frozenset[str]) -> Matcher:
        return lambda profile, context: kind_of(context.referrer_host) in value


@register
class Campaign(RuleType):
    """A utm_* parameter of the address."""

    code = "utm"
    label = _("Campaign (UTM)")
    summary = _("campaign: {parameter} {operator} {value}")
    help = _("A utm_… parameter of the address the reader came by.")
    group = ORIGIN
    icon = "mail"
    depends_on_visit = True
    fields = (
        Choice(
            name="parameter",
            label=_("Parameter"),
            choices=(
                ("source", "utm_source"),
                ("medium", "utm_medium"),
                ("campaign", "utm_campaign"),
                ("term", "utm_term"),
                ("content", "utm_content"),
            ),
        ),
        TEXT_OPERATOR,
        Text(name="value", label=_("Value"), help=_("For example: newsletter")),
    )

    def matcher(self, parameter: str, operator: str, value: str) -> Matcher:
        if operator == "contains":
            return lambda profile, context: value in context.utm.get(parameter, "").casefold()
        return lambda profile, context: context.utm.get(parameter, "").casefold() == value


@register
class QueryParameter(RuleType):
    """A parameter of the address, whatever its value or with a certain one."""

    code = "query"
    label = _("Query parameter")
    summary = _("?{parameter} in the address {operator} {value}")
    help = _("A parameter of the address the reader came by: “edition” in …/?edition=print.")
    group = ORIGIN
    icon = "code"
    depends_on_visit = True
    fields = (
        Text(name="parameter", label=_("Parameter"), maximum_length=50),
        TEXT_OPERATOR,
        Text(
            name="value",
            label=_("Value"),
            help=_("Left empty, any value will do."),
            maximum_length=100,
            is_optional=True,
        ),
    )

    def matcher(self, parameter: str, operator: str, value: str) -> Matcher:
        if not value:
            return lambda profile, context: parameter in context.query
        if operator == "contains":
            return lambda profile, context: value in context.query.get(parameter, "").casefold()
        return lambda profile, context: context.query.get(parameter, "").casefold() == value


@register
class Country(RuleType):
    """The country that a trusted proxy names; unknown matches nothing."""

    code = "country"
    label = _("Country")
    summary = _("country is {value}")
    help = _("Works where the site's proxy tells the country (setting COUNTRY_HEADER).")
    group = ORIGIN
    icon = "globe"
    depends_on_visit = True
    fields = (
        Codes(
            name="value",
            label=_("Is one of"),
            help=_("Two-letter country codes, with commas between. For example: FR, BE, LU"),
            pattern="[A-Za-z]{2}",
            example="FR",
        ),
    )

    def matcher(self, value: frozenset[str]) -> Matcher:
        return lambda profile, context: context.country.casefold() in value


@register
class TimeOfDay(RuleType):
    """From one full hour to another, the second not included; over midnight where it is not the later one."""

    code = "hours"
    label = _("Time of day")
    summary = _("between {start}:00 and {end}:00")
    help = _("In the site's time zone. From 22 to 6 runs over midnight; the same hour twice is the whole day.")
    group = MOMENT
    icon = "time"
    depends_on_visit = True
    fields = (
        Integer(name="start", label=_("From hour"), minimum=0, maximum=23, help=_("0 to 23.")),
        Integer(name="end", label=_("To hour"), minimum=0, maximum=24, help=_("0 to 24, not included.")),
    )

    def matcher(self, start: int, end: int) -> Matcher:
        if start < end:
            return lambda profile, context: start <= context.at.hour < end
        return lambda profile, context: context.at.hour >= start or context.at.hour < end


@register
class Weekday(RuleType):
    """The day of the week, in the site's time zone."""

    code = "weekday"
    label = _("Day of the week")
    summary = _("on {value}")
    help = _("In the site's time zone.")
    group = MOMENT
    icon = "calendar"
    depends_on_visit = True
    fields = (MultipleChoice(name="value", label=_("Is one of"), choices=WEEKDAYS),)

    def matcher(self, value: frozenset[str]) -> Matcher:
        days = frozenset(number for number, (code, _label) in enumerate(WEEKDAYS) if code in value)

        def matches(profile: ProfileState | None, context: RequestContext) -> bool:
            return context.at.weekday() in days

        return matches
