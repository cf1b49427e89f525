"""Migrations: numbered SQL files, applied once each, in order, never changed after release."""
