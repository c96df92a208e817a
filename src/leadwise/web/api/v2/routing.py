"""What the native routes have in common: their role, their body, their answers."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from leadwise.domain.access import Caller, Role
from leadwise.domain.errors import Invalid
from leadwise.web.api.body import parse_object, validated
from leadwise.web.api.errors import TooManyRowsError
from leadwise.web.api.guard import caller_of
from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.idempotency import idempotent
from leadwise.web.api.v2.shapes.records import SOME_REJECTED, BatchAnswer
from leadwise.web.api.v2.shapes.words import Instant, Name

PREFIX = "/api/v2"
REPEATABLE = frozenset({"segment"})
"""Parameters of the query that may come more than once."""
LARGE = 50_000
"""Bodies of more bytes are read in a thread, so that others need not wait."""
Responses = dict[int | str, dict[str, Any]]
"""By status, what OpenAPI says of an answer."""
Document = TypeVar("Document", bound=BaseModel)

PARTLY: Responses = {
    207: {
        "model": BatchAnswer,
        "description": "Some records were rejected.",
        "content": {"application/json": {"example": SOME_REJECTED}},
    }
}


class ParameterRepeatedError(Invalid):
    """A parameter of the query came more than once."""

    code = "parameter_repeated"

    def __init__(self, names: list[str]) -> None:
        self.errors = tuple((f"{name}: one value is expected, but several came.", f"#/query/{name}") for name in names)
        super().__init__("Each parameter is taken once. " + " ".join(detail for detail, _ in self.errors))


async def check_query(request: Request) -> None:
    """See that no parameter came more than once that is taken once.

    Raises:
        ParameterRepeatedError: if one did.
    """
    given = request.query_params
    repeated = [name for name in given if name not in REPEATABLE and len(given.getlist(name)) > 1]
    if repeated:
        raise ParameterRepeatedError(repeated)


def native_router(native: Native, tag: str) -> APIRouter:
    """A router of `/api/v2` whose POSTs heed `Idempotency-Key`."""
    return APIRouter(
        prefix=PREFIX, tags=[tag], route_class=idempotent(native.answers), dependencies=[Depends(check_query)]
    )


def needs(role: Role) -> Any:
    """A dependency that gives the caller, who must have a role."""

    async def caller(request: Request) -> Caller:
        return caller_of(request, role)

    return Depends(caller)


Reader = Annotated[Caller, needs(Role.READ)]
Scorer = Annotated[Caller, needs(Role.SCORE)]
Trainer = Annotated[Caller, needs(Role.TRAIN)]
Admin = Annotated[Caller, needs(Role.ADMIN)]

Source = Annotated[Name, Query(description="The lead's source.")]
ExternalId = Annotated[Name, Query(description="The lead's identifier there.")]
OfSource = Annotated[Name | None, Query(description="Only of leads of this source.")]
OfExternalId = Annotated[Name | None, Query(description="Only of leads of this identifier.")]
TargetName = Annotated[Name, Query(description="What is predicted.")]
AsOf = Annotated[Instant | None, Query(description="An instant, with its zone; left out: now.")]


def sent(shape: type[Document]) -> Any:
    """A dependency that gives the body as a document of this shape."""

    async def read(request: Request) -> Document:
        body = await request.body()
        if len(body) > LARGE:
            return await asyncio.to_thread(_read, shape, body)
        return _read(shape, body)

    return Depends(read)


def _read(shape: type[Document], body: bytes) -> Document:
    return validated(shape, parse_object(body))


def check_rows(native: Native, rows: int) -> None:
    """See that no more rows came than are taken.

    Raises:
        TooManyRowsError: if more came.
    """
    if rows > native.limits.rows:
        raise TooManyRowsError(rows, native.limits.rows)


def told(shape: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of one document."""
    return json_answer(shape.model_dump_json().encode(), status, headers)


def json_answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that is JSON already."""
    return Response(body, status, headers, "application/json")
