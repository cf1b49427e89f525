"""Descriptions of sections, catalogs and fields, and what a change of them means for tables."""
