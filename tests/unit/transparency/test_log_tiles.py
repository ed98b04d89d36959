"""Tiles as the specification counts them, and trees that grow in steps as if they had been written at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.merkle import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    fold,
    inclusion_proof,
    leaf_hash,
    root_hash,
)
from docaxis_signing.transparency.problems import RejectedTile
from docaxis_signing.transparency.tiles import (
    ENTRIES,
    Tile,
    TileReader,
    decode_bundle,
    encode_bundle,
    split_tile,
    tiles_between,
    width_at,
)

COUNT = 70_000
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(COUNT)]


def test_the_example_of_the_specification() -> None:
    tiles = list(tiles_between(0, COUNT))
    by_level = [[tile for tile in tiles if tile.level == level] for level in range(3)]
    assert len(by_level[0]) == 274
    assert by_level[0][-1] == Tile(0, 273, 112)
    assert by_level[1] == [Tile(1, 0), Tile(1, 1, 17)]
    assert by_level[2] == [Tile(2, 0, 1)]
    assert list(tiles_between(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]


@pytest.mark.parametrize(("tile", "path"), [
    (Tile(0, 0), "tile/0/000"),
    (Tile(0, 1234067), "tile/0/x001/x234/067"),
    (Tile(1, 1, 17), "tile/1/001.p/17"),
    (Tile(ENTRIES, 273, 112), "tile/entries/273.p/112"),
    (Tile(0, 1000, 1), "tile/0/x001/000.p/1"),
])  # fmt: skip
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path


def _written(steps: list[int]) -> tuple[Tree, dict[Tile, bytes]]:
    tree, files = Tree(), dict[Tile, bytes]()
    for step in steps:
        grown = grow(tree, LEAVES[tree.size : tree.size + step])
        assert [tile for tile, _ in grown.tiles] == list(tiles_between(tree.size, grown.tree.size))
        files |= dict(grown.tiles)
        tree = grown.tree
    return tree, files


@given(st.lists(st.integers(0, 700), max_size=6))
def test_a_tree_that_grew_in_steps_is_the_tree_of_its_leaves(steps: list[int]) -> None:
    tree, files = _written(steps)
    assert tree.root == fold(LEAVES[: tree.size])
    reader = TileReader(files.__getitem__, tree.size)
    assert root_hash(reader, tree.size) == tree.root
    assert Tree.load(reader, tree.size) == tree


@given(st.integers(1, COUNT), st.data())
def test_proofs_come_out_of_tiles(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    reader = TileReader(FILES.__getitem__, size)
    root, old_root = root_hash(reader, size), root_hash(TileReader(FILES.__getitem__, size), old)
    check_inclusion(LEAVES[index], index, size, inclusion_proof(reader, index, size), root)
    check_consistency(old, old_root, size, root, consistency_proof(reader, old, size))


class _AnyWidth(dict[Tile, bytes]):
    """A log that has kept every partial tile."""

    def __missing__(self, tile: Tile) -> bytes:
        return self[max(one for one in self.keys() if (one.level, one.index) == (tile.level, tile.index))][
            : tile.width * 32
        ]


FILES = _AnyWidth(_written([COUNT])[1])


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(RejectedTile):
        split_tile(Tile(0, 0, 2), b"\x00" * 63)
    with pytest.raises(RejectedTile):
        TileReader(lambda _: b"", 3).read(0, 1)


def test_a_reader_gives_no_subtree_beyond_its_size() -> None:
    with pytest.raises(RejectedTile):
        TileReader(FILES.__getitem__, 300).read(0, 300)
    with pytest.raises(RejectedTile):
        TileReader(FILES.__getitem__, 300).read(8, 1)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_bundles_give_back_their_entries(entries: list[bytes]) -> None:
    tile = Tile(ENTRIES, 0, len(entries))
    assert decode_bundle(tile, encode_bundle(entries)) == tuple(entries)


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x05abc", b"", b"\x00\x01a\x00\x01b\x00\x01c"])
def test_a_cut_or_wrong_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(RejectedTile):
        decode_bundle(Tile(ENTRIES, 0, 2), data)


def test_an_entry_too_large_for_its_length_is_refused() -> None:
    assert len(encode_bundle([b"x" * 0xFFFF])) == 0xFFFF + 2
    with pytest.raises(RejectedTile):
        encode_bundle([b"x" * 0x10000])


def test_widths_follow_the_size() -> None:
    assert [width_at(0, 273, COUNT), width_at(0, 274, COUNT), width_at(1, 1, COUNT), width_at(ENTRIES, 0, 5)] == [
        *(112, 0, 17, 5)
    ]
