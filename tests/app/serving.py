"""The real service on loopback, in a thread of the test, on the test's database."""

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx
import numpy as np
import pyarrow as pa
import uvicorn

from leadwise.app.client.transport import ALL_KEPT
from leadwise.app.service.options import ServeOptions
from leadwise.app.service.wiring import create_application
from leadwise.connectors.webhook import Webhook
from leadwise.domain.access import Role
from leadwise.registry.versions import ModelVersions
from leadwise.store.api_keys import ApiKeyRepository
from leadwise.store.database import Database
from leadwise.store.organisations import OrganisationRepository
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

FEATURES = ("appointments_count", "inbound_messages_count", "has_property", "engagement_rate")


@contextmanager
def running(
    database: Database, *, is_open: bool = True, webhook: Webhook | None = None, **options: object
) -> Iterator[httpx.Client]:
    """A client of a service that answers from the database, and pushes to the webhook."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    made = create_application(database, ServeOptions(open=is_open, **options), webhook=webhook)  # type: ignore[arg-type]
    config = uvicorn.Config(made, log_config=None, access_log=False, server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with httpx.Client(base_url=url, timeout=60, limits=ALL_KEPT, verify=False) as client:  # noqa: S501 - nothing is encrypted
        yield client
    server.should_exit = True
    thread.join(timeout=30)


def add_key(database: Database, *roles: Role, organisation: str = "default") -> str:
    """A new key, as its text."""
    with database.transaction() as connection:
        OrganisationRepository(connection).ensure(organisation)
        return ApiKeyRepository(connection, organisation).add("test", roles or list(Role), "test")[1]


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {key}"}


def small_model(seed: int = 0, names: Iterable[str] = FEATURES) -> FittedModel:
    """A model of some features, quickly fitted."""
    random = np.random.default_rng(seed)
    columns = {name: random.poisson(3, 300).astype(float) for name in names}
    won = random.random(300) < 1 / (1 + np.exp(3 - sum(columns.values()) / 4))
    options = FitOptions(outcome="won", algorithms=("logistic_regression",), budget_seconds=60, seed=seed)
    return fit(pa.table({**columns, "won": won}), options)


def activate(database: Database, model: FittedModel, organisation: str = "default", target: str = "converted") -> str:
    """Let a model answer; gives its version."""
    with database.transaction() as connection:
        OrganisationRepository(connection).ensure(organisation)
        versions = ModelVersions(connection, target, organisation)
        versions.activate(versions.add(model), "test")
    return model.card.model_version
