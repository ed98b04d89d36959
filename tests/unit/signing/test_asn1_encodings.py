"""What was read with asn1crypto is written as it was read, whatever its length."""

import subprocess
import sys

import pytest
from asn1crypto import algos, core
from hypothesis import given
from hypothesis import strategies as st

from docaxis_signing.asn1_encodings import is_indefinite, keep_encodings

ENTRANCES = (
    "docaxis_signing.keys",
    "docaxis_signing.cades",
    "docaxis_signing.anchors",
    "docaxis_signing.pdf.signing",
    "docaxis_signing.pdf.extending",
    "docaxis_signing.pdf.verification",
    "docaxis.embedded.authorities.timestamping",
)
ALGORITHM = bytes.fromhex("300b0609608648016503040201")
"""SHA-256 as an algorithm identifier whose parameters are absent, as RFC 5754 prefers it."""


class Fields(core.Sequence):  # type: ignore[misc]
    """An algorithm, and something to fill up with."""

    _fields = [("algorithm", algos.DigestAlgorithm), ("filling", core.OctetString)]  # noqa: RUF012 - the library's


class Tagged(core.Sequence):  # type: ignore[misc]
    """The same under an explicit tag, which is a part of the header."""

    _fields = [("fields", Fields, {"explicit": 0})]  # noqa: RUF012 - the library's


def encoded(tag: int, contents: bytes) -> bytes:
    size = len(contents)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return (bytes([tag, size]) if size < 0x80 else bytes([tag, 0x80 | len(octets)]) + octets) + contents


def fields(length: int) -> bytes:
    """Give the encoding of `Fields` with so many octets of contents."""
    room = length - len(ALGORITHM)
    filling = next(size for size in range(room, 0, -1) if len(encoded(4, bytes(size))) == room)
    return encoded(0x30, ALGORITHM + encoded(4, bytes(filling)))


@pytest.mark.parametrize("length", [127, 128, 129, 256, 384, 640, 0x1280, 0x010080])
def test_what_was_read_is_written_as_it_was(length: int) -> None:
    data = fields(length)
    value = Fields.load(data)
    assert value["algorithm"]["algorithm"].native == "sha256"
    assert value.dump() == data
    assert Tagged.load(encoded(0x30, encoded(0xA0, data)))["fields"].dump() == encoded(0xA0, data)


@pytest.mark.parametrize("length", [128, 384])
def test_what_was_changed_is_encoded_anew(length: int) -> None:
    value = Fields.load(fields(length))
    value["filling"] = b"another"
    assert value.dump() == encoded(0x30, ALGORITHM + encoded(4, b"another"))


def test_an_indefinite_length_still_becomes_a_definite_one() -> None:
    inside = encoded(0x30, ALGORITHM[2:] + b"\x05\x00") + encoded(4, bytes(113))
    assert Fields.load(b"\x30\x80" + inside + b"\x00\x00").dump() == encoded(0x30, inside)


@given(st.lists(st.tuples(st.sampled_from([b"\x30", b"\xa0", b"\x3f\x81\x80\x05"]), st.integers(0, 2**33)), min_size=1))
def test_lengths_are_told_from_the_first_of_their_octets(pairs: list[tuple[bytes, int]]) -> None:
    header = b"".join(tag + _length(size) for tag, size in pairs)
    assert not is_indefinite(header)
    assert is_indefinite(header + b"\x30\x80")
    assert is_indefinite(b"\xa0\x80" + header)


def _length(size: int) -> bytes:
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([size]) if size < 0x80 else bytes([0x80 | len(octets)]) + octets


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_every_entrance_sees_to_it(entrance: str) -> None:
    assert _in_a_fresh_process(f"import {entrance}") == "kept"


def test_a_library_that_is_not_the_known_one_is_left_as_it_is() -> None:
    assert keep_encodings()
    assert (
        _in_a_fresh_process(
            "from docaxis_signing import asn1_encodings\n"
            "asn1_encodings.known_sources = dict\n"
            "assert not asn1_encodings.keep_encodings()\n"
            "from docaxis_signing.pdf.speed import FastEngine\n"
            "assert FastEngine().drifted == ('asn1crypto.core.Asn1Value.dump',), FastEngine().drifted"
        )
        == "changed"
    )


def _in_a_fresh_process(beginning: str) -> str:
    """Read and write a reference of 384 octets with an explicit default there; tell whether it stayed as it was."""
    with_default = encoded(0x30, ALGORITHM[2:] + b"\x05\x00")
    data = encoded(0x30, with_default + encoded(4, bytes(384 - len(with_default) - 4)))
    program = (
        f"{beginning}\nfrom asn1crypto import tsp\ndata = bytes.fromhex({data.hex()!r})\n"
        "print('kept' if tsp.ESSCertIDv2.load(data).dump() == data else 'changed')"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return done.stdout.strip()
