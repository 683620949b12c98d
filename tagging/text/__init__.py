"""The text of pages, whatever their type."""

from .extract import extract

__all__ = ["extract"]
