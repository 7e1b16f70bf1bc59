"""The executor ``lava``: the same integers in Intel's Lava, in a process of its own."""
