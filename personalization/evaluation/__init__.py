"""How sure one may be of what was counted. Pure."""
