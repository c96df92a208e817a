"""The seller service: the blueprint of homes, its radar, and the CRM's webhook as settings name it."""

from pydantic import SecretStr

from leadwise.actions.pushing import Push, Pusher, PushResult
from leadwise.actions.radar import Radar, RadarCursor, RadarFilter, RadarPage
from leadwise.app.settings import Settings
from leadwise.blueprints.blueprint import load_blueprint
from leadwise.connectors.webhook import Webhook
from leadwise.domain.access import Caller
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.store.audit import AuditAction, AuditRepository
from leadwise.store.database import Database
from leadwise.web.api.sellers import SellerExport

BLUEPRINT = "real-estate-seller"


class LikelySellers:
    """Open properties of every organisation, ranked, exported, pushed.

    Args:
        database: Where they are.
        webhook: Where pushed ones go; None: nowhere.
    """

    def __init__(self, database: Database, webhook: Webhook | None) -> None:
        blueprint = load_blueprint(BLUEPRINT)
        self.target = blueprint.target
        self._database = database
        self._radar = Radar(database, blueprint, DuckDBEngine())
        self._pusher = Pusher(database, self._radar, self.target.name, webhook)

    def get_page(self, organisation: str, wanted: RadarFilter, limit: int, after: RadarCursor | None) -> RadarPage:
        """One page of properties, the likeliest first, and the summary of all that was asked for."""
        return self._radar.get_page(organisation, wanted, limit, after)

    def export(self, caller: Caller, wanted: RadarFilter, kind: str) -> SellerExport:
        """All properties that were asked for; the audit says who took them away."""
        summary, pieces = self._radar.get_all(caller.organisation, wanted)
        details = {"to": kind, "leads": summary.count}
        with self._database.transaction(caller.organisation) as connection:
            audit = AuditRepository(connection, caller.organisation)
            audit.add(AuditAction.EXPORT, self.target.name, caller.name, details)
        return SellerExport(summary, pieces)

    async def push(
        self, caller: Caller, identifiers: tuple[str, ...], campaign: str | None, request_key: str | None
    ) -> PushResult:
        """Send properties to the CRM."""
        return await self._pusher.push(Push(caller.organisation, identifiers, campaign, caller.name, request_key))


def webhook_of(settings: Settings) -> Webhook | None:
    """The webhook that settings name; None if they name none.

    Raises:
        WebhookUrlError: if its address is none.
    """
    url, token = _plain(settings.crm_seller_webhook_url), _plain(settings.crm_seller_webhook_token)
    return Webhook(url, token) if url else None


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value().strip()
