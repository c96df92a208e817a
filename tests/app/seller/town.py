"""What the seller service is tried on, and a client of it that knows the requirement document alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.blueprints.simulator import simulate
from leadwise.domain.access import Role
from leadwise.domain.clock import now
from leadwise.domain.lead import Lead
from leadwise.domain.score import Reason, Score
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.registry.versions import ModelVersions
from leadwise.scoring.open_leads import score_open_leads
from leadwise.store.api_keys import ApiKeyRepository
from leadwise.store.database import Database
from leadwise.store.events import EventRepository
from leadwise.store.history import read_history
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.store.scores import ScoreRepository
from leadwise.training.fitting import fit
from leadwise.training.landmarks import AS_OF, GROUP, NOT_FEATURES, OUTCOME, landmark_table
from leadwise.training.options import FitOptions

BLUEPRINT = load_blueprint("real-estate-seller")
TARGET = BLUEPRINT.target
HOMES = 400
HOSTILE = (
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '"quoted", and\nbroken',
    "<script>alert(1)</script>",
    '#panic("typst") *bold* $x$ @ref <label> // comment',
    "שדרות רוטשילד 12",
    "\u202eevil\u202c \U0001f3e1",
    "x" * 3_000,
    "",
)
ORGANISATIONS = ("town", "other", "nobody", "one", "hostile")


@dataclass(frozen=True)
class Town:
    """The database, and a key with all roles for each organisation."""

    database: Database
    keys: Mapping[str, str]

    def key(self, organisation: str, *roles: Role) -> str:
        """Another key, with these roles alone."""
        with self.database.transaction() as connection:
            return ApiKeyRepository(connection, organisation).add("test", roles, "test")[1]


class SellerClient:
    """Speaks to the service as requirement 3 says, and knows nothing else of it."""

    def __init__(self, client: httpx.Client, key: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, **filters: Any) -> httpx.Response:
        return self._client.get("/api/predictions/seller", params=filters, headers=self._headers)

    def list(self, **filters: Any) -> dict[str, Any]:
        answer = self.get(**filters)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def export(self, **filters: Any) -> httpx.Response:
        return self._client.get("/api/predictions/seller/export", params=filters, headers=self._headers)

    def push(self, ids: Sequence[str], idempotency_key: str | None = None, **more: Any) -> httpx.Response:
        body = {"propertyIds": list(ids), **more}
        headers = self._headers | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
        return self._client.post("/api/predictions/seller/push", json=body, headers=headers)

    def post(self, body: bytes) -> httpx.Response:
        return self._client.post("/api/predictions/seller/push", content=body, headers=self._headers)


def settle(database: Database) -> Town:
    """Let homes stand in the organisations."""
    keys = {}
    with database.transaction() as connection:
        for name in ORGANISATIONS:
            OrganisationRepository(connection).ensure(name)
            keys[name] = ApiKeyRepository(connection, name).add("test", list(Role), "test")[1]
    _simulate(database, "town", HOMES, seed=7)
    _simulate(database, "other", 60, seed=8)
    add_homes(database, "one", [("P-1", {"address": "Maple Drive 1", "neighbourhood": "Harbor", "gain": 160})])
    names = [(f"H-{at:02d}", {"address": name, "owner": name, "gain": -3.5}) for at, name in enumerate(HOSTILE)]
    add_homes(database, "hostile", names)
    return Town(database, keys)


def add_homes(database: Database, organisation: str, homes: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Store homes with scores of their own, the first the likeliest."""
    at = now() - timedelta(days=1)
    leads = [Lead("register", name, at, at, fields, entity="property") for name, fields in homes]
    scores = [
        Score(
            lead=("register", name),
            target=TARGET.name,
            as_of=at,
            recorded_at=at,
            model_version="handmade",
            probability=0.9 - 0.8 * place / len(homes),
            value=None,
            grade="ABCD"[place % 4],
            action="Call",
            base=-2.0,
            reasons=(Reason("Address", f"Stands at {fields.get('address')}", 0.5),),
        )
        for place, (name, fields) in enumerate(homes)
    ]
    with database.transaction() as connection:
        LeadRepository(connection, organisation).add_many(leads)
        assert ScoreRepository(connection, organisation).add_many(scores).added == len(homes)


def _simulate(database: Database, organisation: str, homes: int, seed: int) -> None:
    """Simulated homes, with a small model and its scores."""
    at = now()
    simulated = simulate(BLUEPRINT, homes, seed, at)
    with database.transaction() as connection:
        LeadRepository(connection, organisation).add_many(simulated.leads)
        EventRepository(connection, organisation).add_many(simulated.events)
        OutcomeRepository(connection, organisation).add_many(simulated.outcomes)
    with database.transaction() as connection:
        history = read_history(connection, organisation, TARGET)
        table = landmark_table(TARGET, history, DuckDBEngine(), now=at)
        table = table.drop_columns([name for name in NOT_FEATURES if name not in {GROUP, AS_OF}])
        options = FitOptions(
            outcome=OUTCOME,
            ordered=True,
            group_column=GROUP,
            as_of_column=AS_OF,
            horizon_days=TARGET.horizon_days,
            algorithms=("logistic_regression",),
            budget_seconds=3,
            actions=BLUEPRINT.actions.model_dump(),
        )
        versions = ModelVersions(connection, TARGET.name, organisation)
        versions.activate(versions.add(fit(table, options)), "test")
        score_open_leads(connection, TARGET, at, DuckDBEngine(), organisation)
