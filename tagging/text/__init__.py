"""The text of pages, whatever their type."""

from .clean import without_page_links
from .extract import extract

__all__ = ["extract", "without_page_links"]
