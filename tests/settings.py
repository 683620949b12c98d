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
atexit.register(shutil.rmtree, _tmp, ignore_errors=True)

from cms_site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
