"""Bodies of requests and answers as JSON, in the shapes that are documented."""

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, ValidationError

from leadwise.domain.errors import Invalid
from leadwise.web.api.errors import NotJsonError

Document = TypeVar("Document", bound=BaseModel)


class FieldsUnusableError(Invalid):
    """Parts of the body are not what is expected.

    Args:
        errors: A sentence and a JSON pointer for each.
    """

    code = "fields_unusable"

    def __init__(self, errors: tuple[tuple[str, str], ...]) -> None:
        self.errors = errors
        super().__init__("The body holds values that cannot be used. " + " ".join(detail for detail, _ in errors[:5]))


async def read_json(request: Request) -> Mapping[str, Any]:
    """The body, which must be a JSON object. NaN and infinities are no JSON, and nothing needs a thousand levels.

    Raises:
        NotJsonError: if it is anything else.
        BodyTooLargeError, BodyTooSlowError: if it does not come as it should.
    """
    return parse_object(await request.body())


def parse_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object that these bytes are.

    Raises:
        NotJsonError: if they are none.

    >>> parse_object(b'{"a": 1}')
    {'a': 1}
    >>> parse_object(b'{"a": NaN}')
    Traceback (most recent call last):
    leadwise.web.api.errors.NotJsonError: A JSON object is expected as the body, but ...
    """
    if not body:
        reason = "it is empty"
        raise NotJsonError(reason)
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = f"it cannot be read ({error})"
        raise NotJsonError(reason) from None
    if not isinstance(found, dict):
        reason = f"it is {_kind(found)}"
        raise NotJsonError(reason)
    return found


def validated(shape: type[Document], body: Mapping[str, Any]) -> Document:
    """The body as a document of this shape.

    Raises:
        FieldsUnusableError: naming each part that does not fit.
    """
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        raise FieldsUnusableError(tuple(_mistake(found) for found in error.errors(include_url=False))) from None


def answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of JSON; NaN is written as null."""
    return Response(orjson.dumps(document), status, headers, "application/json")


def _mistake(found: Mapping[str, Any]) -> tuple[str, str]:
    pointer = "#/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in found["loc"])
    name = ".".join(map(str, found["loc"])) or "the body"
    came = "" if found["type"] == "missing" else f" (came: {str(found.get('input'))[:60]!r})"
    return f"{name}: {str(found['msg']).removeprefix('Value error, ')}{came}.", pointer


def _kind(found: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(found), "a number")
