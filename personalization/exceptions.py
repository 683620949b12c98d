"""What can go wrong while pages are chosen or events recorded. Each message names the fix."""


class PersonalizationError(Exception):
    """Base class of everything this app raises on purpose."""


class InvalidField(PersonalizationError):
    """A value that came from outside is wrong. `field` names it; the message says what is expected."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class UnknownPlacement(PersonalizationError):
    """No placement has this name. Create it in the admin under Affinity → Placements."""


class InvalidRules(PersonalizationError):
    """A segment's rules cannot be compiled. Open the segment in the admin and correct the rule it names.

    `path` is where in the rule tree, such as "rules[1].value"; `message` says what is expected there,
    translated where it is shown, with `params` for its %-forms.
    """

    def __init__(self, path: str, message: str, **params: object) -> None:
        super().__init__(f"{path}: {message % params}")
        self.path = path
        self.message = message
        self.params = params


class NoNoise(PersonalizationError):
    """Exports cannot be given noise: OpenDP is missing. Install it with `pip install "wagtail-affinity[privacy]"`."""


class SinkUnavailable(PersonalizationError):
    """Events cannot be taken just now: their store is down or full. Mend it; clients send them again meanwhile."""


class NotLearned(PersonalizationError):
    """Segments or a ranker could not be learned. The message says what is missing, translated where it is shown."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message % params)
        self.message = message
        self.params = params


class CircularRules(InvalidRules):
    """A segment's rules name a segment whose rules lead back to it. Remove one of the links in the chain."""


class AlreadyDecided(PersonalizationError):
    """Somebody else decided on this proposal, or approved another one since. Look at the list of versions again."""
