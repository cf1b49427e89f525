"""The product's rules, pure: no async, no I/O, no clock, no randomness, no environment; `now` and ids come as arguments."""
