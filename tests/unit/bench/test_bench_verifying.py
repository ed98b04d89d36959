"""How `docaxis bench verify` takes turns and what it prints."""

from collections.abc import Sequence
from pathlib import Path

from docaxis.embedded.bench.judges import Turn
from docaxis.embedded.bench.specimens import Specimen
from docaxis.embedded.bench.verifying import ROUNDS, LevelFigures, compare

SPECIMENS = [Specimen(Path(f"{number}.pdf"), ("root",)) for number in range(40)]


class Fixed:
    """Costs the same for every document, and remembers in which order turns were taken."""

    def __init__(self, name: str, cpu_ms: float, said: list[str]) -> None:
        self.name, self.cpu_ms, self.said = name, cpu_ms, said
        self.seen: set[Path] = set()

    def judge(self, specimens: Sequence[Specimen]) -> Turn:
        self.said.append(self.name)
        self.seen |= {specimen.path for specimen in specimens}
        return Turn(self.cpu_ms * 2, self.cpu_ms)


def judges(said: list[str]) -> dict[str, Fixed]:
    return {name: Fixed(name, cost, said) for name, cost in (("ours", 2.0), ("stock", 20.0), ("pdfsig", 6.0))}


def test_judges_take_turns_so_that_a_loaded_machine_disturbs_all_alike() -> None:
    said: list[str] = []
    compare({**judges(said)}, SPECIMENS, 1.0)
    assert said == ["ours", "stock", "pdfsig"] * (ROUNDS + 1)


def test_our_side_meets_every_document_before_it_is_measured() -> None:
    said: list[str] = []
    taking = judges(said)
    compare({**taking}, SPECIMENS, 0.0)
    assert len(taking["ours"].seen) == len(SPECIMENS)


def test_a_level_has_exactly_the_figures_of_its_contract() -> None:
    figures = compare({**judges([])}, SPECIMENS, 1.0)
    assert figures.to_json() == {
        "documents_per_second": 250.0,
        "ratio_to_stock": 10.0,
        "ratio_to_pdfsig": 3.0,
        "cpu_ms": 2.0,
    }


def test_without_pdfsig_its_ratio_is_null() -> None:
    figures = LevelFigures(Turn(1.0, 1.0), Turn(9.0, 9.0), None)
    assert figures.to_json()["ratio_to_pdfsig"] is None
    assert figures.detail("b_b")["pdfsig"] is None
