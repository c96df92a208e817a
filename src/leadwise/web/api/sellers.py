"""What the API needs for the seller service: properties that may be sold, ranked, and sent to the CRM."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from leadwise.actions.pushing import PushResult
from leadwise.actions.radar import RadarCursor, RadarEntry, RadarFilter, RadarPage, RadarSummary
from leadwise.domain.access import Caller
from leadwise.domain.target import Target


@dataclass(frozen=True)
class SellerExport:
    """All properties that were asked for: together, and one after the other, in pieces that are read when needed."""

    summary: RadarSummary
    pieces: Iterator[tuple[RadarEntry, ...]]


class Sellers(Protocol):
    """Knows the open properties of every organisation, and their newest scores. All of it asks the database."""

    target: Target
    """What is predicted of a property."""

    def get_page(self, organisation: str, wanted: RadarFilter, limit: int, after: RadarCursor | None) -> RadarPage:
        """One page of properties, the likeliest first, and the summary of all that was asked for.

        Raises:
            Unavailable: if the database is away.
        """

    def export(self, caller: Caller, wanted: RadarFilter, kind: str) -> SellerExport:
        """All properties that were asked for. That somebody took them away, as a file of this kind, is in the audit.

        Raises:
            Unavailable: if the database is away.
        """

    async def push(
        self, caller: Caller, identifiers: tuple[str, ...], campaign: str | None, request_key: str | None
    ) -> PushResult:
        """Send properties to the CRM; what names the request names its documents, however often it comes.

        Raises:
            Unavailable: if the database is away; then nothing was sent.
        """
