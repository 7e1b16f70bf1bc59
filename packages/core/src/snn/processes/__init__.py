"""Simulators that are programs of their own: started, listened to, given up, and ended with all they have started."""
