"""The field types: one file each, collected at start by `obmen.domain.registries`."""
