"""Which logs are believed and how many witnesses must have seen a checkpoint (c2sp.org/tlog-policy)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.note import Algorithm, Note, Verifier
from docaxis_signing.transparency.problems import RejectedNote, RejectedPolicy

NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by its name in the policy, its key and, where it is asked, its address."""

    name: str
    verifier: Verifier
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these members, witnesses or groups, must have seen a checkpoint."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file."""

    logs: tuple[Verifier, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy.

        Raises:
            RejectedPolicy: Which line has no meaning.
        """
        reading = _Reading()
        for number, line in enumerate(text.split("\n"), 1):
            words = line.replace("\t", " ").split(" ")
            words = [word for word in words if word]
            if words and not words[0].startswith("#"):
                try:
                    reading.take(words)
                except (RejectedNote, RejectedPolicy, ValueError, IndexError) as error:
                    raise RejectedPolicy(f"line {number} of the policy: {error}") from error
        if reading.quorum is None:
            raise RejectedPolicy("the policy states no quorum")
        return cls(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)

    def to_text(self) -> str:
        """Write the policy."""
        lines = [f"log {log.to_vkey()}" for log in self.logs]
        lines += [f"witness {one.name} {one.verifier.to_vkey()} {one.url}".rstrip() for one in self.witnesses.values()]
        lines += [f"group {name} {one.threshold} {' '.join(one.members)}" for name, one in self.groups.items()]
        return "\n".join([*lines, f"quorum {self.quorum}", ""])

    def require(self, data: bytes) -> SignedCheckpoint:
        """Open a checkpoint that one of the logs signed and enough witnesses cosigned.

        Raises:
            RejectedNote: No log of the policy signed it, or a signature of a known key is false.
            RejectedPolicy: Too few witnesses.
        """
        opened = self.open(data)
        seen = self.witnessed(opened.note)
        if not self.satisfied(seen):
            raise RejectedPolicy(f"cosigned by {', '.join(sorted(seen)) or 'no witness'}: not the quorum {self.quorum}")
        return opened

    def open(self, data: bytes) -> SignedCheckpoint:
        """Open a checkpoint that one of the logs signed, whoever has seen it.

        Raises:
            RejectedNote: No log of the policy signed it.
        """
        origin = Note.parse(data).text.partition("\n")[0]
        for log in self.logs:
            if log.name == origin:
                return SignedCheckpoint.open(data, log)
        raise RejectedNote(f"a checkpoint of {origin!r}, which is no log of the policy")

    def witnessed(self, note: Note) -> frozenset[str]:
        """Name the witnesses of the policy that cosigned.

        Raises:
            RejectedNote: What is said to be a witness's cosignature is not.
        """
        by_key = {(one.verifier.name, one.verifier.key_id): one for one in self.witnesses.values()}
        named = {(signature.name, signature.key_id) for signature in note.signatures} & by_key.keys()
        if not named:
            return frozenset()
        found = note.open([one.verifier for one in self.witnesses.values()])
        return frozenset(by_key[signature.name, signature.key_id].name for signature in found)

    def satisfied(self, seen: frozenset[str]) -> bool:
        """Say whether witnesses of these names, in the policy, are the quorum."""
        return self._holds(self.quorum, seen)

    def _holds(self, name: str, seen: frozenset[str]) -> bool:
        if name == NONE:
            return True
        group = self.groups.get(name)
        if group is None:
            return name in seen
        return sum(self._holds(member, seen) for member in group.members) >= group.threshold


class _Reading:
    """A policy half read: lines may only name what stands above them."""

    def __init__(self) -> None:
        self.logs: list[Verifier] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._grouped: set[str] = set()

    def take(self, words: Sequence[str]) -> None:
        kind, *rest = words
        if kind == "log" and len(rest) in {1, 2}:
            self._log(Verifier.from_vkey(rest[0]))
        elif kind == "witness" and len(rest) in {2, 3}:
            self._witness(Witness(self._new(rest[0]), Verifier.from_vkey(rest[1]), *rest[2:]))
        elif kind == "group" and len(rest) > 2:
            self._group(self._new(rest[0]), rest[1], tuple(rest[2:]))
        elif kind == "quorum" and len(rest) == 1 and self.quorum is None:
            self.quorum = rest[0] if rest[0] == NONE else self._known(rest[0])
        else:
            raise RejectedPolicy(f"not a line of a policy, or a second one: {kind}")

    def _log(self, log: Verifier) -> None:
        if log.algorithm is not Algorithm.ED25519 or any(log.key == other.key for other in self.logs):
            raise RejectedPolicy("the key of a log is an Ed25519 key that stands there once")
        self.logs.append(log)

    def _witness(self, witness: Witness) -> None:
        keys = {other.verifier.key for other in self.witnesses.values()}
        if witness.verifier.algorithm is not Algorithm.COSIGNATURE or witness.verifier.key in keys:
            raise RejectedPolicy("the key of a witness is a cosignature key that stands there once")
        self.witnesses[witness.name] = witness

    def _group(self, name: str, count: str, members: tuple[str, ...]) -> None:
        threshold = {"all": len(members), "any": 1}.get(count) or int(count)
        if not 1 <= threshold <= len(members) or len(set(members)) != len(members):
            raise RejectedPolicy(f"group {name} wants {count} of {len(members)}")
        if self._grouped & {self._known(member) for member in members}:
            raise RejectedPolicy(f"a member of group {name} is in another group")
        self._grouped |= set(members)
        self.groups[name] = Group(threshold, members)

    def _new(self, name: str) -> str:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise RejectedPolicy(f"the name {name} is taken")
        return name

    def _known(self, name: str) -> str:
        if name not in self.witnesses and name not in self.groups:
            raise RejectedPolicy(f"no witness or group is called {name}")
        return name
