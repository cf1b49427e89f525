"""Filters and queries as data, read from the spellings that clients use."""
