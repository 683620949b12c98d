"""What the apps of a site ask of the recommender: a query, its slate, and the slate as something to show."""

from .html import fragment_url, render_html
from .items import RecommendedItem, render_items
from .placements import load_placement, recommendable_types
from .queries import query_for_request
from .screens import screen_of
from .slates import Explanation, explain, rearranged, recommend, recommend_recent, record_served
from .unwanted import unwanted_pages

__all__ = [
    "Explanation",
    "RecommendedItem",
    "explain",
    "fragment_url",
    "load_placement",
    "query_for_request",
    "rearranged",
    "recommend",
    "recommend_recent",
    "recommendable_types",
    "record_served",
    "render_html",
    "render_items",
    "screen_of",
    "unwanted_pages",
]
