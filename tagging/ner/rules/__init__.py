"""The rules of the rule-based pipeline: word lists, cues, and the spaCy component that applies them.

The lists in `data/` were written for this project. The plain words are those that digital.gov's posts (public
domain) and the demo articles write in lower case; the French ones come from Django's and Wagtail's translations.
"""
