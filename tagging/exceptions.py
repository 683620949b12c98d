"""What can go wrong while content is analysed. Each message names the fix."""


class TaggingError(Exception):
    """Base class of everything this app raises on purpose."""


class ModelUnavailable(TaggingError):
    """A model or a package it needs is not installed. Install `wagtail-affinity[models]` in the worker."""


class ServerUnavailable(ModelUnavailable):
    """A server that models run on does not answer, or refuses us. No page is to blame: try again later."""


class NothingToAnalyse(TaggingError):
    """The page has no text. Its state is "skipped"; nothing needs to be done."""


class EditConflict(TaggingError):
    """Another editor holds or has changed this page. Reload the editor and decide again."""


class TopicInUse(TaggingError):
    """Something else points to this topic. Choose another topic there first."""


class WorkerUnreachable(TaggingError):
    """The message broker does not answer. Check CELERY_BROKER_URL and that a worker runs, and try again."""


class CannotMerge(TaggingError):
    """The two entities are one already, or one of them belongs to another. Split it off first."""


class SwapRunning(TaggingError):
    """Another swap of embedding models is running. Wait for it, or stop it, and run the command again."""


class CsvRefused(TaggingError):
    """The file cannot be read as a table. Save it as CSV in UTF-8, with the columns' names in its first line."""
