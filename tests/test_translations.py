"""The apps in other languages: catalogues complete, compiled, and at peace with each other and with Wagtail's."""

from __future__ import annotations

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import django
import pytest
import wagtail
from django.utils import translation
from wagtail.models import Locale

from personalization.exceptions import InvalidRules
from personalization.models import Placement
from personalization.operations import render_items
from personalization.segmentation import References, compile_rules
from personalization.segmentation.fields import TopicChoice
from personalization.types import Reason, Slate, SlateItem
from personalization.viewsets.rule_words import describe, error_in_words
from tests.factories import article_index, make_article, make_locale, make_site, make_topic

ROOT = Path(__file__).parents[1]
APPS = ("tagging", "personalization", "cms_site")
REUSABLE = APPS[:2]
CATALOGS = sorted(path for app in APPS for path in ROOT.glob(f"{app}/locale/*/LC_MESSAGES/*.po"))

FIELD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")$')
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%%|</?\w+|`[^`]+`")


@dataclass
class Message:
    """One entry of a .po file."""

    flags: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Context and text, as a compiled catalogue joins them."""
        context = self.fields.get("msgctxt")
        return self.fields["msgid"] if context is None else f"{context}\x04{self.fields['msgid']}"

    @property
    def texts(self) -> list[str]:
        return [text for name, text in self.fields.items() if name.startswith("msgstr")]


def messages(path: Path) -> list[Message]:
    """The entries of a .po file without its header."""
    found = []
    for block in re.split(r"\n\s*\n", path.read_text().strip()):
        message, name = Message(), ""
        for line in block.splitlines():
            if line.startswith("#"):
                message.flags += line if line.startswith(("#,", "#~")) else ""
            elif match := FIELD.match(line):
                name = match[1]
                message.fields[name] = ast.literal_eval(match[2])
            else:
                message.fields[name] += ast.literal_eval(line)
        found.append(message)
    return found[1:]


def compiled(path: Path) -> dict[str, str]:
    """Every text of a .mo file by its key, of plural ones the first form."""
    with path.open("rb") as file:
        catalog = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {key if isinstance(key, str) else key[0]: text for key, text in catalog.items() if key and key[-1] != 1}


def catalog_of(app: str) -> Path:
    return ROOT / app / "locale/fr/LC_MESSAGES/django.po"


def test_every_app_speaks_french() -> None:
    assert {catalog_of(app) for app in APPS} <= set(CATALOGS)


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: f"{path.parts[-5]}-{path.parts[-3]}")
class TestCatalog:
    def test_nothing_is_left_untranslated_or_guessed(self, path: Path) -> None:
        assert [m.key for m in messages(path) if not all(m.texts) or "fuzzy" in m.flags or "#~" in m.flags] == []

    def test_a_placeholder_is_neither_lost_nor_invented(self, path: Path) -> None:
        wrong = []
        for message in messages(path):
            own = [Counter(PLACEHOLDER.findall(text)) for name, text in message.fields.items() if "msgid" in name]
            wrong += [text for text in message.texts if Counter(PLACEHOLDER.findall(text)) not in own]
        assert wrong == []

    def test_what_is_compiled_is_what_was_written(self, path: Path) -> None:
        written = {message.key: message.texts[0] for message in messages(path)}
        assert compiled(path.with_suffix(".mo")) == written

    def test_both_plural_forms_are_there(self, path: Path) -> None:
        assert all(len(m.texts) == 2 for m in messages(path) if "msgid_plural" in m.fields)


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs gettext")
@pytest.mark.parametrize("app", REUSABLE)
def test_every_text_that_is_marked_has_its_entry(app: str, tmp_path: Path) -> None:
    copy = shutil.copytree(ROOT / app, tmp_path / app)
    collect = [sys.executable, "-P", "-m", "django", "makemessages", "--all", "--no-wrap", "--add-location", "file"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(collect, cwd=copy, env=environment, check=True, capture_output=True)
    collected = messages(copy / "locale/fr/LC_MESSAGES/django.po")
    assert {m.key for m in collected} - {m.key for m in messages(catalog_of(app))} == set(), "run: make messages"


class TestPeace:
    """Django merges the catalogues of all apps: the same text means the same everywhere, or has a context."""

    def test_the_apps_agree_among_themselves(self) -> None:
        said: dict[str, set[str]] = {}
        for app in APPS:
            for message in messages(catalog_of(app)):
                said.setdefault(message.key, set()).add(message.texts[0])
        assert {key: texts for key, texts in said.items() if len(texts) > 1} == {}

    @pytest.mark.parametrize("app", REUSABLE)
    def test_no_word_of_django_or_wagtail_is_changed(self, app: str) -> None:
        theirs: dict[str, set[str]] = {}
        for package in (django, wagtail):
            for path in Path(package.__file__).parent.rglob("locale/fr/LC_MESSAGES/django.mo"):
                for key, text in compiled(path).items():
                    theirs.setdefault(key, set()).add(text)
        ours = {message.key: message.texts[0] for message in messages(catalog_of(app))}
        assert {key: text for key, text in ours.items() if text not in theirs.get(key, {text})} == {}


@pytest.fixture
def site(db):
    return make_site()


@pytest.fixture
def french_article(site):
    """An article on the French part of the site, with another one to recommend beside it."""
    locale = make_locale("fr")
    for page in (site.root_page, article_index(site)):
        page.copy_for_translation(locale).save_revision().publish()
    articles = [make_article(site, title) for title in ("Le pont", "La rivière")]
    for article in articles:
        article.copy_for_translation(locale).save_revision().publish()
    return articles[0].get_translation(Locale.objects.get(language_code="fr"))


def test_readers_of_a_french_page_get_reasons_and_the_question_for_consent_in_french(client, french_article) -> None:
    Placement.objects.create(name="sidebar", strategy="recent", n=3)
    text = client.get(french_article.get_url()).content.decode()
    assert "La rivière" in text
    assert "Vient de paraître" in text
    for part in ("Pouvons-nous retenir ce que vous lisez\u00a0?", "Uniquement le nécessaire", "Tout accepter"):
        assert part in text
    assert "May we remember" not in text


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (
            lambda topic, _: Reason("topic", {"topic_id": topic.pk}),
            "À lire sur le thème «\u00a0Vélo en ville\u00a0»",
        ),
        (lambda _, page: Reason("read", {"page_id": page.pk}), "Parce que vous avez lu «\u00a0Le pont\u00a0»"),
        (lambda *_: Reason("profile"), "D’après vos lectures"),
        (lambda _, page: Reason("similar", {"page_id": page.pk}), "En lien avec cette page"),
        (lambda topic, _: Reason("same_topic", {"topic_id": topic.pk}), "Aussi sur «\u00a0Vélo en ville\u00a0»"),
        (lambda *_: Reason("terms", {"terms": ["pont", "crue"]}), "Aussi à propos de pont, crue"),
        (lambda *_: Reason("trending", {"views": 30.0}), "Très lu cette semaine"),
        (lambda *_: Reason("next", {"is_here": True}), "Ceux qui ont lu cette page ont continué avec elle"),
        (lambda _, page: Reason("together", {"page_id": page.pk}), "Souvent lu avec «\u00a0Le pont\u00a0»"),
        (lambda *_: Reason("alike", {"page_id": 0}), "Lu par des gens qui lisent ce que vous lisez"),
        (lambda *_: Reason("suggested"), "Cela peut vous plaire"),
        (lambda *_: Reason("recent", {"days": 90.0}), "Parmi les plus récents"),
        (lambda *_: Reason("pinned"), "Le choix de la rédaction"),
    ],
)
def test_every_reason_has_its_words_in_french(site, reason, text) -> None:
    topic, page = make_topic("Urban cycling"), make_article(site, "Le pont")
    item = SlateItem(page.pk, 1.0, {}, (reason(topic, page),))
    with translation.override("fr"):
        [shown] = render_items(Slate(uuid4(), "sidebar", (item,)), None)
    assert [str(reason) for reason in shown.reasons] == [text]


def test_a_segment_reads_as_french() -> None:
    rules = [
        {"type": "topic", "topic": 7, "operator": "at_least", "value": 0.125},
        {"type": "weekday", "value": ["mon", "sat"]},
    ]
    with translation.override("fr"):
        words = describe({"match": "any", "rules": rules}, {TopicChoice: {7: "Climat"}}, References())
    assert words == "Climat\u00a0: au moins 12,5\u00a0% des lectures ou le lundi ou samedi"


def test_a_mistake_in_a_rule_is_explained_in_french() -> None:
    with pytest.raises(InvalidRules) as caught:
        compile_rules({"match": "all", "rules": [{"type": "country", "value": ["France"]}]})
    with translation.override("fr"):
        assert error_in_words(caught.value) == "doit être une liste de codes, par exemple FR"
