"""Lists of the service, read page by page while they are walked through."""

from collections.abc import Iterator
from typing import Any, TypeVar

from leadwise.app.client.transport import Transport
from leadwise.web.api.v2.shapes.words import Page, Told

Item = TypeVar("Item", bound=Told)
PAGE = 500


def walk(transport: Transport, path: str, shape: type[Item], **params: Any) -> Iterator[Item]:
    """All of a list, one after the other; a page is asked for when the one before is used up."""
    after: str | None = None
    while True:
        answer = transport.get(path, limit=PAGE, after=after, **params)
        page = Page[shape].model_validate_json(answer.content)  # type: ignore[valid-type]
        yield from page.results
        if page.paging.next is None:
            return
        after = page.paging.next.after
