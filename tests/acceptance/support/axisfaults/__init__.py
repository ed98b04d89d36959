"""Kills parts of a running axis under load and looks from outside at what became of every document."""
