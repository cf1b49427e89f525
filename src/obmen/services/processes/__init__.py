"""Starting, running and journaling processes."""
