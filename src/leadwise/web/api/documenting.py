"""What routes that read their own bodies take, for the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


def takes(shape: type[BaseModel]) -> dict[str, Any]:
    """The body that a route takes, as part of its OpenAPI operation; shapes within it stand where they are used."""
    schema = shape.model_json_schema()
    written = _written_out(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": written}}}}


def _written_out(part: Any, shapes: Mapping[str, Any]) -> Any:
    """The part with shapes in place of references, which would lead nowhere from within another document.

    >>> _written_out({"a": {"$ref": "#/$defs/A", "title": "Mine"}}, {"A": {"type": "string", "title": "A"}})
    {'a': {'type': 'string', 'title': 'Mine'}}
    """
    if isinstance(part, list):
        return [_written_out(each, shapes) for each in part]
    if not isinstance(part, dict):
        return part
    found = {name: _written_out(value, shapes) for name, value in part.items() if name != "$ref"}
    if "$ref" in part:
        return _written_out(shapes[part["$ref"].removeprefix("#/$defs/")], shapes) | found
    return found
