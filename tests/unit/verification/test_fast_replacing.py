"""Replacements go in only over the source they were written for, and come out again."""

import asyncio
from collections.abc import Callable
from io import BytesIO
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic as generic_module
from pyhanko.pdf_utils import misc
from pyhanko.sign.validation import generic_cms as generic_cms_module
from pyhanko.sign.validation import pdf_embedded as pdf_embedded_module

from bothways import ENGINE
from docaxis_signing.patching import Patch, Patches, Pin
from docaxis_signing.pdf.speed import FastEngine
from docaxis_signing.pdf.speed.engine import RELIED_ON

generic: Any = generic_module  # names that it imported itself, and functions without annotations
generic_cms: Any = generic_cms_module
pdf_embedded: Any = pdf_embedded_module

STOCK = {
    (owner, name): vars(owner)[name]
    for owner, name in (
        (generic, "read_hex_string_from_stream"),
        (generic, "read_non_whitespace"),
        (misc, "read_non_whitespace"),
        (generic.NameObject, "read_from_stream"),
        (pdf_embedded, "byte_range_digest"),
        (generic_cms, "find_valid_path"),
        (generic_cms, "check_ess_certid"),
    )
}


def test_the_libraries_are_those_that_the_replacements_were_written_for() -> None:
    assert FastEngine().drifted == ()


def test_replacements_are_in_place_only_while_the_engine_is_on() -> None:
    engine = FastEngine()
    with engine.on():
        assert all(vars(owner)[name] is not stock for (owner, name), stock in STOCK.items())
    assert all(vars(owner)[name] is stock for (owner, name), stock in STOCK.items())


def test_an_exception_leaves_nothing_in_place() -> None:
    engine = FastEngine()
    with pytest.raises(ZeroDivisionError), engine.on():
        _ = 1 / 0
    assert all(vars(owner)[name] is stock for (owner, name), stock in STOCK.items())


@pytest.mark.parametrize("pin", RELIED_ON, ids=lambda pin: pin.label)
def test_a_change_in_a_function_that_is_relied_on_keeps_the_engine_off(
    pin: Pin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pin.owner, pin.name, lambda *_, **__: None)
    engine = FastEngine()
    assert not engine.ready
    assert engine.drifted == (pin.label,)
    with engine.on():
        assert all(vars(owner)[name] is stock for (owner, name), stock in STOCK.items())


@pytest.mark.parametrize(("owner", "name"), list(STOCK), ids=lambda item: getattr(item, "__name__", item))
def test_a_change_under_a_replacement_keeps_all_of_them_out(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "read_non_whitespace":
        owner = misc
    monkeypatch.setattr(owner, name, lambda *_, **__: None)
    engine = FastEngine()
    assert not engine.ready
    assert any(label.endswith(name) for label in engine.drifted)


def test_a_function_that_is_gone_counts_as_changed() -> None:
    gone = Pin(generic, "read_everything_at_once")
    assert not gone.holds({gone.label: "0" * 64})


def test_a_function_that_nobody_wrote_down_counts_as_changed() -> None:
    assert not Pin(generic, "read_object").holds({})


def test_a_replacement_reaches_every_module_that_imported_the_name() -> None:
    def double(stock: Callable[[int], int]) -> Callable[[int], int]:
        return lambda value: 2 * stock(value)

    def one(value: int) -> int:
        return value

    first, second = ModuleType("first"), ModuleType("second")
    first.one = second.one = one  # type: ignore[attr-defined]
    patches = Patches([Patch(Pin(first, "one"), double, also=(second,))])
    patches.install()
    assert (first.one(2), second.one(2)) == (4, 4)
    patches.remove()
    assert first.one is second.one is one


def outcome(read: Callable[[BytesIO], Any], data: bytes, start: int = 0) -> tuple[Any, ...]:
    """What a reader makes of bytes, and where it stands then."""
    stream = BytesIO(data)
    stream.seek(start)
    try:
        value = read(stream)
    except Exception as error:  # noqa: BLE001 - whatever it is, both have to raise it
        return type(error), str(error)
    return type(value), value, getattr(value, "original_bytes", None), stream.tell()


def both(read: Callable[[], Callable[[BytesIO], Any]], data: bytes, start: int = 0) -> None:
    stock = outcome(read(), data, start)
    with ENGINE.on():
        fast = outcome(read(), data, start)
    assert fast == stock


PDF_BYTES = st.binary(max_size=40) | st.lists(
    st.sampled_from(
        [b"<", b">", b"00", b"fF", b"9", b" ", b"\n", b"%x\n", b"/", b"#41", b"Name", b"(", b"\xe2", b"\0"]
    ),
    max_size=12,
).map(b"".join)


@given(PDF_BYTES, st.sampled_from([b"", b">", b" >"]))
def test_hexadecimal_strings_are_read_as_stock_reads_them(body: bytes, end: bytes) -> None:
    both(lambda: generic.read_hex_string_from_stream, b"<" + body + end)


@given(PDF_BYTES)
def test_names_are_read_as_stock_reads_them(body: bytes) -> None:
    both(lambda: generic.NameObject.read_from_stream, b"/" + body)


@given(PDF_BYTES, st.booleans(), st.booleans())
def test_white_space_is_skipped_as_stock_skips_it(body: bytes, back: bool, end: bool) -> None:  # noqa: FBT001 - drawn
    both(lambda: lambda stream: generic.read_non_whitespace(stream, back, end), body)


@given(
    st.binary(max_size=200),
    st.lists(st.integers(-2, 220), min_size=2, max_size=6),
    st.sampled_from(["sha256", "sha512", "sha1", "md5", "sha3_256"]),
)
def test_byte_ranges_are_digested_as_stock_digests_them(data: bytes, ranges: list[int], algorithm: str) -> None:
    both(lambda: lambda stream: pdf_embedded.byte_range_digest(stream, ranges, algorithm), data)


def test_what_is_no_file_in_memory_is_left_to_stock() -> None:
    class Other(BytesIO):
        def getvalue(self) -> bytes:
            raise AssertionError("not to be asked")

    with FastEngine().on():
        assert generic.read_hex_string_from_stream(Other(b"<41>")) == "A"
        assert generic.NameObject.read_from_stream(Other(b"/A ")) == "/A"
        assert generic.read_non_whitespace(Other(b" A")) == b"A"
        assert pdf_embedded.byte_range_digest(Other(b"abcd"), [0, 1, 3, 1], "sha256")[0] == 2


def test_an_engine_is_of_one_event_loop_at_a_time_and_needs_none() -> None:
    """Nothing in it waits: it is driven by hand in the workers, and by a loop elsewhere."""
    with FastEngine().on():
        assert asyncio.iscoroutinefunction(generic_cms.find_valid_path)
