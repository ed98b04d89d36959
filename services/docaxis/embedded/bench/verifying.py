"""``docaxis bench verify``: our verdicts beside those of stock pyHanko and of `pdfsig`, in one run, by turns."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median
from typing import Any, Final

from docaxis.cli.options import VerifyBenchOptions
from docaxis.cli.output import Output
from docaxis.embedded.bench.judges import Judge, Material, Pdfsig, ProcessJudge, Turn, ours, stock
from docaxis.embedded.bench.levels import LEVELS, TWO_SIGNATURES, LevelCorpus
from docaxis.embedded.bench.specimens import Specimen
from docaxis.embedded.places import cache_directory
from docaxis.embedded.problems import EmbeddedProblem

EXIT_UNSOUND: Final = 1
ROUNDS: Final = 8
"""Turns each judge takes at a level; their medians count."""
SHARE: Final = {"ours": 0.25, "stock": 0.55, "pdfsig": 0.2}
"""Of the time of a round. Whoever is slower needs more for as steady a figure."""
SCALING_SECONDS: Final = 3.0
SCALING_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """Median turns at one level."""

    ours: Turn
    stock: Turn
    pdfsig: Turn | None

    def to_json(self) -> dict[str, float | None]:
        """Give the figures of the last line. Ratios are of CPU time, which other work on the machine disturbs least."""
        return {
            "documents_per_second": round(1000 / self.ours.wall_ms, 1),
            "ratio_to_stock": round(self.stock.cpu_ms / self.ours.cpu_ms, 2),
            "ratio_to_pdfsig": round(self.pdfsig.cpu_ms / self.ours.cpu_ms, 2) if self.pdfsig else None,
            "cpu_ms": round(self.ours.cpu_ms, 2),
        }

    def detail(self, level: str) -> dict[str, Any]:
        """Give all that was measured at the level."""
        turns = {"ours": self.ours, "stock": self.stock, "pdfsig": self.pdfsig}
        return {"level": level} | {
            name: {"cpu_ms": round(turn.cpu_ms, 2), "wall_ms": round(turn.wall_ms, 2)} if turn else None
            for name, turn in turns.items()
        }


def verify(options: VerifyBenchOptions) -> int:
    """Measure and print; the last line has the figures."""
    output = Output(as_json=options.json, language=options.language)
    try:
        return _measure(options, LevelCorpus(cache_directory() / "bench-verify"), output)
    except EmbeddedProblem as problem:
        output.complain([str(problem)])
        return EXIT_UNSOUND


def _measure(options: VerifyBenchOptions, corpus: LevelCorpus, output: Output) -> int:
    output.note("Đang ký các văn bản thử …", "Signing the documents of the run …")
    corpus.prepare(options.documents, cores=os.cpu_count() or 1)
    material = Material(corpus.authorities, corpus.trust)
    with ExitStack() as stack:
        made: dict[str, Callable[[Material], Any]] = {"ours": ours, "stock": stock}
        judges: dict[str, Judge] = {}
        for name, make in made.items():
            judges[name] = _started(stack, make, material)
        if (pdfsig := Pdfsig.find()) is not None:
            judges["pdfsig"] = pdfsig
        else:
            output.note("Không có pdfsig (poppler-utils) để so sánh.", "There is no pdfsig (poppler-utils) to compare.")
        levels: dict[str, Any] = {}
        for level in LEVELS:
            specimens = corpus.specimens(level, options.documents)
            figures = compare(judges, specimens, options.seconds)
            levels[level] = figures.to_json()
            output.result(figures.detail(level), _line(level, figures))
        second = _started(stack, ours, material)
        first = judges["ours"]
        assert isinstance(first, ProcessJudge)
        scaling = _scaling(first, second, corpus.specimens(TWO_SIGNATURES, options.documents))
        rss = first.resident_mb
    output.result(
        {"levels": levels, "processes_2_over_1": scaling, "rss_mb": rss},
        f"two processes over one: {scaling}; {rss} MB",
    )
    return 0


def _started(stack: ExitStack, make: Callable[[Material], Any], material: Material) -> ProcessJudge:
    judge = ProcessJudge(make, material)
    stack.callback(judge.close)
    return judge


def compare(judges: dict[str, Judge], specimens: Sequence[Specimen], seconds: float) -> LevelFigures:
    """Let the judges take turns over the documents, each with a share of the time; give the medians.

    The first pass warms: the verifier's workers live for hundreds of documents.
    """
    first = {name: judge.judge(specimens if name == "ours" else specimens[:4]) for name, judge in judges.items()}
    endless = {name: cycle(specimens) for name in judges}
    turns: dict[str, list[Turn]] = {name: [] for name in judges}
    for _ in range(ROUNDS):
        for name, judge in judges.items():
            count = _batch(first[name], seconds * SHARE[name] / ROUNDS)
            turns[name].append(judge.judge(list(islice(endless[name], count))))
    middle = {name: _median(taken) for name, taken in turns.items()}
    return LevelFigures(middle["ours"], middle["stock"], middle.get("pdfsig"))


def _batch(turn: Turn, seconds: float) -> int:
    return max(2, round(seconds * 1000 / turn.wall_ms))


def _median(turns: Sequence[Turn]) -> Turn:
    return Turn(median(turn.wall_ms for turn in turns), median(turn.cpu_ms for turn in turns))


def _scaling(first: ProcessJudge, second: ProcessJudge, specimens: Sequence[Specimen]) -> float:
    """Say how much more two worker processes judge together than one alone."""
    return round(median(_ratios(first, second, specimens)), 2)


def _ratios(first: ProcessJudge, second: ProcessJudge, specimens: Sequence[Specimen]) -> Iterator[float]:
    second.judge(specimens)
    for _ in range(SCALING_ROUNDS):
        alone = _rate([first], specimens)
        yield _rate([first, second], specimens) / alone


def _rate(judges: Sequence[ProcessJudge], specimens: Sequence[Specimen]) -> float:
    """Documents a second, of all of them at once."""
    for judge in judges:
        judge.begin(specimens, SCALING_SECONDS)
    return sum(1000 / judge.end()[0].wall_ms for judge in judges)


def _line(level: str, figures: LevelFigures) -> str:
    value = figures.to_json()
    return (
        f"{level}: {value['documents_per_second']} documents/s, {value['cpu_ms']} ms CPU; "
        f"{value['ratio_to_stock']} x stock pyHanko, {value['ratio_to_pdfsig']} x pdfsig -nocert"
    )
