"""Trains the entity models that ship with the package: `python -m tagging.ner.training`. Imported by nothing."""
