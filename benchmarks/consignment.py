"""Measure deliveries up to the inbox: 38 recipients a document that neither fetch nor sign, to tell the two apart.

Run: ``python benchmarks/consignment.py [--seconds N]``. Prints one JSON object as its last line, of the form of
``docaxis bench exchange --json``.
"""

import argparse
import asyncio
import json
import sys

from docaxis.cli.output import Output
from docaxis.embedded.bench.corpus import Corpus
from docaxis.embedded.bench.course import INBOXES, Course
from docaxis.embedded.bench.exchange import measure
from docaxis.embedded.places import cache_directory

SIGNED_A_SECOND = 12


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    seconds = parser.parse_args().seconds
    course = Course(seconds, INBOXES, documents=SIGNED_A_SECOND * (seconds + 10) + 40, hand_over=False)
    output = Output(as_json=True, language="en")
    figures = asyncio.run(measure(course, Corpus(cache_directory() / "bench"), output))
    print(json.dumps(figures.to_json()))
    return 0 if figures.sound else 1


if __name__ == "__main__":
    sys.exit(main())
