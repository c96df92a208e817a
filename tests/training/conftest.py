"""The real data that are not part of the project: where they are, or a skip with that sentence."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

BESIDE_THE_PROJECT = Path(__file__).parents[2] / ".." / "shared" / "data"


@pytest.fixture
def real_file() -> Callable[[str], Path]:
    """Finds a file; the test is skipped where it is absent, and fails in CI, where it must be present."""

    def find(name: str) -> Path:
        path = Path(os.environ.get("LEADWISE_TEST_DATA", BESIDE_THE_PROJECT)) / name
        if path.is_file():
            return path
        sentence = (
            f"{name} is no part of the project, and was found neither in ../shared/data nor by LEADWISE_TEST_DATA."
        )
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)

    return find
