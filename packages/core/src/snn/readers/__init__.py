"""Core's readers of samples, a file each."""
