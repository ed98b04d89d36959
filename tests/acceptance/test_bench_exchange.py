"""The measurement of the exchange, on a few documents: its shape, and that nothing is lost or doubled. No timings."""

from pathlib import Path

from docaxis.cli.output import Output
from docaxis.embedded.bench.corpus import Corpus
from docaxis.embedded.bench.course import Course
from docaxis.embedded.bench.exchange import measure

COURSE = Course(
    seconds=60, fan_out=2, documents=20, at_rest=0.2, warm_up=0.5, one_by_one=2, rehearsed=2, in_flight=4, inboxes=3
)  # ends when the documents do


async def test_a_short_run_loses_and_doubles_nothing(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path / "corpus", agencies=2)  # each key takes a while to make
    figures = await measure(COURSE, corpus, Output(as_json=True, language="en"))
    value = figures.to_json()
    assert (value["lost"], value["duplicates"], value["failures"]) == (0, 0, [])
    assert value["verdicts"] == {"TOTAL-PASSED deliver": 20}
    assert figures.sound
    assert len(figures.heard["accepted"]) == 4 + 16 * 2
    assert len(figures.heard["idle_ms"]) == 2
    parts = {"gateway", "verifier", "router", "registrar", "projector", "kafka", "postgres", "load_generator"}
    assert parts <= value["cpu_ms_per_document"].keys() & value["rss_mb"].keys()
    assert all(value["rss_mb"][part] > 0 for part in parts)
    assert corpus.prepare(20, cores=1) == 0  # what was signed is found again
