"""What routes that read their own bodies take, for the OpenAPI document."""

from typing import Any

from pydantic import BaseModel


def takes(shape: type[BaseModel]) -> dict[str, Any]:
    """The body that a route takes, as part of its OpenAPI operation."""
    schema = shape.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
