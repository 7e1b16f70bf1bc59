"""An event-driven engine for MegaSim's files: what it knows of a network is what is in them."""
