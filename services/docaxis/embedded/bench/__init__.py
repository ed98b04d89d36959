"""Measures of the whole axis and of its parts, run from ``docaxis bench``; each is imported where it is used."""
