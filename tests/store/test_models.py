from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from leadwise.domain.card import Task
from leadwise.store.database import Database
from leadwise.store.errors import ModelNotFoundError, ModelVersionTakenError
from leadwise.store.models import ModelRepository


def add(models: ModelRepository, version: str, target: str = "car_sold", artefact: bytes = b"PK\x00\xff") -> None:
    models.add(version, target, Task.CONVERSION, {"columns": ["Größe"]}, artefact)


def test_a_model_comes_back_byte_for_byte(connection: Connection):
    models = ModelRepository(connection)
    artefact = bytes(range(256)) * 10_000
    add(models, "v1", artefact=artefact)
    found = models.get("v1")
    assert (found.target, found.task, found.card) == ("car_sold", Task.CONVERSION, {"columns": ["Größe"]})
    assert models.get_artefact("v1") == artefact
    assert models.list("car_sold") == [found]


def test_storing_the_same_model_again_changes_nothing(connection: Connection):
    models = ModelRepository(connection)
    add(models, "v1")
    add(models, "v1")
    assert len(models.list("car_sold")) == 1


@pytest.mark.parametrize("other", [{"artefact": b"other"}, {"target": "test_drive"}])
def test_a_version_is_never_given_to_another_model(connection: Connection, other):
    models = ModelRepository(connection)
    add(models, "v1")
    with pytest.raises(ModelVersionTakenError, match='"v1" is stored already'):
        add(models, "v1", **other)
    assert models.get_artefact("v1") == b"PK\x00\xff"


def test_a_version_that_is_not_there_is_missing(connection: Connection):
    models = ModelRepository(connection)
    for ask in (models.get, models.get_artefact, models.activate):
        with pytest.raises(ModelNotFoundError, match='no model version "v9"'):
            ask("v9")


def test_one_version_is_active_per_target(connection: Connection):
    models = ModelRepository(connection)
    for version, target in (("v1", "car_sold"), ("v2", "car_sold"), ("d1", "test_drive")):
        add(models, version, target)
    assert models.find_active("car_sold") is None
    models.activate("v1")
    models.activate("d1")
    models.activate("v2", activated_by="anna")
    assert models.find_active("car_sold") == models.get("v2")
    assert models.find_active("test_drive") == models.get("d1")
    history = models.list_activations("car_sold")
    assert [(entry.version, entry.activated_by) for entry in history] == [("v2", "anna"), ("v1", "system")]
    assert history[0].recorded_at >= history[1].recorded_at


def test_an_activation_is_seen_by_others_all_at_once_or_not_at_all(database: Database):
    with database.transaction() as connection:
        for version in ("v1", "v2"):
            add(ModelRepository(connection), version)
        ModelRepository(connection).activate("v1")
    with database.transaction() as activating, database.transaction() as reading:
        ModelRepository(activating).activate("v2")
        assert ModelRepository(reading).find_active("car_sold") == ModelRepository(reading).get("v1")
    with database.transaction() as connection:
        assert ModelRepository(connection).find_active("car_sold") == ModelRepository(connection).get("v2")


def test_activations_at_once_leave_one_active(database: Database):
    versions = ["v1", "v2", "v3", "v4"]
    with database.transaction() as connection:
        for version in versions:
            add(ModelRepository(connection), version)

    def activate(version: str) -> None:
        with database.transaction() as connection:
            ModelRepository(connection).activate(version)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(activate, versions))
    with database.transaction() as connection:
        active = ModelRepository(connection).find_active("car_sold")
        history = ModelRepository(connection).list_activations("car_sold")
    assert active is not None
    assert active.version == history[0].version
    assert sorted(entry.version for entry in history) == versions
