"""Understands a Wagtail site's visitors, with their consent, and chooses pages for them."""
