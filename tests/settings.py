"""Settings of the test suite: the reference site's, on a throw-away Postgres and queue."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_tmp = Path(tempfile.mkdtemp(prefix="affinity-test-"))
_tmp.chmod(0o755)
os.environ["AFFINITY_VAR_DIR"] = str(_tmp)
os.environ.setdefault("HF_HUB_OFFLINE", "1")
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # threads that wait for each other cost small data twenty times its work
atexit.register(shutil.rmtree, _tmp, ignore_errors=True)

from cms_site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
# Lists of chance are for the tests that are about them.
WAGTAIL_PERSONALIZATION = {**WAGTAIL_PERSONALIZATION, "EXPLORATION_MINIMUM": 0}  # noqa: F405 - the star above brings it
