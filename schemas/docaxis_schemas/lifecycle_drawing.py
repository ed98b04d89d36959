"""Draws the life cycles for the docs from the tables themselves, so that page and program cannot differ."""

from collections.abc import Iterator

from docaxis_schemas.lifecycle import (
    ANSWERS,
    ASKING,
    REPORT_NAMES,
    REPORTS,
    TERMINAL,
    TRANSPORT,
    Asking,
    ChangeState,
    Report,
    Step,
    TransportState,
)

_HEAD = """# The life cycles of a delivery

Generated from `docaxis_schemas.lifecycle` by `tools/draw_lifecycles.py`; do not edit.

How a delivery travels (transport) and what its recipient says about it (reports) are never mixed: no report 01-06
changes the transport state, and no transport event counts as a report. What its sender asks about it later (recall,
update, replacement) has a life of its own.
"""


def draw_lifecycles() -> str:
    """Give the page ``docs/reference/lifecycles.md``."""
    return "\n".join([_HEAD, *_transport(), "", *_reports(), "", *_changes()]) + "\n"


def _transport() -> Iterator[str]:
    yield "## Transport\n"
    yield "```mermaid"
    yield "stateDiagram-v2"
    for (before, event), after in TRANSPORT.items():
        yield f"    {before.value if before else '[*]'} --> {after.value}: {event.value}"
    for state in sorted(TERMINAL):
        yield f"    {state.value} --> [*]"
    yield "```\n"
    yield "What is not drawn does not happen. A second hand-over is a repeat and changes nothing."


def _reports() -> Iterator[str]:
    codes = [report for report in Report if (None, report) in REPORTS]
    yield "## Reports\n"
    yield "```mermaid"
    yield "stateDiagram-v2"
    for (before, code), (step, after) in REPORTS.items():
        if step is Step.FORWARD:
            yield f"    {_name(before)} --> {_name(after)}: {code.value}"
    yield "```\n"
    yield "Forward steps only are drawn. The whole table, state before and report to step:\n"
    yield "| before | " + " | ".join(_title(code) for code in codes) + " |"
    yield "| --- |" + " --- |" * len(codes)
    for state in (None, *codes):
        cells = (REPORTS[(state, code)][0].value for code in codes)
        yield f"| {'(none)' if state is None else _title(state)} | " + " | ".join(cells) + " |"
    yield "\nRepeated and backward reports are kept and told, and leave the state as it is."


def _changes() -> Iterator[str]:
    yield "## Changes: recall, update, replacement\n"
    yield "```mermaid"
    yield "stateDiagram-v2"
    for before in (None, *ChangeState):
        if ASKING[(TransportState.CONSIGNED, before)] is Asking.ASKED:
            yield f"    {before.value if before else '[*]'} --> {ChangeState.ASKED.value}: 13"
    for (before, code), (step, after) in ANSWERS.items():
        if step is Step.FORWARD:
            yield f"    {before.value} --> {after.value}: {code.value}"
    yield f"    {ChangeState.AGREED.value} --> [*]"
    yield "```\n"
    yield "What asking does, by where the delivery is and what was asked before:\n"
    yield "| delivery | nothing asked | " + " | ".join(state.value for state in ChangeState) + " |"
    yield "| --- |" + " --- |" * (1 + len(ChangeState))
    for state in (None, *TransportState):
        cells = (ASKING.get((state, change)) for change in (None, *ChangeState))
        row = " | ".join("" if cell is None else cell.value.replace("_", " ") for cell in cells)
        yield f"| {'(not made yet)' if state is None else state.value} | {row} |"
    yield "\nA delivery that was returned (02) has ended too. The first answer counts; what is answered later changes"
    yield "nothing. An agreement about a delivery that was never handed over ends it as recalled; what was handed over"
    yield "stays so, and the agreement is the recipient's word that it no longer uses the document."


def _name(state: Report | None) -> str:
    return "[*]" if state is None else REPORT_NAMES[state][1].replace(" ", "_")


def _title(report: Report) -> str:
    vietnamese, english = REPORT_NAMES[report]
    return f"{report.value} {vietnamese} ({english})"
