from pathlib import Path

import pytest
from tests.app.importer import Importer

from leadwise.store.database import Database


@pytest.fixture
def load(database: Database, tmp_path: Path) -> Importer:
    return Importer(database, tmp_path)
