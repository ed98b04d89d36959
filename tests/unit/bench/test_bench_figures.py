"""Figures of a load run: what counts as lost, how costs are shared out, when a run is sound."""

from dataclasses import replace
from pathlib import Path

import pytest

from docaxis.cli.options import ExchangeOptions
from docaxis.embedded.bench.course import Course, course_of
from docaxis.embedded.bench.figures import AXIS, Exchange, Reading, lines_of, percentile
from docaxis.embedded.bench.inspection import Inspection
from docaxis.embedded.bench.orders import Orders
from docaxis.embedded.bench.usage import Memory
from docaxis.embedded.problems import EmbeddedProblem

PASSED = {"TOTAL-PASSED deliver": 100}
PARTS = (*AXIS, "load_generator", "bench")


def reading(at: float, seconds: float) -> Reading:
    return Reading(at, dict.fromkeys(PARTS, seconds), dict.fromkeys(PARTS, Memory(100.4, 60.0)))


def exchange(inspection: Inspection | None = None, *, fan_out: int = 1, seen_twice: int = 0) -> Exchange:
    return Exchange(
        Course(seconds=10, fan_out=fan_out, documents=200),
        {"cores": 2},
        {
            "seconds": 10.0,
            "documents": 100,
            "idle_ms": [100.0, 200.0, 300.0],
            "loaded_ms": [1000.0],
            "failures": [],
            "seen_twice": seen_twice,
        },
        {
            "resting": reading(0, 1.0),
            "idle": reading(5, 1.05),
            "measuring": reading(20, 2.0),
            "measured": reading(30, 3.0),
        },
        inspection or Inspection((), 0, PASSED),
    )


def test_costs_are_cpu_milliseconds_per_document_measured() -> None:
    value = exchange().to_json()
    assert value["documents_per_second"] == 10.0
    assert value["cpu_ms_per_document"] == dict.fromkeys(PARTS, 10.0)
    assert value["cpu_ms_per_document_verifying"] == 10.0
    assert value["cpu_ms_per_document_rest"] == 70.0  # the axis without the workers, the load generator and the bench
    assert value["cores_busy"] == 1.0
    assert value["idle_cpu_ms_per_second"] == dict.fromkeys(AXIS, 10.0)


def test_the_promised_members_are_there_and_memory_sums_the_axis_alone() -> None:
    value = exchange().to_json()
    promised = {"documents_per_second", "p50_ms", "p99_ms", "lost", "duplicates", "cpu_ms_per_document", "rss_mb"}
    assert promised <= value.keys()
    assert (value["p50_ms"], value["p99_ms"]) == (200.0, 298.0)
    assert value["rss_mb"]["kafka"] == 100
    assert value["idle_axis_mb"] == {"resident": 803, "proportional": 480}


def test_the_rest_is_shared_among_deliveries() -> None:
    value = exchange(fan_out=35).to_json()
    assert value["cpu_ms_per_delivery_rest"] == 2.0
    assert value["deliveries_per_second"] == 350.0


@pytest.mark.parametrize(
    ("inspection", "seen_twice", "lost", "duplicates"),
    [
        (Inspection((), 0, PASSED), 0, 0, 0),
        (Inspection(("a H97.61",), 0, PASSED), 0, 1, 0),
        (Inspection((), 2, PASSED), 1, 0, 3),
    ],
)
def test_a_run_is_sound_if_nothing_is_lost_or_doubled(
    inspection: Inspection, seen_twice: int, lost: int, duplicates: int
) -> None:
    found = exchange(inspection, seen_twice=seen_twice)
    assert (found.lost, found.duplicates) == (lost, duplicates)
    assert found.sound is (lost == duplicates == 0)


def test_a_run_whose_documents_did_not_pass_is_not_sound() -> None:
    assert not exchange(Inspection((), 0, {"INDETERMINATE deliver_with_warning": 1})).sound
    failed = exchange()
    assert not replace(failed, heard={**failed.heard, "failures": ["refused"]}).sound


def test_people_are_told_the_same() -> None:
    assert lines_of(exchange())[0] == "10.0 documents/s over 10.0 s at fan-out 1"


@pytest.mark.parametrize(("values", "expected"), [([], None), ([7.0], 7.0), ([1.0, 3.0], 2.0)])
def test_the_median_of_few(values: list[float], expected: float | None) -> None:
    assert percentile(values, 50) == expected


def options(fan_out: int, documents: int | None = None) -> ExchangeOptions:
    return ExchangeOptions(json=True, language="en", seconds=60, fan_out=fan_out, documents=documents)


def test_so_many_documents_are_signed_that_they_last() -> None:
    assert course_of(options(1)).documents == 25 * 70 + 40
    assert course_of(options(38)).documents == 5 * 70 + 40
    assert course_of(options(1, documents=12)).documents == 12


def test_a_documents_way_may_end_in_the_inboxes() -> None:
    assert course_of(options(38)).hand_over
    assert not course_of(replace(options(38), inbox_only=True)).hand_over


@pytest.mark.parametrize("fan_out", [0, 39])
def test_a_fan_out_beyond_the_inboxes_is_refused(fan_out: int) -> None:
    with pytest.raises(EmbeddedProblem, match="1 to 38"):
        course_of(options(fan_out))


def test_orders_are_read_as_they_were_written_and_private(tmp_path: Path) -> None:
    orders = Orders(
        url="http://127.0.0.1:1",
        axis="a",
        environment="test",
        members={"m": {"jwk": {}, "credential": "c"}},
        documents=[],
        recipients=[],
        fan_out=1,
        rehearsed=0,
        one_by_one=0,
        warm_up=0.0,
        seconds=1.0,
        in_flight=1,
        patience=1.0,
        hand_over=True,
    )
    orders.write(tmp_path / "orders.json")
    assert Orders.read(tmp_path / "orders.json") == orders
    assert (tmp_path / "orders.json").stat().st_mode & 0o077 == 0
