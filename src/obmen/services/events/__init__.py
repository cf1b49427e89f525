"""Notifications between processes, and the wake-up of the sequencer."""
