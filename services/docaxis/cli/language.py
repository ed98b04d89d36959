"""In which language the command speaks: Vietnamese or English, by ``--lang`` or the system's own setting."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["vi", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in both languages."""

    vi: str
    en: str

    def into(self, language: Language) -> str:
        """Give it in one."""
        return self.vi if language == "vi" else self.en


def choose_language(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Language:
    """Find the language before the arguments are parsed, because what is wrong with them is said in it too."""
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            chosen = value if equals else "".join(arguments[index + 1 : index + 2])
            return "vi" if chosen == "vi" else "en"
        if argument == "--":
            break
    setting = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "vi" if setting.startswith("vi") else "en"
