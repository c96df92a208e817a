"""Serving pages from this process until somebody stops it."""

import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from leadwise.domain.errors import Conflict, Invalid

LOOPBACK = "127.0.0.1"
SHUTDOWN_SECONDS = 3
"""How long requests that are being answered may take after Ctrl-C."""


class PortTakenError(Conflict):
    """Another program listens at the port."""

    code = "port_taken"

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(
            f"Port {port} on {host} should be free for the page, but another program uses it. "
            f"Stop that program, or choose another port: --port {port + 1}."
        )


class AddressUnusableError(Invalid):
    """This machine cannot listen at the address."""

    code = "address_unusable"

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host, self.port, self.reason = host, port, reason
        super().__init__(
            f"The page should be served at {host}, port {port}, but that is not possible here ({reason}). "
            f"Use --host {LOOPBACK}, and a port from 1024 on."
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at the address; port 0 stands for any that is free.

    Raises:
        PortTakenError: if another program has the port.
        AddressUnusableError: if the address is not this machine's, or not ours to use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(host, port) from error
        raise AddressUnusableError(host, port, error.strerror or str(error)) from error


def address_of(listening: socket.socket) -> str:
    """What to type into a browser on this machine."""
    host, port = listening.getsockname()[:2]
    if host == LOOPBACK:
        return f"http://localhost:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(application: FastAPI, listening: socket.socket) -> None:
    """Answer requests until Ctrl-C; what is being answered then is finished first."""
    config = uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=SHUTDOWN_SECONDS)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:  # uvicorn has stopped in good order, and then passes the signal on
        return


@contextmanager
def orderly_termination() -> Iterator[None]:
    """Let a polite `kill` run all clean-up, as Ctrl-C does: else the embedded database would stay behind."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
