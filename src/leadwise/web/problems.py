"""Errors over HTTP: one sentence for each, as problem+json (RFC 9457) or as a plain page."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from leadwise.domain.errors import LeadwiseError, Unavailable
from leadwise.web.headers import SECURITY_HEADERS
from leadwise.web.templating import render

RETRY_AFTER_SECONDS = 30
_BROKEN = "leadwise could not answer because of a fault of its own. Try again; if it stays, look into the server's log."


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one part of the input."""

    detail: Annotated[str, "A sentence."]
    pointer: Annotated[str, "Where it stands: #/query/page."]


@dataclass(frozen=True)
class Problem:
    """An error answer; its fields are also the context of error.html."""

    status: Annotated[int, "The HTTP status."]
    code: Annotated[str, "The stable name of the cause."]
    title: Annotated[str, "The kind of trouble, in words."]
    detail: Annotated[str, "The sentence to show: what was expected, what came, the next step."]
    errors: Annotated[tuple[FieldProblem, ...], "For invalid input: each wrong part."] = ()
    home: Annotated[str, "Address of the ranked leads."] = "/leads"


_TITLES = {
    403: "This is not yours to see",
    404: "Not found",
    405: "That cannot be done here",
    409: "Not in this state",
    422: "This request cannot be used",
    503: "Away for the moment",
}


def answer(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem in the form that the address asks for: `.json` gets problem+json, everything else a page."""
    carried = SECURITY_HEADERS | dict(headers or {})
    if not request.url.path.endswith(".json"):
        page = render("error.html", problem)
        return Response(page, problem.status, carried, "text/html; charset=utf-8")
    document = {"type": "about:blank", "title": problem.title, "status": problem.status}
    document |= {"detail": problem.detail, "code": problem.code}
    if problem.errors:
        document |= {"errors": [{"detail": error.detail, "pointer": error.pointer} for error in problem.errors]}
    return Response(orjson.dumps(document), problem.status, carried, "application/problem+json")


def install(application: FastAPI) -> None:
    """Make the application answer all errors with sentences."""
    application.add_exception_handler(LeadwiseError, _refused)
    application.add_exception_handler(RequestValidationError, _invalid)
    application.add_exception_handler(HTTPException, _unrouted)
    application.add_exception_handler(Exception, _broken)


def _problem(request: Request, status: int, code: str, detail: str, errors: tuple[FieldProblem, ...] = ()) -> Problem:
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    return Problem(status, code, title, detail, errors, home=f"{request.scope.get('root_path', '')}/leads")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, LeadwiseError)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if isinstance(error, Unavailable) else None
    return answer(request, _problem(request, error.status, error.code, str(error)), headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = tuple(_field_problem(found) for found in error.errors())
    detail = "The address holds values that cannot be used. " + " ".join(each.detail for each in errors)
    return answer(request, _problem(request, 422, "invalid", detail, errors))


def _field_problem(found: Mapping[str, object]) -> FieldProblem:
    place = found["loc"]
    assert isinstance(place, tuple)
    came = str(found.get("input"))[:80]
    expected = str(found["msg"]).removeprefix("Input ")
    return FieldProblem(f"{place[-1]} {expected}, but came as “{came}”.", "#/" + "/".join(map(str, place)))


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"There is no page at {request.url.path[:200]}. The ranked leads are at /leads."
        return answer(request, _problem(request, 404, "missing", detail))
    detail = f"{request.method} is not understood at {request.url.path[:200]}; pages are read with GET."
    return answer(request, _problem(request, error.status_code, "not_allowed", detail), error.headers)


async def _broken(request: Request, _: Exception) -> Response:
    return answer(request, _problem(request, 500, "error", _BROKEN))
