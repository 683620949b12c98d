"""The prose in StreamField blocks of any depth and kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wagtail import blocks

from .clean import paragraphs
from .machine import is_prose, is_prose_name

_CONTAINERS = (blocks.BaseStreamBlock, blocks.ListBlock, blocks.BaseStructBlock)
_CHOICES = (blocks.ChoiceBlock, blocks.MultipleChoiceBlock)


def block_paragraphs(block: Any, value: Any) -> Iterator[str]:
    """Paragraphs of one block's value, in reading order.

    Choosers, choices, dates, addresses and numbers say nothing. A block of an unknown kind is asked by
    Wagtail's own `get_searchable_content`, and `search_index=False` keeps any block out, as in search.
    """
    if value is None or not getattr(block, "search_index", True) or isinstance(block, _CHOICES):
        return
    if isinstance(block, _CONTAINERS) and not _speaks_for_itself(block):
        for child, child_value in _children(block, value):
            yield from block_paragraphs(child, child_value)
    else:
        for content in _content(block, value):
            yield from filter(is_prose, paragraphs(content))


def _content(block: Any, value: Any) -> list[str]:
    """The strings of a block without children, markup and all."""
    if isinstance(block, blocks.RichTextBlock):
        return [value.source]
    if isinstance(block, blocks.RawHTMLBlock):
        return [str(value)]
    return [str(content) for content in block.get_searchable_content(value)]


def _children(block: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(block, blocks.BaseStreamBlock):
        yield from ((child.block, child.value) for child in value)
    elif isinstance(block, blocks.ListBlock):
        yield from ((block.child_block, item) for item in value)
    else:
        yield from ((child, value.get(name)) for name, child in block.child_blocks.items() if is_prose_name(name))


def _speaks_for_itself(block: Any) -> bool:
    """Whether a container's class says what its text is, as an ImageBlock gives its alternative text."""
    own = type(block).get_searchable_content
    return all(own is not kind.get_searchable_content for kind in _CONTAINERS)
