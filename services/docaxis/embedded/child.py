"""Runs one service as a child that ends when its parent does, even when the parent was killed.

Usage: ``python -m docaxis.embedded.child PARENT_PID SERVICE``
"""

import sys

from docaxis.embedded.ending import end_with
from docaxis.process import run_service


def main() -> int:
    """Run the service."""
    end_with(int(sys.argv[1]))
    return run_service(sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
