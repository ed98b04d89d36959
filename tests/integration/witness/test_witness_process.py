"""A witness with its own key, process and state, as an agency runs it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.merkle import consistency_proof, leaf_hash
from docaxis_signing.transparency.note import Note, Signer, Verifier, parse_signatures
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.tiles import TileReader
from docaxis_signing.transparency.witnessing import AddCheckpoint, origin_hash

ORIGIN = "log.example/axis"
LOG = Signer.from_seed(ORIGIN, b"\x01" * 32)
NAME = "witness.so-noi-vu.example"


def _checkpoint(size: int, mark: str = "", signer: Signer = LOG) -> Note:
    tree = grow(Tree(), [leaf_hash(b"%d%s" % (number, mark.encode())) for number in range(size)]).tree
    return Checkpoint(ORIGIN, size, tree.root).sign(signer)


def _request(old: int, size: int, mark: str = "") -> bytes:
    tiles = dict(grow(Tree(), [leaf_hash(b"%d%s" % (number, mark.encode())) for number in range(size)]).tiles)
    hashes = consistency_proof(TileReader(tiles.__getitem__, size), old, size)
    return AddCheckpoint(old, hashes, _checkpoint(size, mark).to_bytes()).to_bytes()


@dataclass
class Running:
    """A witness that runs."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    def add(self, body: bytes) -> httpx.Response:
        return httpx.post(f"{self.said['url']}/add-checkpoint", content=body)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(20)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code


class House:
    """Starts witnesses on one directory, and ends what is left of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.running: list[Running] = []

    def command(self, *more: str) -> list[str]:
        docaxis = str(Path(sys.executable).with_name("docaxis"))
        return [docaxis, "witness", "--log", LOG.verifier.to_vkey(), "--state", str(self.directory), *more]

    def start(self) -> Running:
        process = subprocess.Popen(
            self.command("--name", NAME), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        running = Running(process, json.loads(process.stdout.readline()))
        self.running.append(running)
        return running

    def refuses(self, *more: str) -> str:
        done = subprocess.run(self.command(*more), capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 78
        return done.stderr


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "witness")
    yield house
    for running in house.running:
        if running.process.returncode is None:
            running.end(signal.SIGKILL)


def test_it_cosigns_what_continues_and_remembers_it_through_kill_9(house: House) -> None:
    first = house.start()
    vkey = first.said["vkey"]
    policy = Policy.parse(f"log {LOG.verifier.to_vkey()}\nwitness w {vkey}\nquorum w\n")
    for old, new in ((0, 3), (3, 300), (300, 300)):
        answer = first.add(_request(old, new))
        assert answer.status_code == 200
        note = _checkpoint(new)
        policy.require(Note(note.text, (*note.signatures, *parse_signatures(answer.text))).to_bytes())
    kept = httpx.get(f"{first.said['url']}/{origin_hash(ORIGIN)}/checkpoint")
    assert policy.require(kept.content).checkpoint.size == 300
    first.end(signal.SIGKILL)
    second = house.start()
    assert second.said["vkey"] == vkey
    assert second.said["seen"] == {ORIGIN: 300}
    answer = second.add(_request(3, 400))
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (409, "300\n", "text/x.tlog.size")
    assert second.add(_request(300, 400)).status_code == 200
    assert second.end() == 0


def test_it_refuses_a_fork_and_goes_on_with_what_it_saw(house: House) -> None:
    witness = house.start()
    assert witness.add(_request(0, 10)).status_code == 200
    assert witness.add(_request(10, 20, "forged")).status_code == 422
    assert witness.add(_request(10, 10, "forged")).status_code == 422
    assert witness.add(_request(10, 20)).status_code == 200


def test_strangers_and_nonsense_are_told_so(house: House) -> None:
    witness = house.start()
    usurper = Signer.from_seed(ORIGIN, b"\x05" * 32)
    other = Checkpoint("other.example", 1, bytes(32)).sign(Signer.from_seed("other.example", b"\x05" * 32))
    for body, status in (
        (AddCheckpoint(0, (), other.to_bytes()).to_bytes(), 404),
        (AddCheckpoint(0, (), _checkpoint(3, signer=usurper).to_bytes()).to_bytes(), 403),
        (b"nonsense", 400),
        (b"x" * 70_000, 413),
    ):
        assert witness.add(body).status_code == status
    for path in (origin_hash(ORIGIN), "nonsense", "../x"):
        assert httpx.get(f"{witness.said['url']}/{path}/checkpoint").status_code == 404


def test_it_does_not_start_on_what_it_cannot_trust(house: House, tmp_path: Path) -> None:
    assert "--name" in house.refuses()
    witness = house.start()
    assert "another witness" in house.refuses()
    assert witness.add(_request(0, 10)).status_code == 200
    witness.end()
    assert "the key of witness" in house.refuses("--name", "somebody.else")
    kept = house.directory / f"{origin_hash(ORIGIN)}.checkpoint"
    kept.write_bytes(kept.read_bytes().replace(b"\n10\n", b"\n11\n"))
    assert "was changed" in house.refuses()
    (house.directory / "witness.skey").write_text(LOG.to_skey())
    assert "not the key of a witness" in house.refuses()
    assert "not the public key" in house.refuses("--log", "nonsense")
    assert "two keys" in house.refuses("--log", Signer.from_seed(ORIGIN, b"\x05" * 32).verifier.to_vkey())
    assert Verifier.from_vkey(witness.said["vkey"]).name == NAME
