"""The reference site with models that cost nothing, and with little patience for dead workers."""

import os

from cms_site.settings import *  # noqa: F403

WAGTAIL_TAGGING = {
    "EMBEDDING_BACKEND": "tagging.testing.FakeEmbedder",
    "EMBEDDING_MODEL": "fake",
    "RECOGNIZER": os.environ["FAULTS_PIPELINE"],
}
WAGTAIL_PERSONALIZATION = {**WAGTAIL_PERSONALIZATION, "EVENT_SINK_CLAIM_SECONDS": 1}  # noqa: F405
