"""Words that many shapes share: names, instants, leads, pages."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

_FORM = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)


def read_instant(given: object) -> datetime:
    """The instant that a text names, in UTC.

    Raises:
        ValueError: if it names none, or leaves its zone open.

    >>> read_instant("2026-01-31T12:00:00+02:00").isoformat()
    '2026-01-31T10:00:00+00:00'
    >>> read_instant("2026-01-31T12:00:00")
    Traceback (most recent call last):
    ValueError: A timestamp must say its zone; write 2026-01-31T12:00:00Z if it is in UTC
    """
    if isinstance(given, datetime) and given.tzinfo is not None:
        return given.astimezone(UTC)
    found = _FORM.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        message = "A timestamp such as 2026-01-31T12:00:00Z is expected"
        raise ValueError(message)
    if not found[3]:
        message = f"A timestamp must say its zone; write {found[0]}Z if it is in UTC"
        raise ValueError(message)
    try:
        return datetime.fromisoformat(found[0].upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        message = "A timestamp of a day and a time that there are is expected, of the years 1 to 9999 in UTC"
        raise ValueError(message) from None


def _is_whole(given: object) -> bool:
    return isinstance(given, float) and given.is_integer()


Instant = Annotated[datetime, BeforeValidator(read_instant)]
"""With its zone; answers are in UTC."""
Name = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
AS_WHOLE = BeforeValidator(lambda given: int(given) if _is_whole(given) else given)
"""Lets a whole number be written as JSON may write it: 5.0."""
Fields = dict[str, JsonValue]
"""Whatever is known: names to JSON values."""

Item = TypeVar("Item")


def example(**values: Any) -> dict[str, Any]:
    """The example of a shape, as part of its schema."""
    return {"examples": [values]}


class Given(BaseModel):
    """Something sent: what is not known by name is refused, and nothing is turned into something else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Told(BaseModel):
    """Something answered. Clients ignore what they do not know, so that answers may grow."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class LeadName(Given):
    """What a lead is known by: the system that it came from, and its identifier there."""

    model_config = ConfigDict(json_schema_extra=example(source="marketplace", external_id="L-1001"))

    source: Name
    external_id: Name


class NextPage(Told):
    """Where the next page begins."""

    after: str = Field(description="What `after` is for the next page.")


class Paging(Told):
    """How to go on."""

    next: NextPage | None = Field(description="Null on the last page.")


class Page(Told, Generic[Item]):
    """Some of many; `paging.next.after` of one page, given as `after`, gives the next."""

    results: list[Item]
    paging: Paging


class ProblemPart(Told):
    """What is wrong with one part of the request."""

    detail: str
    pointer: str = Field(description="Where it stands, as a JSON pointer.")


class ProblemAnswer(Told):
    """Why a request was refused (RFC 9457): what was expected, what came, and the next step."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="about:blank",
            title="Not found",
            status=404,
            detail='There is no lead "L-1001" from "marketplace".',
            code="lead_not_found",
        )
    )

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="The cause, as a word that does not change.")
    errors: list[ProblemPart] = Field(default=[], description="For requests that cannot be used: each wrong part.")
