"""Files that nobody thought of: mutations of signed ones, and whatever hypothesis and atheris make up.

None of them passes unless what is shown and what was signed are untouched, and none makes the engine raise.
"""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docaxis_signing.pdf.structure import RejectedStructure, scan
from docaxis_signing.verdict import Indication
from pdfcases.case import Sample
from pdfcases.editing import append, contents, put, signed_bytes, signed_revision
from pdfcases.pages import TEXT_OF_PAGE, stream
from pdfcases.scene import Scene
from pdfcases.witnesses import drawn

HARNESS = Path(__file__).parents[2] / "fuzz" / "intake.py"
QUICK, LONG = 400, 20_000
SECONDS = 100
TOKENS = (
    b"obj",
    b"endobj",
    b"stream",
    b"endstream",
    b"xref",
    b"trailer",
    b"startxref",
    b"%%EOF",
    b"<<",
    b">>",
    b"[",
    b"]",
)
MORE = (
    b"(",
    b")",
    b"<",
    b">",
    b"/ByteRange",
    b"/Contents",
    b"/Prev",
    b"/Size",
    b"/Root",
    b" 0 R",
    b"\n",
    b" ",
    b"0",
    b"9",
)


def place(data: bytes, random: Random) -> int:
    """Choose a place, seldom within a signature, which makes most of the file."""
    if random.random() < 0.2:
        return random.randrange(len(data))
    start, end = contents(data)
    at = random.randrange(len(data) - (end - start))
    return at if at < start else at + end - start


def flipped(data: bytes, random: Random) -> bytes:
    at = place(data, random)
    return put(data, at, bytes([data[at] ^ (1 << random.randrange(8))]))


def swapped(data: bytes, random: Random) -> bytes:
    size = random.choice((1, 4, 16, 64, 256))
    first, second = sorted((place(data, random), place(data, random)))
    first = min(first, max(0, second - size))
    return put(put(data, first, data[second : second + size]), second, data[first : first + size])[: len(data)]


def cut(data: bytes, random: Random) -> bytes:
    return data[: place(data, random)]


def taken_out(data: bytes, random: Random) -> bytes:
    at = place(data, random)
    return data[:at] + data[at + random.choice((1, 2, 20, 200)) :]


def token_put_in(data: bytes, random: Random) -> bytes:
    at = place(data, random)
    return data[:at] + random.choice((*TOKENS, *MORE)) + data[at:]


def appended(data: bytes, random: Random) -> bytes:
    number = random.choice((1, 2, 4, 10, TEXT_OF_PAGE, 21, 22, 60))
    value = random.choice((b"null", b"[]", stream(b"0 g 0 0 500 500 re f"), b"<< /Type /Catalog /Pages 2 0 R >>"))
    return append(data, {number: value})


def appended_and_damaged(data: bytes, random: Random) -> bytes:
    return flipped(appended(data, random), random)


MUTATIONS: tuple[Callable[[bytes, Random], bytes], ...] = (
    flipped,
    swapped,
    cut,
    taken_out,
    token_put_in,
    appended,
    appended_and_damaged,
)


def untouched(data: bytes, honest: bytes) -> bool:
    """Tell whether every signature covers the bytes that it covered, and every page looks as it did.

    A file cut off behind an earlier signature is what that signer left.
    """
    count = honest.count(b"/ByteRange")
    if any(data.rstrip(b"\n") == signed_revision(honest, index).rstrip(b"\n") for index in range(count)):
        return True
    same = all(signed_bytes(data, index) == signed_bytes(honest, index) for index in range(count))
    return same and data.count(b"/ByteRange") == count and drawn(data) == drawn(honest)


def mutate(scene: Scene, seed: int, rounds: int) -> int:
    """Mutate in turn and give the number of those that passed, all of them untouched in what counts."""
    random, passed = Random(seed), 0
    for index in range(rounds):
        honest = (scene.signed, scene.pair, scene.form)[index % 3]
        change = MUTATIONS[index % len(MUTATIONS)]
        data = change(honest, random)
        if scene.judge(Sample(data)).indication is Indication.TOTAL_PASSED:
            passed += 1
            assert untouched(data, honest), (change.__name__, seed, index)
    return passed


@pytest.mark.parametrize("seed", [1, 2])
def test_no_mutation_passes_that_changed_anything(scene: Scene, seed: int) -> None:
    assert mutate(scene, seed, QUICK // 2) < QUICK // 4


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_no_mutation_of_many_passes_that_changed_anything(scene: Scene) -> None:
    assert mutate(scene, 3, LONG) < LONG // 2


PIECES = st.lists(st.one_of(st.sampled_from((*TOKENS, *MORE)), st.binary(max_size=12)), max_size=60).map(b"".join)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(body=PIECES)
def test_the_scan_refuses_or_answers(body: bytes) -> None:
    for data in (body, b"%PDF-1.7\n" + body, b"%PDF-1.7\n" + body + b"\nstartxref\n9\n%%EOF\n"):
        try:
            scan(data)
        except RejectedStructure as refusal:
            assert str(refusal)  # noqa: PT017 - the scan may refuse, and then it has to say why


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(numbers=st.lists(st.integers(-(2**40), 2**40), max_size=6), digits=st.binary(max_size=600))
def test_no_byte_range_and_no_cms_object_makes_the_engine_raise_or_pass(
    scene: Scene, numbers: list[int], digits: bytes
) -> None:
    start, end = contents(scene.signed)
    data = put(scene.signed, start, digits.hex().encode().ljust(end - start, b"0"))
    at = data.index(b"/ByteRange [") + len(b"/ByteRange [")
    room = data.index(b">>", at) - at
    written = (b" ".join(b"%d" % number for number in numbers) + b"]").ljust(room)
    for changed in (data, put(data, at, written[:room]), put(scene.signed, at, written[:room])):
        assert scene.judge(Sample(changed)).indication is not Indication.TOTAL_PASSED


def fuzz(scene: Scene, directory: Path, seconds: int) -> None:
    """Let atheris run over the intake, with three signed files to begin with; an input of ten seconds is a failure."""
    for name in ("signed", "pair", "form"):
        (directory / name).write_bytes(getattr(scene, name))
    command = [sys.executable, str(HARNESS), f"-max_total_time={seconds}", "-timeout=10", str(directory)]
    ran = subprocess.run(command, cwd=directory, check=False, capture_output=True, timeout=seconds + 120)
    assert ran.returncode == 0, ran.stderr[-4000:].decode("utf-8", "replace")


if find_spec("atheris") is not None:  # there are wheels for Linux on x86-64 only

    def test_atheris_finds_nothing_that_makes_the_intake_raise_or_hang(scene: Scene, tmp_path: Path) -> None:
        fuzz(scene, tmp_path, SECONDS)

    @pytest.mark.full
    @pytest.mark.timeout(3600)
    def test_atheris_finds_nothing_in_a_long_run_either(scene: Scene, tmp_path: Path) -> None:
        fuzz(scene, tmp_path, 12 * SECONDS)
