"""The rules of the rule-based pipeline: word lists, cues, and the spaCy component that applies them."""
