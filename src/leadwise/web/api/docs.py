"""The API as a page: readable without a network, a script or a key."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from fastapi import FastAPI, Response

from leadwise.web.api.openapi import DESCRIPTIONS
from leadwise.web.api.reading import Group, groups_of
from leadwise.web.templating import render


@dataclass(frozen=True)
class DocsContext:
    """What docs.html reads."""

    version: Annotated[str, "The version of leadwise."]
    summary: Annotated[str, "What the service does, in a sentence."]
    groups: Annotated[tuple[Group, ...], "All operations by subject."]
    errors: Annotated[tuple[tuple[int, str], ...], "Statuses of refusals, and what each means."]


def install(application: FastAPI) -> None:
    """Let /docs show all that the application tells of itself."""

    @cache
    def page() -> str:
        document = application.openapi()
        info = document["info"]
        errors = tuple(sorted(DESCRIPTIONS.items()))
        return render("docs.html", DocsContext(info["version"], info["summary"], groups_of(document), errors))

    @application.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return Response(page(), media_type="text/html; charset=utf-8")
