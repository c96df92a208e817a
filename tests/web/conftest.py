"""A server and a browser for pages."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import uvicorn
from tests.web.examples import Cards

from leadwise.domain.card import ModelCard
from leadwise.web.application import create_application
from leadwise.web.sources import LeadSource, Sources

Serve = Callable[..., str]
_CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves leads (and a card) on loopback, and gives the address."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(leads: LeadSource, card: ModelCard | None = None, **settings: Any) -> str:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        application = create_application(Sources(leads, Cards(card) if card else None))
        server = uvicorn.Server(uvicorn.Config(application, log_level="critical", **settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        servers.append((server, thread))
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium. Where it is missing, tests are skipped with a sentence; in CI they fail."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an optional dependency group
    except ImportError:
        _lacking("playwright is not installed: add the dependency group `browser` (uv sync --group browser).")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        _lacking("no Chromium on the PATH: install the system's package `chromium`.")
    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=path, args=_CHROMIUM_ARGUMENTS)) as launched,
    ):
        yield launched


def _lacking(what: str) -> None:
    reason = f"not offered by this machine: {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
