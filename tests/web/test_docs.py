"""The API as a page: all of it, readable without a network, a script or a key."""

from typing import Any

import pytest
from tests.app.serving import running
from tests.web.test_browser import WIDTHS, check, visit

from leadwise.store.database import Database
from leadwise.web.api.openapi import operations

__all__ = ["visit"]


def test_every_route_stands_on_the_page_with_its_example(database: Database) -> None:
    with running(database, is_open=False) as client:
        page = client.get("/docs")
        document = client.get("/openapi.json").json()
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<script" not in page.text
    for path, method, operation in operations(document):
        assert f'<span class="method">{method.upper()}</span> <code>{path}</code>' in page.text
        assert operation["description"].partition("\n")[0].split("`")[0][:40].replace("'", "&#39;") in page.text
    assert "&#34;external_id&#34;: &#34;L-1001&#34;" in page.text


@pytest.mark.browser
def test_it_is_readable_at_a_desk_and_on_a_phone(database: Database, visit: Any) -> None:
    with running(database) as client:
        page = visit(f"{client.base_url}/docs".replace("//docs", "/docs"))
        check(page, axe_at=tuple(WIDTHS))
