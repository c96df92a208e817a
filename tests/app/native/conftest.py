"""The feature store of these tests is theirs alone."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEADWISE_DATA_FOLDER", str(tmp_path))
    return tmp_path
