"""The form in which Vietnamese is searched: without diacritics, any case."""

import unicodedata


def folded(text: str) -> str:
    """Give a text without diacritics, đ as d, in lower case, with single spaces."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
