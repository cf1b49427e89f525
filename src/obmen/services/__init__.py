"""Use cases. The only room that opens a transaction; no network call is made inside one (laws 1, 3 and 5)."""
