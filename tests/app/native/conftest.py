"""The feature store of these tests is theirs alone; a service is shared by those that ask for no model."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.app.serving import running

from leadwise.store.database import Database


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEADWISE_DATA_FOLDER", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def service(migrated: Database) -> Iterator[httpx.Client]:
    with running(migrated) as client:
        yield client
