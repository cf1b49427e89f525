"""Background loops: the sequencer, deliveries, processes, indexes, presence. Each is started and stopped by ``bootstrap``."""
