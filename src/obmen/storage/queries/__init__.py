"""Queries by name, one file per area."""
