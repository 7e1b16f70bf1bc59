"""The reporters that core brings, a file each."""
