"""The first start and the demo company."""
