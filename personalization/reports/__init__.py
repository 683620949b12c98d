"""Reports for editors, under Affinity."""

from .exposure import ExposureReport
from .reading import ReadingReport
from .recommendations import RecommendationsReport
from .releases import NoisyExportsReport

__all__ = ["ExposureReport", "NoisyExportsReport", "ReadingReport", "RecommendationsReport"]
