"""Pages by cursor: where a list goes on, as a text that only this service reads."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import orjson
from fastapi import Query

from leadwise.domain.errors import Invalid
from leadwise.web.api.v2.shapes.words import Page, Paging, Told

Part = str | int | float
Place = tuple[Part, ...]
Shape = TypeVar("Shape", bound=Told)
MOST = 1000
LONGEST_CURSOR = 3000
_LARGEST = 2**63 - 1

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
After = Annotated[
    str | None,
    Query(max_length=LONGEST_CURSOR, description="`paging.next.after` of the page before; left out: the first page."),
]


class CursorUnusableError(Invalid):
    """`after` was not given by this list."""

    code = "cursor_of_another_list"

    def __init__(self) -> None:
        sentence = "after: `paging.next.after` of the page before is expected; begin again without it."
        self.errors = ((sentence, "#/query/after"),)
        super().__init__(f"The list cannot go on from there. {sentence}")


@dataclass(frozen=True)
class Listed(Generic[Shape]):
    """One of a list, and its place there."""

    place: Place
    item: Shape


def read_place(after: str | None, *kinds: type[Part]) -> Place | None:
    """The place that a cursor names; None for the beginning.

    Raises:
        CursorUnusableError: if it does not consist of parts of these kinds.

    >>> read_place(write_place((7, "a")), int, str)
    (7, 'a')
    >>> read_place("x", int)
    Traceback (most recent call last):
    leadwise.web.api.v2.paging.CursorUnusableError: The list cannot go on from there. ...
    """
    if after is None:
        return None
    try:
        parts = orjson.loads(base64.b64decode(after.encode() + b"=" * (-len(after) % 4), b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise CursorUnusableError from None
    if not isinstance(parts, list) or len(parts) != len(kinds) or not all(map(_is, parts, kinds)):
        raise CursorUnusableError
    return tuple(parts)


def write_place(place: Place) -> str:
    """The cursor that names a place."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()


def page(limit: int, find: Callable[[int], Sequence[Listed[Shape]]]) -> bytes:
    """A page as JSON, as `shapes.words.Page` has it.

    Args:
        limit: How many at most.
        find: Gives that many; is asked for one more, to know whether there is a next page.
    """
    found = find(limit + 1)
    shown = found[:limit]
    following = f'{{"after":"{write_place(shown[-1].place)}"}}' if len(found) > limit else "null"
    results = ",".join(each.item.model_dump_json() for each in shown)
    return f'{{"results":[{results}],"paging":{{"next":{following}}}}}'.encode()


def whole(shape: type[Shape], items: Sequence[Shape]) -> Page[Shape]:
    """The page of a list that is never long."""
    return Page[shape](results=list(items), paging=Paging(next=None))  # type: ignore[valid-type]


def _is(part: object, kind: type[Part]) -> bool:
    if isinstance(part, bool) or not isinstance(part, kind):
        return False
    return "\0" not in part if isinstance(part, str) else abs(part) <= _LARGEST
