"""The ranked leads: who to call first, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from pydantic import StringConstraints

from leadwise.web.sources import LeadList, LeadQuery, Sources
from leadwise.web.templating import render

PATH = "/leads"
MOST_LEADS = 200
MOST_LETTERS = 200
MOST_SEGMENTS = 20
SHOWN_REASONS = 3
Segment = Annotated[str, StringConstraints(max_length=MOST_LETTERS, pattern=r"^[^\x00]*$")]


@dataclass(frozen=True)
class LeadsAnswer:
    """What /leads.json answers; the page shows the same."""

    query: Annotated[LeadQuery, "What was asked for."]
    pages: Annotated[int, "How many pages there are; 1 when there are no leads."]
    leads: Annotated[LeadList, "The leads of this page."]


@dataclass(frozen=True)
class Tab:
    """A grade to choose."""

    title: Annotated[str, "A, or All."]
    leads: Annotated[int, "How many leads it holds."]
    observed: Annotated[float | None, "Share that converted in the model's test."]
    address: Annotated[str, "Where it leads."]
    current: Annotated[bool, "Whether it is the one on show."]


@dataclass(frozen=True)
class LeadsContext:
    """What leads.html reads."""

    leads: Annotated[LeadList, "The leads of this page and what a reader must know of them."]
    query: Annotated[LeadQuery, "What was asked for."]
    first: Annotated[int, "Rank of the first lead on this page, from 1."]
    pages: Annotated[int, "How many pages there are; 1 when there are no leads."]
    tabs: Annotated[tuple[Tab, ...], "Grades to choose from; empty if the source did not count them."]
    steps: Annotated[dict[str, str], "Addresses of the first, previous, next and last page, where there are any."]
    report: Annotated[bool, "Whether there is a report to link to."]
    asked: Annotated[tuple[str, ...], "What leads must have, in words."]
    shown_reasons: Annotated[int, "How many reasons a lead shows."] = SHOWN_REASONS


def router(sources: Sources) -> APIRouter:
    """The page and its data."""
    routes = APIRouter()

    @routes.api_route(PATH, methods=["GET", "HEAD"], include_in_schema=False)
    def show(query: Annotated[LeadQuery, Depends(read_query)]) -> HTMLResponse:
        leads = sources.leads.list_leads(query)
        return HTMLResponse(render("leads.html", context(query, leads, report=sources.cards is not None)))

    @routes.get(f"{PATH}.json", tags=["leads"])
    def list_leads(query: Annotated[LeadQuery, Depends(read_query)]) -> LeadsAnswer:
        """One page of the ranked leads, likeliest first."""
        leads = sources.leads.list_leads(query)
        return LeadsAnswer(query, _pages(leads.total, query.limit), leads)

    return routes


def read_query(
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=MOST_LEADS)] = 50,
    grade: Annotated[str, Query(pattern="^[A-D]?$")] = "",
    search: Annotated[str, Query(max_length=MOST_LETTERS)] = "",
    segment: Annotated[list[Segment], Query(max_length=MOST_SEGMENTS)] = [],  # noqa: B006 - FastAPI copies it
) -> LeadQuery:
    """What the address asks for. Letters that cannot be seen are taken out of the search; an empty segment is none."""
    visible = "".join(letter for letter in search if letter.isprintable())
    return LeadQuery(page, limit, grade or None, visible.strip(), tuple(filter(None, segment)))


def context(query: LeadQuery, leads: LeadList, *, report: bool) -> LeadsContext:
    """Everything that the page shows."""
    pages = _pages(leads.total, query.limit)
    tabs, steps = _tabs(query, leads), _steps(query, pages)
    return LeadsContext(leads, query, query.offset + 1, pages, tabs, steps, report, tuple(_asked(query)))


def address(query: LeadQuery, *, page: int = 1, grade: str | None = None) -> str:
    """The address of another page of the same search; what stands at its default is left out.

    >>> address(LeadQuery(search="Ann Lee", grade="B"), page=2, grade="A")
    'leads?grade=A&search=Ann+Lee&page=2'
    >>> address(LeadQuery(segments=("make=Audi", "make=BMW")))
    'leads?segment=make%3DAudi&segment=make%3DBMW'
    >>> address(LeadQuery())
    'leads'
    """
    parts = {"grade": grade, "search": query.search, "segment": query.segments}
    parts |= {"limit": str(query.limit) if query.limit != LeadQuery.limit else ""}
    parts |= {"page": str(page) if page > 1 else ""}
    told = urlencode({name: value for name, value in parts.items() if value}, doseq=True)
    return f"leads?{told}" if told else "leads"


def _pages(total: int, limit: int) -> int:
    return max(1, -(-total // limit))


def _tabs(query: LeadQuery, leads: LeadList) -> tuple[Tab, ...]:
    if not leads.grades:
        return ()
    everything = sum(counted.leads for counted in leads.grades)
    choices: list[tuple[str, str | None, int, float | None]] = [("All", None, everything, leads.base_rate)]
    choices += [(counted.grade, counted.grade, counted.leads, counted.observed) for counted in leads.grades]
    return tuple(
        Tab(title, held, observed, address(query, grade=grade), current=grade == query.grade)
        for title, grade, held, observed in choices
    )


def _asked(query: LeadQuery) -> Iterator[str]:
    if query.grade:
        yield f"grade {query.grade}"
    if query.search:
        yield f"“{query.search}” in its name"
    for said in query.segments:
        name, _, value = said.partition("=")
        yield f"{name} “{value}”"


def _steps(query: LeadQuery, pages: int) -> dict[str, str]:
    wanted: dict[str, int] = {}
    if query.page > 1:
        wanted |= {"First": 1, "Previous": min(query.page - 1, pages)}
    if query.page < pages:
        wanted |= {"Next": query.page + 1, "Last": pages}
    return {title: address(query, page=page, grade=query.grade) for title, page in wanted.items()}
