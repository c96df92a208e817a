"""How the service is to run; handed from the supervisor to its processes in the environment."""

import ipaddress
import os
import re
from dataclasses import asdict, dataclass
from typing import Self

import orjson

from leadwise.domain.errors import Invalid
from leadwise.web.api.asks import Limits

VARIABLE = "LEADWISE_SERVE"
"""Holds the options of the processes that `leadwise serve` starts."""
_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")


class ProxyAddressError(Invalid):
    """What should be a proxy's address is none."""

    code = "proxy_address"

    def __init__(self, came: str) -> None:
        self.came = came
        super().__init__(
            f"LEADWISE_TRUSTED_PROXIES takes addresses (192.0.2.7) and networks (10.0.0.0/8) with commas between them, "
            f"or * for whoever comes, but has {came!r}; name the addresses that your proxies connect from."
        )


class RootPathError(Invalid):
    """What should be a path prefix is none."""

    code = "root_path"

    def __init__(self, came: str) -> None:
        self.came = came
        super().__init__(
            f"The root path should be the path under which a proxy offers the service, such as /leadwise, without host "
            f"or query, but is {came!r}; correct --root-path or LEADWISE_ROOT_PATH."
        )


def check_root_path(written: str) -> str:
    """The path prefix without a slash at its end; empty for none.

    Raises:
        RootPathError: if it is no path.

    >>> check_root_path("/tools/leadwise/"), check_root_path("/"), check_root_path("")
    ('/tools/leadwise', '', '')
    >>> check_root_path("https://example.com/leadwise")
    Traceback (most recent call last):
    leadwise.app.service.options.RootPathError: The root path should be the path under which ...
    """
    path = written.strip().rstrip("/")
    if path and not _ROOT_PATH.fullmatch(path):
        raise RootPathError(written[:200])
    return path


def check_proxies(written: str) -> str:
    """The addresses of proxies without blanks.

    Raises:
        ProxyAddressError: if one is no address; the server would silently believe nobody.
    """
    if written.strip() in ("", "*"):
        return written.strip()
    addresses = [each.strip() for each in written.split(",")]
    for address in addresses:
        try:
            ipaddress.ip_network(address)
        except ValueError:
            raise ProxyAddressError(address) from None
    return ",".join(addresses)


@dataclass(frozen=True)
class ServeOptions:
    """What `leadwise serve` was asked for.

    Args:
        host: Where to listen.
        port: There.
        workers: Web processes.
        open: Whether callers without a key are let in.
        log_level: What is logged: DEBUG, INFO, WARNING, ERROR.
        requests_per_minute: For each key; 0: as many as they like.
        trust_proxy: The addresses of proxies whose X-Forwarded headers are believed; empty: nobody's.
        root_path: The path below which a proxy offers the service; empty: none.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    open: bool = False
    log_level: str = "INFO"
    requests_per_minute: int = 0
    trust_proxy: str = ""
    root_path: str = ""

    @classmethod
    def from_environment(cls) -> Self:
        """What the supervisor handed over; the defaults, where there is none."""
        return cls(**orjson.loads(os.environ.get(VARIABLE, "{}")))

    def to_environment(self) -> None:
        """Hand over to processes that start from now on."""
        os.environ[VARIABLE] = orjson.dumps(asdict(self)).decode()

    def limits(self) -> Limits:
        """What one caller may ask of one web process."""
        share = -(-self.requests_per_minute // self.workers)
        return Limits(requests_per_minute=share)
