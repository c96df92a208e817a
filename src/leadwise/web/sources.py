"""What pages need from the rest of the house, as protocols: the application wires in who provides it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from leadwise.domain.card import ModelCard
from leadwise.domain.score import Reason


@dataclass(frozen=True)
class LeadQuery:
    """Which leads are asked for. Always the likeliest first."""

    page: Annotated[int, "From 1."] = 1
    limit: Annotated[int, "Leads on a page."] = 50
    grade: Annotated[str | None, "Only this grade; None for all."] = None
    search: Annotated[str, "Part of a name, in any case; empty for all."] = ""
    segments: Annotated[tuple[str, ...], "Only these segments, each as NAME=VALUE; none for all."] = ()

    @property
    def offset(self) -> int:
        """How many leads stand before this page."""
        return (self.page - 1) * self.limit

    @property
    def narrowed(self) -> bool:
        """Whether it asks for less than all leads."""
        return bool(self.grade or self.search or self.segments)

    def chosen(self, name: str) -> tuple[str, ...]:
        """The values of a segment that are asked for.

        >>> LeadQuery(segments=("make=Audi", "make=BMW", "city=Bonn")).chosen("make")
        ('Audi', 'BMW')
        """
        named = (said.partition("=") for said in self.segments)
        return tuple(value for known, _, value in named if known == name)


@dataclass(frozen=True)
class LeadRow:
    """One open lead with its newest score."""

    lead_key: Annotated[str, "Its source and identifier there, as one text that stays the same."]
    name: Annotated[str, "Who may buy."]
    subject: Annotated[str, "What it is about: the vehicle, the course; empty where unknown."]
    probability: Annotated[float, "0 to 1."]
    grade: Annotated[str, "A to D."]
    reasons: Annotated[tuple[Reason, ...], "The strongest first."]
    action: Annotated[str, "What to do next."]
    arrived_at: Annotated[datetime, "When the lead came in."]
    source: Annotated[str, "The system that it came from."]


@dataclass(frozen=True)
class GradeCount:
    """How many open leads have a grade, and what became of such leads."""

    grade: Annotated[str, "A to D."]
    leads: Annotated[int, "Open leads with this grade, whatever grade was asked for."]
    observed: Annotated[float | None, "Share of such leads that converted in the model's test; None if unknown."] = None


@dataclass(frozen=True)
class SegmentChoice:
    """A field that leads are compared by, and its values to choose from."""

    name: Annotated[str, "The name of the segment."]
    title: Annotated[str, "What it is called: Make."]
    values: Annotated[tuple[str, ...], "What leads have, in the order of the alphabet; of very many the most frequent."]
    rarer: Annotated[int, "How many more values there are."] = 0


@dataclass(frozen=True)
class LeadList:
    """One page of the ranked leads, and what a reader must know of them."""

    rows: Annotated[tuple[LeadRow, ...], "At most `limit` leads, the highest probability first."]
    total: Annotated[int, "How many leads answer the query on all pages."]
    organisation: Annotated[str, "Whose leads they are."]
    target_title: Annotated[str, "What is predicted, as a heading: Car sold."]
    subject_title: Annotated[str, "What the subject is: Vehicle."]
    model_version: Annotated[str, "The model that scored them; empty before the first scoring."]
    scored_at: Annotated[datetime | None, "When the newest score was computed; None before the first."]
    base_rate: Annotated[float | None, "Share of all leads that convert; None if unknown."] = None
    simulated: Annotated[bool, "Whether these leads are invented."] = False
    verb: Annotated[str, "What a lead does that converts: about 6 of 10 leads like this buy."] = "buy"
    grades: Annotated[tuple[GradeCount, ...], "Open leads by grade, A first; empty if not counted."] = ()
    segments: Annotated[tuple[SegmentChoice, ...], "Segments to choose from; none where leads are not compared."] = ()


class LeadSource(Protocol):
    """Provides the ranked leads."""

    def list_leads(self, query: LeadQuery) -> LeadList:
        """One page of the ranked leads; a page past the end has no rows.

        Raises:
            Invalid: if there is no such segment.
            Unavailable: if the store is away.
        """


class CardSource(Protocol):
    """Provides the card of the model that scored the leads."""

    def get_card(self) -> ModelCard:
        """The card.

        Raises:
            Missing: if no model is active.
        """


@dataclass(frozen=True)
class Sources:
    """Everything that the pages read."""

    leads: LeadSource
    cards: CardSource | None = None
    """None where no report is offered: then leads link to none, and /report says that there is none."""
