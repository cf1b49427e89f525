"""Sections and catalogs: reading, creating, changing, removing."""
