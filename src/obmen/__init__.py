"""Obmen: two-way exchange of data and commands between a company's data and other systems."""

__version__ = "0.1.0"
