"""The parts of the page, a file each: from a result to what the template of the same name is given."""
