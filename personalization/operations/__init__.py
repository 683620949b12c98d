"""What the apps of a site ask of the recommender: a query, its slate, and the slate as something to show."""

from .items import RecommendedItem, render_items
from .placements import load_placement, recommendable_types
from .queries import query_for_request
from .slates import recommend, record_served

__all__ = [
    "RecommendedItem",
    "load_placement",
    "query_for_request",
    "recommend",
    "recommendable_types",
    "record_served",
    "render_items",
]
