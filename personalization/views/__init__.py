"""Pages for visitors, rendered by the server: they need no JavaScript."""
