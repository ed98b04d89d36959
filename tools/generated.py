"""What every generator of a page does last."""

import sys
from collections.abc import Mapping
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
REFERENCE = HOME / "docs" / "reference"


def settle(pages: Mapping[Path, str]) -> int:
    """Write the pages, or with `--check` on the command line write nothing; gives 1 if one differs then."""
    stale = [page for page, text in pages.items() if not page.is_file() or page.read_text("utf-8") != text]
    check = "--check" in sys.argv[1:]
    for page in stale:
        if check:
            print(f"{page.relative_to(HOME)} differs from what it is made of; run `make docs`", file=sys.stderr)
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(pages[page], "utf-8")
    return 1 if check and stale else 0
