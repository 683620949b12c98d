"""Pages by their terms: the words, and pairs of words, that two pages on one subject share."""

from .terms import DIMENSIONS, MOST_TERMS, page_terms, rarity, strongest

__all__ = ["DIMENSIONS", "MOST_TERMS", "page_terms", "rarity", "strongest"]
