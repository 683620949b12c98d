"""How sure one may be of what was counted, and logs replayed to see who would have recommended best. Pure."""
