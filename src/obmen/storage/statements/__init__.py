"""The one compiler of statements on records and the DDL of catalogs (laws 2 and 7)."""
