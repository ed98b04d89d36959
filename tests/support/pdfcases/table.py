"""All cases in one table, in the order of the reference page."""

from typing import Final

from pdfcases.attacks import (
    actives,
    algorithms,
    byte_ranges,
    certificates,
    certified,
    contacts,
    contents,
    rare_forms,
    rebuilt,
    replacements,
    resources,
    revocations,
    shadows,
    times,
    updates,
    verdicts,
)
from pdfcases.case import Case, cases_of
from pdfcases.honest import habits, java_signers, later, layouts, producers, signatures

ATTACKS: Final[tuple[Case, ...]] = tuple(
    case
    for module in (
        byte_ranges,
        contents,
        updates,
        rebuilt,
        replacements,
        shadows,
        certified,
        algorithms,
        rare_forms,
        certificates,
        revocations,
        times,
        resources,
        contacts,
        actives,
        verdicts,
    )
    for case in cases_of(module)
)
HONEST: Final[tuple[Case, ...]] = tuple(
    case for module in (layouts, producers, java_signers, signatures, later, habits) for case in cases_of(module)
)
CASES: Final = (*ATTACKS, *HONEST)
ONLY_KEY_DIGEST_OR_PAGES: Final = frozenset(
    {"p-384", "p-521", "rsa-2048", "rsa-3072", "rsa-4096", "sha-384", "sha-512", "twenty-pages", "two-thousand-pages"}
)
"""Honest cases that differ from another one in nothing but key, digest or number of pages."""
