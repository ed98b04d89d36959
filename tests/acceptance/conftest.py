"""What several acceptance tests look at: the story, told once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("story")
    command = [str(Path(sys.executable).with_name("docaxis")), "demo", "--json", "--keep", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr[-4000:]
    value: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return value | {"folder": str(folder)}
