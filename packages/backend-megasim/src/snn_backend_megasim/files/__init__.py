"""MegaSim's files, a format a module: what is written is what is read again, and what is malformed is one error."""
