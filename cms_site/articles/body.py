"""Markdown or HTML turned into the blocks of an article's body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import escape

from bs4 import BeautifulSoup, Comment, NavigableString, Tag
from markdown import Markdown
from wagtail.admin.rich_text.converters.editor_html import EditorHTMLConverter
from wagtail.whitelist import check_url

from cms_site.blocks import PARAGRAPH_FEATURES

Block = tuple[str, object]

# fmt: off
# Removed with all that is in them: a whitelist that only unwraps would print a script's source.
DROPPED = [
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "math",
    "form", "button", "select", "textarea", "head", "title", "img",
]
CONTAINERS = frozenset((
    "html", "body", "article", "section", "main", "header", "footer", "aside", "div", "figure", "details", "center",
))
INLINE = frozenset((
    "a", "abbr", "b", "br", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small", "span",
    "strong", "sub", "sup", "time", "u",
))
# fmt: on
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
LISTS = frozenset(("ul", "ol"))
HUGO_SHORTCODE = re.compile(r"\{\{[<%].*?[>%]\}\}", re.DOTALL)
ATTRIBUTION = re.compile(r"\s*\n?\s*[—–]\s*(?P<name>[^—–\n]{2,120})\Z")


def to_blocks(source: str) -> list[Block]:
    """`source` as (block type, value) pairs of `ArticleBody`: headings, paragraphs and quotes.

    Text that begins with a tag is read as HTML, other text as Markdown. What is not on the whitelist of the
    paragraph's rich text is unwrapped; scripts, styles, frames and images are removed.
    """
    soup = BeautifulSoup(to_html(source), "html.parser")
    clean(soup)
    return list(joined(pieces(soup)))


def to_html(source: str) -> str:
    source = HUGO_SHORTCODE.sub("", source).strip()
    return source if source.startswith("<") else markdown().reset().convert(source)


@cache
def markdown() -> Markdown:
    return Markdown(extensions=["extra", "sane_lists"])


@cache
def converter() -> EditorHTMLConverter:
    return EditorHTMLConverter(PARAGRAPH_FEATURES)


def clean(soup: BeautifulSoup) -> None:
    for dropped in soup(DROPPED):
        dropped.decompose()
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for table in soup("table"):
        table_to_list(soup, table)
    for pre in soup("pre"):
        pre_to_paragraph(soup, pre)
    for link in soup("a"):
        if not check_url(link.get("href", "")):
            link.unwrap()


def table_to_list(soup: BeautifulSoup, table: Tag) -> None:
    """Rich text has no tables: each row becomes an item of a list."""
    items = soup.new_tag("ul")
    for row in table("tr"):
        item = soup.new_tag("li")
        item.string = " · ".join(cell.get_text(" ", strip=True) for cell in row(["td", "th"]))
        items.append(item)
    table.replace_with(items)


def pre_to_paragraph(soup: BeautifulSoup, pre: Tag) -> None:
    paragraph = soup.new_tag("p")
    for number, line in enumerate(pre.get_text().strip("\n").split("\n")):
        if number:
            paragraph.append(soup.new_tag("br"))
        paragraph.append(line)
    pre.replace_with(paragraph)


def pieces(container: Tag) -> Iterator[Block]:
    """Blocks in reading order, each paragraph still by itself; loose inline text becomes a paragraph."""
    loose = ""
    for node in list(container.children):
        if isinstance(node, NavigableString):
            loose += escape(node, quote=False)
        elif node.name in INLINE:
            loose += str(node)
        else:
            yield from paragraph(loose)
            loose = ""
            yield from piece(node)
    yield from paragraph(loose)


def piece(node: Tag) -> Iterator[Block]:
    if node.name in HEADINGS:
        if text := text_of(node):
            yield "heading", text
    elif node.name == "blockquote":
        yield from quote(node)
    elif node.name in CONTAINERS:
        yield from pieces(node)
    elif node.name in LISTS:
        yield from rich_text(str(node))
    else:
        yield from paragraph(node.decode_contents())


def paragraph(html: str) -> Iterator[Block]:
    return rich_text(f"<p>{html.strip()}</p>")


def rich_text(html: str) -> Iterator[Block]:
    html = converter().to_database_format(html)
    if BeautifulSoup(html, "html.parser").get_text(strip=True):
        yield "paragraph", html


def quote(node: Tag) -> Iterator[Block]:
    name = ""
    if cite := node.find(["cite", "footer"]):
        name = text_of(cite).lstrip("—– ")
        cite.decompose()
    text = "\n".join(text_of(part) for part in node(["p", "li"])) or text_of(node)
    if not name and (found := ATTRIBUTION.search(text)):
        name, text = found["name"].strip(), text[: found.start()]
    if text.strip():
        yield "quote", {"text": text.strip(), "attribution": name[:255]}


def joined(blocks: Iterator[Block]) -> Iterator[Block]:
    """Neighbouring paragraphs as one block, as an editor would have written them."""
    run: list[str] = []
    for kind, value in blocks:
        if kind == "paragraph":
            run.append(str(value))
            continue
        if run:
            yield "paragraph", "".join(run)
            run = []
        yield kind, value
    if run:
        yield "paragraph", "".join(run)


def text_of(node: Tag) -> str:
    return re.sub(r"\s+", " ", node.get_text()).strip()
