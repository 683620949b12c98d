"""What a site installs: the wheel holds everything, and works without torch, spaCy or the reference site."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return next(folder.glob("wagtail_affinity-*.whl"))


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment or None, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def shipped_files(app: str) -> set[str]:
    """Everything of an app that git tracks or would track, as the wheel should name it."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", app)
    return {line for line in listed.splitlines() if (ROOT / line).exists() and not line.endswith((".po", ".pot"))}


@pytest.mark.parametrize("app", ["tagging", "personalization"])
def test_wheel_holds_every_file_of_both_apps(wheel: Path, app: str) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert shipped_files(app) - names == set()
    assert any(name.startswith(f"{app}/templates/") for name in names)
    assert any(name.startswith(f"{app}/static/") for name in names)
    assert any(name.startswith(f"{app}/migrations/0") for name in names)
    assert any(name.endswith(".mo") and name.startswith(f"{app}/locale/") for name in names)


def test_wheel_leaves_the_reference_site_out(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tagging", "personalization"}


def readme_block(language: str, marker: str) -> str:
    """The fenced code block of the README whose first line is `marker`."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    return next(block for block in blocks if block.startswith(marker))


@pytest.mark.timeout(600)
def test_ten_lines_make_a_fresh_wagtail_project_pass_its_checks(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    run(tmp_path / "env" / "bin" / "wagtail", "start", "mysite", cwd=tmp_path)

    project = tmp_path / "mysite"
    settings = readme_block("python", "# settings.py")
    urls = readme_block("python", "# urls.py")
    assert len([line for line in (settings + urls).splitlines() if line and not line.startswith("#")]) <= 10
    append(project / "mysite/settings/base.py", settings)
    append(project / "mysite/urls.py", urls)

    checked = run(python, "manage.py", "check", cwd=project, DATABASE_URL="unused")
    assert "no issues" in checked
    loaded = "import sys; from django import setup; setup(); import mysite.urls; print(*sys.modules)"
    modules = run(python, "-c", loaded, cwd=project, DJANGO_SETTINGS_MODULE="mysite.settings.dev").split()
    assert {"personalization.api.urls", "tagging.wagtail_hooks"} <= set(modules)
    assert not {"torch", "spacy", "sentence_transformers"} & set(modules)


def append(path: Path, text: str) -> None:
    path.write_text(f"{path.read_text()}\n{text}")
