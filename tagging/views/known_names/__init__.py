"""The site's own names, as editors write them down or import them."""

from .viewset import known_name_viewset

__all__ = ["known_name_viewset"]
