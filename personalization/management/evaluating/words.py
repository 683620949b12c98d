"""What a suspicion means, and what to do about it."""

from __future__ import annotations

from personalization.evaluation.suspicions import Suspicion

_WORDS = {
    "twins": "{share:.0%} of the visitors who read five pages or more have a twin who read the same in the same order:"
    " a part of the log seems to repeat another under new ids, and all figures would be of what was seen before."
    " Remove the copies.",
    "sorted": "{share:.0%} of neighbouring sessions begin or end with the same page: the rows seem to be sorted by it,"
    " so that the last part is unlike the first. Give --shuffle 0, or a column with times.",
    "leak": "Popularity by a view's own {name} finds {share:.1%} more than by that of the view before: it seems to come"
    " with the click. Only that of the view before is used here; do the same wherever you use it.",
    "length": "{name} tells {share:.0%} of how long a session will be, which nobody knows while it goes on. Leave it"
    " out of --attributes.",
}


def suspicion_words(suspicion: Suspicion) -> str:
    """One or two sentences."""
    return _WORDS[suspicion.kind].format(name=suspicion.name, share=suspicion.share)
