"""Entities from the pass that makes the page vector: a small head on MiniLM's hidden states, in numpy."""
