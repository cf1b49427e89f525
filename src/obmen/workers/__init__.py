"""Loops that go on beside the requests: the sequencer, deliveries, processes. Each is started and stopped by ``bootstrap``."""
