"""The reference site with models that cost nothing, so that two thousand pages take a minute."""

import os

from cms_site.settings import *  # noqa: F403

WAGTAIL_TAGGING = {
    "EMBEDDING_BACKEND": "tagging.testing.FakeEmbedder",
    "EMBEDDING_MODEL": "fake",
    "RECOGNIZER": os.environ["FAULTS_PIPELINE"],
}
