"""The field types: one file each, collected once by ``bootstrap``."""
