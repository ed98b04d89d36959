"""An unpacked evidence package, and the commands of its own README run on it."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SUMS: Final = "SHA256SUMS"
SECONDS: Final = 240
NPM_JUDGE: Final = Path(__file__).parents[3] / "judges" / "npm"
_BLOCK: Final = re.compile(r"^```sh ([\w ]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAFE: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/){0,3}[A-Za-z0-9][A-Za-z0-9._-]*")


def bring_npm_judge(directory: Path) -> Path:
    """Install what npm's own check of provenance is made of, as the lock file has it; give its modules."""
    npm = shutil.which("npm")
    assert npm is not None, "there is no npm on this machine; Debian: npm"
    shutil.copytree(NPM_JUDGE, directory, dirs_exist_ok=True)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return directory / "node_modules"


@dataclass(frozen=True)
class Block:
    """One command of the README, by the words behind ``sh``."""

    words: frozenset[str]
    script: str


@dataclass(frozen=True)
class Unpacked:
    """A package in a directory."""

    path: Path

    @classmethod
    def of(cls, archive: Path, path: Path) -> "Unpacked":
        with zipfile.ZipFile(archive) as packed:
            assert all(_SAFE.fullmatch(name) for name in packed.namelist()), packed.namelist()
            packed.extractall(path)
        return cls(path)

    def with_modules(self, modules: Path) -> "Unpacked":
        """Put npm's modules where the README's command to install them would."""
        (self.path / "work").mkdir(exist_ok=True)
        (self.path / "work/node_modules").symlink_to(modules)
        return self

    def blocks(self) -> list[Block]:
        text = (self.path / "README.md").read_text("utf-8")
        return [Block(frozenset(words.split()), script) for words, script in _BLOCK.findall(text)]

    def run(self, block: Block) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        command = ["bash", "-euo", "pipefail", "-c", block.script]
        return subprocess.run(
            command, cwd=self.path, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS
        )

    def refuses(self, *words: str) -> bool:
        """Run the blocks of some tool, and say whether any of them found something wrong."""
        return any(self.run(block).returncode for block in self.blocks() if block.words.issuperset(words))

    def files(self) -> Iterator[Path]:
        """Give the files that came in the package, without what its commands made."""
        listed = (self.path / SUMS).read_text("utf-8").splitlines()
        yield from (self.path / line[66:] for line in listed)
        yield self.path / SUMS

    def sum_up_again(self) -> None:
        """Do what whoever changes a file would do next."""
        named = [path for path in self.files() if path.name != SUMS]
        lines = [
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(self.path).as_posix()}\n"
            for path in named
        ]
        (self.path / SUMS).write_text("".join(lines), "utf-8")


def flip(path: Path, place: int | None = None) -> bytes:
    """Change one byte, in the middle by default; give what was there."""
    before = path.read_bytes()
    changed = bytearray(before)
    changed[len(before) // 2 if place is None else place] ^= 1
    path.write_bytes(changed)
    return before
