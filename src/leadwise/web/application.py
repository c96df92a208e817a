"""The web application: every page in `web/pages`, found by its file name."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse

from leadwise.web import pages, problems
from leadwise.web.headers import SecurityHeaders
from leadwise.web.sources import Sources


class Page(Protocol):
    """What a module in `web/pages` offers."""

    PATH: str
    """Where it is served; the same data is at PATH.json."""

    def router(self, sources: Sources) -> APIRouter:
        """Its routes, reading from these sources."""


def create_application(sources: Sources) -> FastAPI:
    """The pages and their data, served from these sources.

    `/` leads to the ranked leads. The API schema is at /openapi.json; there are no pages about it, since the usual
    ones load scripts from a content network.
    """
    application = FastAPI(title="leadwise", docs_url=None, redoc_url=None)
    application.add_middleware(SecurityHeaders)
    problems.install(application)
    for page in find_pages().values():
        application.include_router(page.router(sources))
    application.add_api_route("/", _to_leads, methods=["GET", "HEAD"], include_in_schema=False)
    return application


def find_pages() -> dict[str, Page]:
    """Every page by its name, in the order of names."""
    return dict(_pages())


def _pages() -> Iterator[tuple[str, Page]]:
    for found in pkgutil.iter_modules(pages.__path__):
        yield found.name, cast("Page", import_module(f"{pages.__name__}.{found.name}"))


def _to_leads() -> RedirectResponse:
    return RedirectResponse("leads")
