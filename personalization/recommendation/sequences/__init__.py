"""Which page comes next in a visit, by a small recurrent network: learned with torch in workers, asked in numpy."""

from .examples import step_counts, vocabulary, windows
from .network import LENGTH, MOST_PAGES, Network

__all__ = ["LENGTH", "MOST_PAGES", "Network", "step_counts", "vocabulary", "windows"]
