"""Tags that are one tag in many spellings, and pages that no topic fits. Pure."""
