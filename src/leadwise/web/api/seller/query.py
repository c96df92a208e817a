"""What may be asked of the seller service: filters, which all of its addresses understand alike, and paging."""

import base64
import binascii
import math
from datetime import UTC, date, datetime
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from leadwise.actions.radar import RadarCursor, RadarFilter
from leadwise.domain.errors import Invalid

LARGEST_NUMBER = 2**63 - 1
MOST_VALUES = 100
NO_NUL = r"^[^\x00]*$"


class CursorUnusableError(Invalid):
    """The value of `after` is none that a page ended with."""

    code = "cursor_unusable"

    def __init__(self) -> None:
        self.errors = (("after: the value of paging.next.after of the page before is expected.", "#/query/after"),)
        super().__init__(
            "`after` should be what paging.next.after of the page before says, unchanged; leave it out for the first "
            "page."
        )


class ProbabilitiesCrossedError(Invalid):
    """No probability is as high and as low as is asked for."""

    code = "probabilities_crossed"

    def __init__(self, low: float, high: float) -> None:
        detail = f"minProbability ({low:g}) should be at most maxProbability ({high:g}); exchange them."
        self.errors = ((detail, "#/query/minProbability"),)
        super().__init__(detail)


def _instant(said: object) -> object:
    """A day (its beginning in UTC) or an instant with its zone."""
    try:
        if isinstance(said, str) and len(said) == len("2026-01-31"):
            day = date.fromisoformat(said)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        found = datetime.fromisoformat(str(said))
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = "should be a day (2026-01-31) or an instant with its zone (2026-01-31T08:00:00Z)"
    raise ValueError(message)


_INSTANT = {"anyOf": [{"type": "string", "format": name} for name in ("date", "date-time")] + [{"const": ""}]}
Word = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
Words = Annotated[list[Word], Field(max_length=MOST_VALUES)]


class SellerFilters(BaseModel):
    """Which properties are wanted. What is left out, or left empty, narrows nothing; all that is given must hold."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    grade: Annotated[list[Literal["A", "B", "C", "D"]], Field(max_length=MOST_VALUES)] = Field(
        default=[], description="Any of these grades.", examples=[["A", "B"]]
    )
    min_probability: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        default=0.0, description="At least so likely to be sold."
    )
    max_probability: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        default=1.0, description="At most so likely to be sold."
    )
    neighbourhood: Words = Field(default=[], description="Any of these.", examples=[["Harbor"]])
    property_type: Words = Field(default=[], alias="property_type", description="Any of these.", examples=[["flat"]])
    search: Word = Field(default="", description="Part of address, owner, neighbourhood, kind or id, in any case.")
    seen_since: Annotated[datetime | None, BeforeValidator(_instant), WithJsonSchema(_INSTANT)] = Field(
        default=None, description="On our books since then or later: a day, or an instant with its zone."
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_means_all(cls, given: dict[str, object]) -> dict[str, object]:
        """A form sends every field, the empty ones too."""
        return {name: value for name, value in given.items() if value not in ("", [""])}

    def to_filter(self) -> RadarFilter:
        """The same in the words of the radar.

        Raises:
            ProbabilitiesCrossedError: if no probability is in between.
        """
        if self.min_probability > self.max_probability:
            raise ProbabilitiesCrossedError(self.min_probability, self.max_probability)
        segments = {"neighbourhood": self.neighbourhood, "property_type": self.property_type}
        return RadarFilter(
            grades=tuple(self.grade),
            minimum_probability=self.min_probability,
            maximum_probability=self.max_probability,
            segments={name: tuple(filter(None, values)) for name, values in segments.items() if any(values)},
            search=self.search.strip(),
            seen_since=self.seen_since,
        )


class SellerQuery(SellerFilters):
    """A page of them."""

    limit: Annotated[int, Field(ge=1, le=1000)] = Field(default=50, description="Properties on a page.")
    after: Annotated[str, Field(max_length=200)] = Field(
        default="", description="`paging.next.after` of the page before."
    )


class ExportQuery(SellerFilters):
    """All of them, as a file."""

    format: Literal["csv", "pdf"] = Field(default="csv", description="What kind of file.")
    bom: bool = Field(default=False, description="CSV: whether it begins with a byte-order mark, for older Excel.")


def write_cursor(cursor: RadarCursor) -> str:
    """The cursor as text that callers hand back.

    >>> read_cursor(write_cursor(RadarCursor(0.25, 7, 99)))
    RadarCursor(probability=0.25, lead_id=7, newest_score=99)
    """
    return base64.urlsafe_b64encode(orjson.dumps(list(cursor))).decode().rstrip("=")


def read_cursor(text: str) -> RadarCursor | None:
    """The cursor that a caller handed back; None for an empty text.

    Raises:
        CursorUnusableError: if it is none.

    >>> read_cursor("tomorrow")
    Traceback (most recent call last):
    leadwise.web.api.seller.query.CursorUnusableError: `after` should be what paging.next.after of the page ...
    """
    if not text:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        probability, lead_id, newest_score = (float(parts[0]), *map(int, parts[1:]))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, binascii.Error):
        raise CursorUnusableError from None
    cursor = RadarCursor(probability, lead_id, newest_score)
    if not all(0 <= number <= LARGEST_NUMBER for number in cursor) or not math.isfinite(probability):
        raise CursorUnusableError
    return cursor
