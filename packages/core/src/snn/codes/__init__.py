"""The spike codes of core, a file each; `builtin` registers them."""
