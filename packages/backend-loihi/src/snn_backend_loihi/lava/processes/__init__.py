"""Lava's compiler imports every file of the folder that a process is in, so these have one of their own."""
