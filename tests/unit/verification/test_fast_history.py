"""Who refers to what in an earlier revision: the fast walk finds what pyHanko's own finds, or raises what it raises."""

import gc
import weakref
from io import BytesIO
from typing import Any

import pytest
from pyhanko.pdf_utils import generic as generic_module
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from bothways import ENGINE
from docaxis_signing.pdf import verification
from docaxis_signing.pdf.speed.history import branches_of

World = Any
generic: Any = generic_module  # functions without annotations
LINKS = (
    b"<< /Type /Catalog /Pages 2 0 R /Dests << /a [10 0 R /Fit] /b 11 0 R >> /OpenAction [11 0 R /Fit] /Loop 30 0 R"
    b" /Widths [1 2.5 [3 4 [5 0 R 6]]] /Gone 99 0 R >>"
)
RING = b"<< /Next 31 0 R /Self 30 0 R /Parent 2 0 R /Kids [10 0 R 11 0 R] /Text [(a) <00> /n null true 1.5] >>"


def linked(world: World, **objects: bytes) -> bytes:
    """Pages referred to from all sides, rings of objects, arrays in arrays, and something that is not there."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 20 0 R /B [%d 0 R] >>"
    made = {
        1: LINKS,
        2: b"<< /Type /Pages /Count 2 /Kids [10 0 R 3 0 R] >>",
        3: b"<< /Type /Pages /Count 1 /Parent 2 0 R /Kids [11 0 R] /Title (T) >>",
        5: b"6 0 R",
        6: b"[7 0 R]",
        7: b"<< /Length 3 /X 30 0 R >>\nstream\nabc\nendstream",
        10: page % 11,
        11: page % 10,
        20: b"<< /Length 0 >>\nstream\n\nendstream",
        30: RING,
        31: b"[30 0 R << /Deep << /Deeper [31 0 R 10 0 R] >> >>]",
    }
    return bytes(world.assemble(made | {int(number[1:]): body for number, body in objects.items()}))


def retitled(data: bytes, times: int = 2) -> bytes:
    """Change an old page, an object of the ring and a new object in later revisions."""
    for turn in range(times):
        writer = IncrementalPdfFileWriter(BytesIO(data), strict=False)
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Turn"] = writer.add_object(generic.ArrayObject([generic.NumberObject(turn)]))
        writer.update_container(page)
        writer.root["/Loop"]["/Turn"] = generic.NumberObject(turn)
        writer.update_container(writer.root["/Loop"])
        out = BytesIO()
        writer.write(out)  # type: ignore[no-untyped-call]
        data = out.getvalue()
    return data


def usages(data: bytes, *, strict: bool) -> list[Any]:
    """All paths to each reference, revision by revision; or what is raised."""
    reader = PdfFileReader(BytesIO(data), strict=strict)
    told: list[Any] = []
    for revision in range(reader.xrefs.total_revisions):
        resolver: Any = reader.get_historical_resolver(revision)
        try:
            resolver._load_reverse_xref_cache()
        except RecursionError:
            told.append(RecursionError)
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, both have to raise it
            told.append((type(error), str(error)))
            continue
        references = [generic.Reference(number, 0, reader) for number in range(120)]
        told.append({item.idnum: {path.path for path in resolver._get_usages_of_ref(item)} for item in references})
    return told


def both(data: bytes, *, strict: bool) -> list[Any]:
    stock = usages(data, strict=strict)
    with ENGINE.on():
        assert usages(data, strict=strict) == stock
    return stock


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "gone", [b"<< /Type /Catalog /Pages 2 0 R /Loop 30 0 R >>", LINKS], ids=["whole", "something missing"]
)
def test_all_usages_are_those_that_pyhanko_finds(world: World, gone: bytes, strict: bool) -> None:  # noqa: FBT001
    told = both(retitled(linked(world, o1=gone)), strict=strict)
    assert len(told) == 3
    if gone is not LINKS or not strict:
        assert len(told[0][10]) > 1


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "body", [b"<< /A ( >>", b"<< /A 1 /A 2 >>", b"<< /A 10 0 R /A 11 0 R >>", b"[1 2", b"<< /A#20B 10 0 R >>", b"true"]
)
def test_what_cannot_be_read_is_refused_as_pyhanko_refuses_it(world: World, body: bytes, strict: bool) -> None:  # noqa: FBT001
    both(linked(world, o1=b"<< /Type /Catalog /Pages 2 0 R /Loop 30 0 R >>", o31=body), strict=strict)


TAGGED = b"<< /Type /Catalog /Pages 2 0 R /Loop 30 0 R /StructTreeRoot %s >>"
TREE = b"<< /Type /StructTreeRoot /K [40 0 R << /S /Sect /K [41 0 R 42 0 R] >>] /ParentTree 50 0 R /P 10 0 R >>"
ELEMENTS = {
    "o40": b"<< /Type /StructElem /S /Document /P 60 0 R /K [43 0 R 44 0 R 5 << /Type /MCR /Pg 10 0 R /K 46 0 R >>] >>",
    "o41": b"<< /S /P /P << /X 45 0 R >> /Pg 10 0 R /K 45 0 R /A << /P 46 0 R /K [47 0 R] >> >>",
    "o42": b"<< /Type /OBJR /Obj 31 0 R /K 46 0 R >>",
    "o43": b"<< /Type /StructElem /S /P /P 40 0 R /K [10 0 R 11 0 R 7 0 R] /C [10 0 R [41 0 R]] >>",
    "o44": b"<< /Type /StructElem /S /P /P 40 0 R /K null >>",
    "o45": b"<< /Type null /S /Span /P 41 0 R /Next 43 0 R /K 1 >>",
    "o46": b"<< /Seen 47 0 R >>",
    "o47": b"<< /Back 41 0 R >>",
    "o50": b"<< /Nums [0 [40 0 R 43 0 R 44 0 R] 1 [45 0 R 31 0 R]] >>",
}


@pytest.mark.parametrize("tree", [b"60 0 R", TREE], ids=["an object", "within the catalog"])
@pytest.mark.parametrize("strict", [True, False])
def test_tagged_documents_have_the_usages_that_pyhanko_finds(world: World, tree: bytes, strict: bool) -> None:  # noqa: FBT001
    told = both(retitled(linked(world, o1=TAGGED % tree, o60=TREE, **ELEMENTS)), strict=strict)
    assert len(told) == 3
    assert len(told[0][43]) > 1


@pytest.mark.parametrize(
    "change",
    [
        {"o60": b"[40 0 R]"},
        {"o60": b"null"},
        {"o60": b"<< /K null >>"},
        {"o60": b"<< /P 40 0 R >>"},
        {"o44": b"<< /S /P /K 40 0 R >>"},
        {"o45": b"<< /K 46 0 R >>", "o46": b"<< /K 45 0 R >>"},
        {"o44": b"<< /S /P /K [77 0 R << /K << /K 46 0 R >> >>] >>"},
        {"o41": b"<< /Type [/StructElem] /K 45 0 R >>", "o42": b"<< /Type 46 0 R /K 47 0 R >>", "o46": b"/StructElem"},
        {"o45": b"<< /S ( >>"},
        {"o44": b"<< /S /P /Lost [99 0 R] >>"},
    ],
)
def test_odd_structures_are_seen_as_pyhanko_sees_them(world: World, change: dict[str, bytes]) -> None:
    made = {"o1": TAGGED % b"60 0 R", "o60": TREE, **ELEMENTS, **change}
    for strict in (True, False):
        both(linked(world, **made), strict=strict)


def test_signed_documents_have_the_usages_that_pyhanko_finds(pair: bytes) -> None:
    told = both(pair, strict=True)
    assert all(any(found.values()) for found in told)


def test_an_object_that_does_not_say_where_it_stands_has_no_branches() -> None:
    alone: Any = generic.ArrayObject([generic.NumberObject(1)])
    with pytest.raises(Exception, match="No container reference"):
        branches_of(alone)
    alone.container_ref = generic.Reference(1, 0, None)
    with pytest.raises(Exception, match="No container reference"):
        branches_of(alone)
    alone[0].container_ref = alone.container_ref
    assert branches_of(alone) == ()


def test_a_verdict_leaves_no_ring_of_objects_behind(world: World, pair: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[PdfFileReader]] = []

    def reading(*arguments: Any, **options: Any) -> PdfFileReader:
        reader = PdfFileReader(*arguments, **options)
        made.append(weakref.ref(reader))
        return reader

    monkeypatch.setattr(verification, "PdfFileReader", reading)
    gc.collect()
    gc.disable()
    try:
        with ENGINE.on():
            verification.examine(pair, trust=world.trust, revocation=world.lists, at=world.now)
        assert made
        assert [reader() for reader in made] == [None] * len(made)
    finally:
        gc.enable()
