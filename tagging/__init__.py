"""Understands a Wagtail site's content: entities, embeddings and topics for every published page."""
