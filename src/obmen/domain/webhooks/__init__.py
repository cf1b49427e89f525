"""Webhooks, pure: which events match a subscription, what is sent, how it is signed, and the states of a delivery."""
