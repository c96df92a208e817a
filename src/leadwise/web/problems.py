"""Errors over HTTP: one sentence for each, as problem+json (RFC 9457) or as a plain page."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from leadwise.domain.errors import LeadwiseError, Unavailable
from leadwise.web.headers import SECURITY_HEADERS
from leadwise.web.templating import render

RETRY_AFTER_SECONDS = 30
NO_PAGE = "There is no page at {path}. The ranked leads are at /leads."
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
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
    return Response(problem_json(problem), problem.status, carried, "application/problem+json")


def problem_json(problem: Problem) -> bytes:
    """The problem as RFC 9457 has it, with the code of its cause."""
    document = {"type": "about:blank", "title": problem.title, "status": problem.status}
    document |= {"detail": problem.detail, "code": problem.code}
    if problem.errors:
        document |= {"errors": [{"detail": error.detail, "pointer": error.pointer} for error in problem.errors]}
    return orjson.dumps(document)


Answerer = Callable[[Request, Problem, Mapping[str, str] | None], Response]
"""Gives a problem the form that its reader needs."""


def install(application: FastAPI, form: Answerer = answer, nowhere: str = NO_PAGE) -> None:
    """Make the application answer all errors with sentences.

    Args:
        application: Whose errors.
        form: What an answer looks like.
        nowhere: What to say to who asks for a path that is not there.
    """
    handlers: dict[type[Exception], Callable[[Request, Exception], Problem]] = {
        LeadwiseError: problem_of,
        RequestValidationError: _invalid,
        HTTPException: partial(_unrouted, nowhere),
        Exception: _broken,
    }

    def answering(
        find_problem: Callable[[Request, Exception], Problem],
    ) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def handle(request: Request, error: Exception) -> Response:
            return form(request, find_problem(request, error), headers_of(request, error))

        return handle

    for kind, find_problem in handlers.items():
        application.add_exception_handler(kind, answering(find_problem))


def headers_of(request: Request, error: Exception) -> Mapping[str, str] | None:
    """What the answer to an error carries besides: when to come again, what is allowed."""
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return {"Allow": _allowed(request)}
    own: Mapping[str, str] | None = getattr(error, "headers", None)
    if own is not None:
        return own
    if isinstance(error, Unavailable):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return None


def _problem(request: Request, status: int, code: str, detail: str, errors: tuple[FieldProblem, ...] = ()) -> Problem:
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    return Problem(status, code, title, detail, errors, home=f"{request.scope.get('root_path', '')}/leads")


def problem_of(request: Request, error: Exception) -> Problem:
    """The problem that a refusal is."""
    assert isinstance(error, LeadwiseError)
    errors = tuple(FieldProblem(detail, pointer) for detail, pointer in getattr(error, "errors", ()))
    return _problem(request, error.status, error.code, str(error), errors)


def _invalid(request: Request, error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    errors = tuple(_field_problem(found) for found in error.errors())
    detail = "The request holds values that cannot be used. " + " ".join(each.detail for each in errors)
    return _problem(request, 422, "invalid", detail, errors)


def _field_problem(found: Mapping[str, object]) -> FieldProblem:
    place = found["loc"]
    assert isinstance(place, tuple)
    came = str(found.get("input"))[:80]
    own = str(found["msg"]).removeprefix("Value error, ")
    if own != found["msg"]:  # a sentence of ours
        return FieldProblem(f"{place[-1]}: {own}, but came as “{came}”.", "#/" + "/".join(map(str, place)))
    expected = str(found["msg"]).removeprefix("Input ")
    name = next((part for part in reversed(place) if isinstance(part, str)), "the request")  # not a place in a list
    return FieldProblem(f"{name} {expected}, but came as “{came}”.", "#/" + "/".join(map(str, place)))


def _unrouted(nowhere: str, request: Request, error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _problem(request, 404, "missing", nowhere.format(path=request.url.path[:200]))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not understood at {request.url.path[:200]}; it takes {_allowed(request)}."
        return _problem(request, error.status_code, "not_allowed", detail)
    return _problem(request, error.status_code, "refused", str(error.detail))


def _allowed(request: Request) -> str:
    """The methods of all routes of this path; what turned the request away knows the first one's alone."""
    routes = request.app.router.routes

    def is_answered(method: str) -> bool:
        return any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)

    return ", ".join(filter(is_answered, _METHODS))


def _broken(request: Request, _: Exception) -> Problem:
    return _problem(request, 500, "error", _BROKEN)
