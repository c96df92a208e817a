from collections.abc import Iterator
from typing import Any

from leadwise.web.api.documenting import takes
from leadwise.web.api.prediction_bodies import TrainBody


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (str(value) for name, value in part.items() if name == "$ref")
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_a_body_with_parts_is_written_out():
    document = takes(TrainBody)
    assert not list(references(document))
    schema = document["requestBody"]["content"]["application/json"]["schema"]
    config = schema["properties"]["training_config"]["properties"]
    assert "missing_value_strategy" in config["preprocessing"]["properties"]
    assert config["budget_seconds"]["maximum"] == 600
