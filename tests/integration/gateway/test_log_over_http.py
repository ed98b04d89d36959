"""The transparency log over HTTP: tiles and checkpoint for everybody, entries for auditors, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.composition.rotation import key_rotation
from docaxis.embedded.forged_log import write_log
from docaxis.registrar.rotation import KeyFiles
from docaxis.storage.log_files import CHECKPOINT, VKEY
from docaxis_schemas.moments import system_clock
from docaxis_signing.anchor_files import ANCHORS, TOKEN, anchor_path
from docaxis_signing.anchor_files import CHECKPOINT as ANCHORED
from docaxis_signing.receipts import EvidenceSigner
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.merkle import check_inclusion, inclusion_proof, leaf_hash
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.policy import NONE, Policy
from docaxis_signing.transparency.tiles import ENTRIES, Tile, TileReader, decode_bundle

SIGNER = Signer.from_seed("docaxis/test", b"\x01" * 32)
COUNT = 300


@pytest.fixture
def log(world: Any) -> Path:
    directory: Path = world.settings.log.directory
    tree = write_log(directory, [b"entry %d" % number for number in range(COUNT)])
    (directory / CHECKPOINT).write_bytes(Checkpoint("docaxis/test", tree.size, tree.root).sign(SIGNER).to_bytes())
    (directory / VKEY).write_text(SIGNER.verifier.to_vkey() + "\n")
    (directory / "secret").write_text("not a tile")
    return directory


async def test_anybody_can_check_that_the_log_only_grew(world: Any, log: Path) -> None:
    checkpoint = await world.client.get("/log/checkpoint")
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    opened = Policy((SIGNER.verifier,), {}, {}, NONE).require(checkpoint.content).checkpoint
    assert (await world.client.get("/log/vkey")).text.strip() == SIGNER.verifier.to_vkey()
    tiles = {}
    for tile in (Tile(0, 0), Tile(0, 1, 44), Tile(1, 0, 1)):
        answer = await world.client.get(f"/log/{tile.path}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        tiles[tile] = answer.content
    proof = inclusion_proof(TileReader(tiles.__getitem__, COUNT), 270, COUNT)
    check_inclusion(leaf_hash(b"entry 270"), 270, COUNT, proof, opened.root)


async def test_anybody_can_see_how_the_keys_changed(world: Any, gateway_engine: AsyncEngine, tmp_path: Path) -> None:
    assert (await world.client.get("/v1/keys/history")).json() == {"evidence": []}
    key = tmp_path / "evidence.json"
    key.write_text(json.dumps(EvidenceSigner.generate("evidence-1").private_jwk()))
    rotation = key_rotation(world.settings, gateway_engine, system_clock)
    await rotation.rotate(KeyFiles(key), "evidence-2")
    (change,) = (await world.client.get("/v1/keys/history")).json()["evidence"]
    assert (change["format"], change["proof"]) == ("docaxis-evidence", None)


async def test_entries_are_for_auditors(world: Any, log: Path) -> None:
    tile = Tile(ENTRIES, 1, 44)
    assert (await world.client.get(f"/log/{tile.path}")).status_code == 401
    assert (await world.get(f"/log/{tile.path}")).status_code == 403
    answer = await world.get(f"/log/{tile.path}", "auditor")
    assert decode_bundle(tile, answer.content)[0] == b"entry 256"
    assert answer.headers["cache-control"].startswith("private")


@pytest.mark.parametrize("path", [
    "secret",
    "tile/0/999",
    "tile/0/0",
    "tile/64/000",
    "tile/-1/000",
    "tile/00/000",
    "tile/0/000.p/0",
    "tile/0/../../secret",
    "tile/0/..%2f..%2fsecret",
    "tile/entries/..%2f..%2fsecret",
    "tile/0/٠٠٠",
    "tile/0/000.new",
])  # fmt: skip
async def test_nothing_else_is_served(world: Any, log: Path, path: str) -> None:
    assert (await world.get(f"/log/{path}", "auditor")).status_code == 404


async def test_an_axis_without_a_log_says_so(world: Any) -> None:
    for path in ("checkpoint", "vkey", "tile/0/000"):
        assert (await world.client.get(f"/log/{path}")).status_code == 404


async def test_time_stamped_checkpoints_are_public_and_nothing_beside_them(world: Any, log: Path) -> None:
    assert (await world.client.get("/log/anchors")).json() == {"anchors": []}
    (log / ANCHORS).mkdir()
    for size in (12, 300):
        for suffix in (ANCHORED, TOKEN):
            (log / anchor_path(size, suffix)).write_bytes(f"{size}{suffix}".encode())
    (log / ANCHORS / "secret").write_text("not an anchor")
    assert (await world.client.get("/log/anchors")).json() == {"anchors": [12, 300]}
    assert (await world.client.get(f"/log/{anchor_path(300, TOKEN)}")).content == b"300.tst"
    for name in ("secret", "300.tst", f"{13:019}.tst", "..%2Fsecret", f"{300:019}.tst.new"):
        assert (await world.client.get(f"/log/{ANCHORS}/{name}")).status_code == 404, name
