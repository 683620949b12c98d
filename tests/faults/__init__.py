"""Killing what a site runs on, while it works."""
