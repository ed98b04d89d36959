"""Measure drawing verdicts again: the command over a directory of records, and what keeping one verdict's inputs costs.

Run: ``python benchmarks/reverify.py [--documents N] [--keep DIR]``. Prints one JSON object as its last line. Documents
of about 100 kB with two signatures at B-T by 40 signers under five authorities; they were received before now, and are
judged by lists of that time. The command is a process of its own with its workers, start included.
"""

import argparse
import json
import os
import resource
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path

from docaxis.embedded.authorities import TestAuthorities
from docaxis.embedded.bench.corpus import Corpus
from docaxis_schemas.moments import system_clock
from docaxis_signing.judgement import JudgedFile, Parties
from docaxis_signing.plain import from_plain
from docaxis_signing.policy import JudgedAs
from docaxis_signing.policy_files import standard
from docaxis_signing.rerun import Grounds, divide
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import SubmissionVerdict

DOCAXIS = str(Path(sysconfig.get_path("scripts")) / "docaxis")
ROUNDS = 2_000


def called(*arguments: object) -> tuple[float, float, str]:
    """Call the command: seconds it took, seconds of CPU it and its workers used, and what it printed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([DOCAXIS, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu, done.stdout


def keeping(kept: Path, trust: TrustStore, lists: RevocationSnapshot) -> dict[str, float]:
    """Measure what the verifier does for each verdict beside judging: naming its inputs, and writing them down."""
    record = json.loads(next(iter(sorted((kept / "verdicts").iterdir()))).read_bytes())
    verdict = from_plain(SubmissionVerdict, record["verdict"])
    files = [JudgedFile(file.name, JudgedAs.ORIGINAL, file.findings) for file in verdict.files]
    now = system_clock()
    grounds = Grounds.of(standard(), trust, lists, now)
    began = time.process_time()
    for _ in range(ROUNDS):
        shared, own = divide(grounds.inputs(files, register=[], parties=Parties("H98"), received=now))
    seconds = (time.process_time() - began) / ROUNDS
    objects = sum(map(len, grounds.objects.values()))
    return {
        "cpu_us_a_verdict": round(seconds * 1e6, 1),
        "bytes_a_verdict": len(own),
        "bytes_shared_until_a_list_changes": len(shared),
        "bytes_of_shared_objects": objects,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="keep the documents here for the next run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        corpus, kept, trust = Corpus(options.keep or Path(scratch)), Path(scratch) / "kept", Path(scratch) / "trust"
        corpus.prepare(options.documents, cores=os.cpu_count() or 1)
        authorities = TestAuthorities.load(corpus.authorities)
        authorities.write_trust(trust)
        (trust / "crls").mkdir()
        store, now = TrustStore.load(trust), system_clock()
        for one in store.authorities:
            (trust / "crls" / f"{one.name}.crl").write_bytes(authorities.crl(one.name, now=now))
        files = [path for _, _, path in corpus.specimens(options.documents)]
        called("verify", *files, "--trust", trust, "--offline", "--keep-evidence", kept, "--json")
        seconds, cpu, said = called("verify", "--evidence", kept, "--json")
        lines = [json.loads(line) for line in said.splitlines()]
        taken = [ingest(store, path.stem, path.read_bytes(), now=system_clock()) for path in (trust / "crls").iterdir()]
        figures = {
            "documents": len(lines),
            "reproduced": sum(line["reproduced"] is True for line in lines),
            "documents_a_minute": round(len(lines) / seconds * 60),
            "documents_a_minute_of_cpu": round(len(lines) / cpu * 60),
            "cpu_ms_a_document": round(cpu / len(lines) * 1000, 1),
            "keeping": keeping(kept, store, RevocationSnapshot().advance(*taken)),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
