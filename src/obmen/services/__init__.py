"""Use cases. The only package that opens transactions; no network call is made inside one (laws 1, 3 and 5)."""
