"""What is looked at of a packet's own XML signature: that it does not wrap, or point to, something else than is read.

The signature itself is not relied on, because those of today's packets are placeholders; trust rests on the signatures
inside the PDFs and on the member's signed manifest. But whoever does rely on it must see what we see, so the shapes of
signature wrapping (McIntosh and Austel, 2005) are refused: a signed copy of the header moved elsewhere, a reference to
an element outside the packet's own places, an identifier given twice, transforms that choose what is signed.
"""

from typing import Final

_TRANSFORMS: Final = frozenset(
    {
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2006/12/xml-c14n11#WithComments",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/xml-exc-c14n#",
        "http://www.w3.org/TR/xml-exc-c14n/",
    }
)
"""Canonicalisations and the removal of the signature itself; two spellings of the last are those of samples."""

_IDENTIFIERS: Final = frozenset({"id", "xml:id"})
_OF_PACKETS: Final = frozenset(
    {"edxmlenvelope", "edxmlheader", "edxmlbody", "messageheader", "traceheaderlist", "edxmlmanifest", "from", "to"}
    | {"subject", "documentid", "bussiness", "business", "attachmentencoded", "attachment", "contenttransferencoded"}
)
"""Elements that a signature has no business to hold."""


class SignatureWatch:
    """Watches the signatures of one packet; ``judge`` names the rule that is broken, if one is."""

    def __init__(self) -> None:
        self._found: str | None = None
        self._is_open = False
        self._signed: list[str] = []
        self._elsewhere: list[str] = []
        self._inside: set[str] = set()
        self._references: list[str] = []

    def open(self, in_its_place: bool) -> None:  # noqa: FBT001 - the only thing there is to say
        """Enter a signature."""
        self._is_open = True
        if not in_its_place:
            self._note("signature-wrapped")

    def shut(self) -> None:
        """Leave whatever was passed over."""
        self._is_open = False

    def identify(self, attributes: dict[str, str], *, signed: bool) -> None:
        """Note the identifiers of an element; ``signed`` for those whose content is read."""
        if not attributes:
            return
        found = [value for name, value in attributes.items() if name.lower() in _IDENTIFIERS]
        if self._is_open:
            self._inside.update(found)
        else:
            (self._signed if signed else self._elsewhere).extend(found)

    def enter(self, local: str, attributes: dict[str, str]) -> None:
        """Enter an element inside what is passed over."""
        self.identify(attributes, signed=False)
        if not self._is_open:
            return
        name = local.lower()
        if name in _OF_PACKETS:
            self._note("signature-wrapped")
        elif name == "reference":
            self._references.append(attributes.get("URI", ""))
        elif name in {"transform", "canonicalizationmethod"}:
            self._judge_transform(attributes.get("Algorithm", ""))

    def judge(self) -> str | None:
        """Give the rule that is broken, if one is."""
        for uri in self._references:
            if uri and not self._is_in_place(uri):
                self._note("signature-wrapped")
        return self._found

    def _is_in_place(self, uri: str) -> bool:
        name = uri.removeprefix("#")
        if name == uri or name in self._elsewhere:
            return False
        return self._signed.count(name) + (name in self._inside) == 1

    def _judge_transform(self, algorithm: str) -> None:
        if algorithm and algorithm not in _TRANSFORMS:
            self._note("signature-transform")

    def _note(self, rule: str) -> None:
        self._found = self._found or rule
