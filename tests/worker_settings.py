"""Settings of a worker process that a test starts: the reference site's, with an embedder that needs no model."""

from cms_site.settings import *  # noqa: F403
from cms_site.settings import WAGTAIL_TAGGING as OF_THE_SITE

WAGTAIL_TAGGING = {
    **OF_THE_SITE,
    "EMBEDDING_BACKEND": "tagging.testing.FakeEmbedder",
    "EMBEDDING_MODEL": "fake",
    "SUGGEST_WRONG_OF_TEN": 10,
}
