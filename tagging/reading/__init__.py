"""Reading a page once: the windows that it is cut into, and MiniLM's pass over them. Importing this loads no model."""
