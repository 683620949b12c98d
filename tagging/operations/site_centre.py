"""What all pages of the site have in common, which is nobody's subject."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from django.db.models import Avg, Count
from pgvector.django import HalfVectorField

from tagging.models import PageVector

FEW_PAGES = 50  # with so many pages, their mean counts half: few say little about what the site is about

Array = npt.NDArray[np.float64]


def site_centre() -> Array | None:
    """The mean vector of the live pages, drawn towards zero where they are few; None before the first analysis."""
    known = PageVector.objects.filter(model__is_live=True, is_live=True)
    found = known.aggregate(mean=Avg("embedding", output_field=HalfVectorField()), n=Count("pk"))
    if not found["n"]:
        return None
    count: int = found["n"]
    return np.asarray(found["mean"], dtype=np.float64) * (count / (count + FEW_PAGES))


def centred(vectors: Array, centre: Array) -> Array:
    """The vectors (n, d) as seen from the centre, of unit length."""
    moved = vectors - centre
    return np.asarray(moved / (np.linalg.norm(moved, axis=1, keepdims=True) + 1e-9))
