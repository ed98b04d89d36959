"""The judges: each is given a copy of the log, the log's public key, and one earlier checkpoint, and says yes or no.

What they are fed with, files, numbers and proofs, may come from our code: it belongs to the accused. What they conclude
is their own.
"""

import hashlib
import shutil
import subprocess
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import metamorphic_log
import pymerkle

from docaxis.embedded.forged_log import read_entries
from docaxis.embedded.outside import find_openssl
from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.merkle import consistency_proof, inclusion_proof
from docaxis_signing.transparency.note import Note
from docaxis_signing.transparency.problems import TransparencyError
from docaxis_signing.transparency.tiles import TileReader

JUDGES: Final = Path(__file__).resolve().parents[3] / "judges"
SECONDS: Final = 240


class MissingJudge(Exception):
    """A program that has to judge is not on this machine; the text says how to bring it."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: a copy of the log, with what every judge holds beforehand."""

    copy: Path
    vkey: str
    older: bytes

    @property
    def checkpoint(self) -> bytes:
        return (self.copy / CHECKPOINT).read_bytes()

    @property
    def origin(self) -> str:
        return self.vkey.partition("+")[0]


def openssl(case: Case) -> bool:
    """OpenSSL: the signatures under the checkpoint and the earlier one, nothing else."""
    found = find_openssl()
    if found is None:
        raise MissingJudge("OpenSSL 3 is missing: apt-get install openssl (macOS: brew install openssl@3)")
    return found.accepts(case.checkpoint, case.vkey) and found.accepts(case.older, case.vkey)


def with_pymerkle(case: Case) -> bool:
    """PyPI pymerkle: the roots of all entries and of those of the earlier checkpoint; it knows no signatures."""
    claimed, older = _stated(case.checkpoint), _stated(case.older)
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    try:
        entries = read_entries(case.copy)
    except (TransparencyError, OSError):
        return False
    tree.append_entries(entries)
    if claimed.size != len(entries) or older.size > len(entries):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(tree.get_root(claimed.size) == claimed.root and tree.get_root(older.size) == older.root)


def with_metamorphic(case: Case) -> bool:
    """PyPI metamorphic-log: signature, consistency and the inclusion of every entry; its caller compares origins."""
    keys: Any = [case.vkey]
    try:
        head = metamorphic_log.checkpoint_verify(case.checkpoint.decode(), keys)
        older = metamorphic_log.checkpoint_verify(case.older.decode(), keys)
        if head.origin != case.origin:
            return False
        reader = TileReader(LogFiles(LocalDisk(case.copy)).tile, head.size)
        steps = list(consistency_proof(reader, older.size, head.size))
        metamorphic_log.verify_consistency(older.size, head.size, steps, older.root, head.root)
        for index, entry in enumerate(read_entries(case.copy)):
            path = list(inclusion_proof(reader, index, head.size))
            leaf = hashlib.sha256(b"\x00" + entry).digest()
            metamorphic_log.verify_inclusion(index, head.size, leaf, path, head.root)
    except (metamorphic_log.VerifyError, TransparencyError, OSError):
        return False
    return True


def build_sumdb(directory: Path) -> Callable[[Case], bool]:
    """Build the judge that is golang.org/x/mod/sumdb, the code of Go's checksum database.

    Raises:
        MissingJudge: There is no Go, or its module could not be brought.
    """
    return _judge(_built("sumdb", directory))


def build_fsck(directory: Path) -> Callable[[Case], bool]:
    """Build the judge that is Tessera's client and fsck.

    Raises:
        MissingJudge: There is no Go of 1.24 or later, or the modules could not be brought.
    """
    return _judge(_built("fsck", directory))


def _built(name: str, directory: Path) -> Path:
    go = shutil.which("go")
    if go is None:
        raise MissingJudge("Go is missing: apt-get install golang-go (macOS: brew install go)")
    command = [go, "build", "-buildvcs=false", "-o", str(directory / name), "."]
    done = subprocess.run(command, cwd=JUDGES / name, capture_output=True, text=True, check=False, timeout=SECONDS)
    if done.returncode:
        raise MissingJudge(f"Go could not build tests/judges/{name} (go.mod says what it brings): {done.stderr[-500:]}")
    return directory / name


def _judge(program: Path) -> Callable[[Case], bool]:
    def judge(case: Case) -> bool:
        older = case.copy.parent / "older-checkpoint"
        older.write_bytes(case.older)
        arguments = [str(program), str(case.copy), case.vkey, str(older)]
        said = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=SECONDS)
        return said.returncode == 0 and said.stdout.strip() == "ok"

    return judge


def _stated(checkpoint: bytes) -> Checkpoint:
    return Checkpoint.parse(Note.parse(checkpoint).text)


IN_PROCESS: Final[Mapping[str, Callable[[Case], bool]]] = {
    "openssl": openssl,
    "pymerkle": with_pymerkle,
    "metamorphic-log": with_metamorphic,
}
"""The judges that need no building."""
