"""Writes docs/reference/lifecycles.md from the tables; `--check` writes nothing and fails if the page differs."""

import sys

from generated import REFERENCE, settle

from docaxis_schemas.lifecycle_drawing import draw_lifecycles

if __name__ == "__main__":
    sys.exit(settle({REFERENCE / "lifecycles.md": draw_lifecycles()}))
