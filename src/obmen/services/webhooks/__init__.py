"""Subscriptions, their cursors on the log, and the bodies that are sent."""
