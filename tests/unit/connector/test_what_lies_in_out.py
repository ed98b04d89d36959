"""What may lie in ``out/`` beside packets, by mistake or malice: it keeps no packet waiting."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from docaxis.client import AxisClient
from docaxis.connector.folder import Folder
from docaxis.connector.outgoing import Outgoing
from docaxis.connector.store import Store
from docaxis_schemas.moments import system_clock

ODD: dict[str, Callable[[Path], None]] = {
    "a link to nowhere": lambda out: (out / "a.xml").symlink_to("/nowhere/at/all"),
    "a link to a file elsewhere": lambda out: (out / "a.xml").symlink_to(__file__),
    "a directory": lambda out: (out / "a.xml").mkdir(),
    "a pipe": lambda out: os.mkfifo(out / "a.xml"),
    "a name in another encoding": lambda out: cast(
        "None", (out / os.fsdecode(b"c\xf4ng v\xe3n.xml")).write_text("<a/>")
    ),
    "a name that leaves no room": lambda out: cast("None", (out / f"{'a' * 251}.xml").write_text("<a/>")),
}


def outgoing(root: Path) -> Outgoing:
    folder = Folder(root)
    folder.prepare()
    # A packet that is none is refused before the axis is asked: no connection is needed.
    return Outgoing(cast("AxisClient", None), folder, Store(folder.store), system_clock)


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
async def test_what_is_no_packet_stays_and_others_are_settled(tmp_path: Path, make: Callable[[Path], None]) -> None:
    work = outgoing(tmp_path)
    make(work.folder.out)
    [odd] = work.folder.out.iterdir()
    (work.folder.out / "b.xml").write_text("<no-packet/>")
    assert await work.pass_once() == 1
    assert odd.is_symlink() or odd.exists()
    assert (work.folder.refused / "b.xml").is_file()


async def test_a_packet_that_fails_by_itself_stops_no_other(tmp_path: Path) -> None:
    work = outgoing(tmp_path)
    (work.folder.taken / "a.xml").write_text("<no-packet/>")
    (work.folder.refused / "a.xml.refusal.json").mkdir()  # what became of it cannot be written
    (work.folder.taken / "b.xml").write_text("<no-packet/>")
    assert await work.pass_once() == 1
    assert (work.folder.taken / "a.xml").is_file()
    assert (work.folder.refused / "b.xml").is_file()
