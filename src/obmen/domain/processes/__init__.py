"""Processes: `reader` makes a graph of a scenario file, the pure `engine` moves tokens through it."""
