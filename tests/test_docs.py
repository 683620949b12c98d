"""The documentation keeps what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from personalization import conf as personalization_conf
from tagging import conf as tagging_conf

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("conf", [tagging_conf, personalization_conf], ids=lambda conf: conf.NAME)
def test_every_setting_is_documented_with_its_default(conf) -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    section = text.split(f"## `{conf.NAME}`")[1].split("\n## ")[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", section, re.M))
    assert documented == {key: repr(value).replace("'", '"') for key, value in conf.DEFAULTS.items()}


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if "://" not in target:
                yield page, target


@pytest.mark.parametrize(("page", "target"), list(links()), ids=lambda value: getattr(value, "name", value))
def test_every_link_leads_somewhere(page: Path, target: str) -> None:
    name, _, anchor = target.partition("#")
    file = (page.parent / name) if name else page
    assert file.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", file.read_text(), re.M)
        assert anchor in {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_dependencies_are_justified() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text().lower()
    project = (ROOT / "pyproject.toml").read_text().split("[tool.")[0]
    names = re.findall(r'^\s+"([A-Za-z0-9_-]+)(?:\[.*?\])?[>=<]', project, re.M)
    assert len(names) > 20
    assert [name for name in names if name.lower() not in text] == []
