"""The processes of the service: this one, which others depend on, web processes, and one for jobs."""

import gc
import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module

import uvicorn
from uvicorn.supervisors import Multiprocess

from leadwise.app.demo_serving import address_of, listen
from leadwise.app.known_blueprints import known_blueprints
from leadwise.app.output import remark
from leadwise.app.service.jobs_process import working_on_jobs
from leadwise.app.service.options import ServeOptions, check_proxies, check_root_path
from leadwise.app.service.sellers import webhook_of
from leadwise.app.settings import Settings
from leadwise.app.tracing import check_traces
from leadwise.domain.errors import Forbidden
from leadwise.store.database import Database, open_database

APPLICATION = "leadwise.app.service.wiring:create"
SHUTDOWN_SECONDS = 30
"""How long requests that are being answered may take when the service is stopped."""
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class OpenToTheWorldError(Forbidden):
    """Without keys, and not on this machine alone."""

    code = "open_to_the_world"

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"With --open nobody needs a key, so that only this machine may reach the service, but it is to listen at "
            f"{host}. Leave --open out and make keys (leadwise keys add), or listen at 127.0.0.1."
        )


def serve(*, host: str | None, port: int | None, workers: int | None, root_path: str | None, is_open: bool) -> None:
    """Answer requests until Ctrl-C or SIGTERM; what is being answered then is finished first.

    Args:
        host: Where to listen; None: as settings say.
        port: There; 0: any that is free; None: as settings say.
        workers: Web processes; None: as settings say.
        root_path: The path below which a proxy offers it; None: as settings say.
        is_open: Whether callers need no key.

    Raises:
        OpenToTheWorldError: if others than this machine could come in without a key.
        WebhookUrlError: if the address of the CRM's webhook is none.
        RootPathError: if the prefix is none.
        ProxyAddressError: if a proxy that is to be believed has no address.
        BlueprintError, BlueprintTakenError: if a blueprint of one's own cannot be used.
        TracesImpossibleError: if traces are asked for that cannot be sent.
        PortTakenError, AddressUnusableError: if nobody can listen there.
        LeadwiseError: what `open_database` raises.
    """
    settings = Settings()
    options = ServeOptions(
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
        workers=settings.workers if workers is None else workers,
        open=is_open,
        log_level=settings.log_level.upper(),
        requests_per_minute=settings.requests_per_minute,
        trust_proxy=check_proxies(settings.trusted_proxies),
        root_path=check_root_path(settings.root_path if root_path is None else root_path),
    )
    if is_open and not _is_loopback(options.host):
        raise OpenToTheWorldError(options.host)
    webhook_of(settings)  # refused here, before web processes start
    known_blueprints()
    check_traces()
    listening = listen(options.host, options.port)
    options.to_environment()
    # Opened here for as long as the service runs: web processes come and go, the embedded PostgreSQL stays.
    with (
        _opened(settings, in_this_process=options.workers == 1),
        _metrics_folder(),
        working_on_jobs(*listening.getsockname()[:2]),
    ):
        gc.freeze()  # nothing that was read by now will ever be garbage
        gc.enable()
        remark(f"Answering at {address_of(listening)} ({options.workers} web {_processes(options.workers)}).")
        remark("Nobody needs a key." if is_open else "Callers need a key: leadwise keys add NAME --role score")
        _run(options, listening)


def _opened(settings: Settings, *, in_this_process: bool) -> Database:
    """The database; while it starts, this process reads the code that answers, if it is the one to answer."""
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(open_database, settings.server_url, settings.data_folder)
        if in_this_process:
            import_module(APPLICATION.partition(":")[0])
        return opening.result()


def _run(options: ServeOptions, listening: socket.socket) -> None:
    config = uvicorn.Config(
        APPLICATION,
        factory=True,
        workers=options.workers,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(options.trust_proxy),
        forwarded_allow_ips=options.trust_proxy or None,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        backlog=2048,
    )
    if options.workers > 1:
        Multiprocess(config, [listening]).run()
    else:
        uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _metrics_folder() -> Iterator[None]:
    """A folder in which web processes and the one for jobs put their numbers together."""
    if os.environ.get(METRICS_FOLDER):
        yield
        return
    folder = tempfile.mkdtemp(prefix="leadwise-metrics-")
    os.environ[METRICS_FOLDER] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _processes(count: int) -> str:
    return "process" if count == 1 else "processes"
