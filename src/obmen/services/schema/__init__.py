"""The current snapshot of all descriptions in this process."""
