"""Webhooks, pure: which events a subscription is told of, what is sent, how it is signed, what becomes of a delivery."""
