"""Erased leads: all of them goes, and a receipt stays that names nobody.

A receipt has a hash of the lead's identifier, salted per organisation: enough to refuse the same lead when it is
delivered again, not enough to read who it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from leadwise.store import bulk
from leadwise.store.errors import LeadNotFoundError
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.results import Rejection

LeadName = tuple[str, str]
"""(source, external_id)"""


@dataclass(frozen=True)
class Erasure:
    """A receipt.

    Args:
        identifier_hash: SHA-256 of the lead's source and external id, salted.
        recorded_at: When it was erased.
        erased_by: By whom.
        counts: How many rows went, by table.
    """

    identifier_hash: str
    recorded_at: datetime
    erased_by: str
    counts: dict[str, int]


def _hash(source: str, external_id: str) -> str:
    salted = f"jsonb_build_array(erasure_salt, {source}, {external_id})"
    return f"encode(sha256(convert_to({salted}::text, 'UTF8')), 'hex')"


# A lead that was merged into another is the same person: all parts go together.
_FIND = """
SELECT part.id, part.source, part.external_id
FROM leads AS named
JOIN leads AS part
    ON coalesce(part.merged_into, part.id) = coalesce(named.merged_into, named.id)
    AND part.organisation_id = named.organisation_id
WHERE (named.organisation_id, named.source, named.external_id) = (:organisation, :source, :external_id)
ORDER BY part.id
"""

_ERASE = f"""
INSERT INTO erasures (organisation_id, recorded_at, erased_by, identifier_hash, counts)
SELECT organisations.id, :recorded_at, :erased_by, {_hash("leads.source", "leads.external_id")}, jsonb_build_object(
    'leads', 1,
    'statements', (SELECT count(*) FROM statements WHERE lead_id = leads.id),
    'events', (SELECT count(*) FROM events WHERE lead_id = leads.id),
    'outcomes', (SELECT count(*) FROM outcomes WHERE lead_id = leads.id),
    'scores', (SELECT count(*) FROM scores WHERE lead_id = leads.id)
)
FROM leads
JOIN organisations ON organisations.id = leads.organisation_id
WHERE leads.id = ANY(:ids)
ORDER BY leads.id
RETURNING identifier_hash, recorded_at, erased_by, counts
"""  # noqa: S608 - our own statement

_FIND_RECEIPT = f"""
SELECT identifier_hash, erasures.recorded_at, erased_by, counts
FROM erasures
JOIN organisations ON organisations.id = organisation_id
WHERE organisation_id = :organisation
    AND identifier_hash = {_hash("CAST(:source AS text)", "CAST(:external_id AS text)")}
ORDER BY erasures.id DESC
LIMIT 1
"""  # noqa: S608 - our own statement

_OF_INCOMING = f"""
erasures.organisation_id = :organisation AND organisations.id = :organisation AND readmitted_at IS NULL
AND identifier_hash = {_hash("incoming.source", "incoming.external_id")}
"""

_REFUSE = f"""
DELETE FROM incoming USING erasures, organisations
WHERE {_OF_INCOMING}
RETURNING position, incoming.source, incoming.external_id, erasures.recorded_at AS erased_at
"""  # noqa: S608 - our own statement

_READMIT = f"""
UPDATE erasures SET readmitted_at = now() FROM incoming, organisations WHERE {_OF_INCOMING}
"""  # noqa: S608 - our own statement


def find_parts(connection: Connection, organisation: str, lead: LeadName) -> list[LeadName]:
    """The names of all leads that were merged with a lead, its own among them; its own alone, if it is not stored."""
    named = {"organisation": organisation, "source": lead[0], "external_id": lead[1]}
    return [(row.source, row.external_id) for row in _find(connection, named)] or [lead]


def erase_lead(
    connection: Connection, organisation: str, lead: LeadName, erased_by: str, recorded_at: datetime
) -> list[Erasure]:
    """Delete a lead and all that is stored of it; gives a receipt for it and for each lead that was merged with it.

    A lead that was erased before gives its earlier receipt.

    Raises:
        LeadNotFoundError: if there is none, and none was erased.
        OrganisationNotFoundError: if the organisation is not there.
    """
    named = {"organisation": organisation, "source": lead[0], "external_id": lead[1]}
    ids = [row.id for row in _find(connection, named)]
    if not ids:
        return [_find_receipt(connection, named)]
    given = {"recorded_at": recorded_at, "erased_by": erased_by, "ids": ids}
    receipts = [Erasure(*row) for row in connection.execute(text(_ERASE), given)]
    connection.execute(text("DELETE FROM leads WHERE id = ANY(:ids)"), {"ids": ids})  # the rest goes with the leads
    return receipts


def _find(connection: Connection, named: dict[str, str]) -> Sequence[Any]:
    OrganisationRepository(connection).hold(named["organisation"])
    return connection.execute(text(_FIND), named).all()


def _find_receipt(connection: Connection, named: dict[str, str]) -> Erasure:
    row = connection.execute(text(_FIND_RECEIPT), named).one_or_none()
    if row is None:
        raise LeadNotFoundError(named["source"], named["external_id"])
    return Erasure(*row)


def refuse_erased(connection: Connection, organisation: str, *, readmit: bool) -> list[Rejection]:
    """Take incoming leads that were erased out of the temporary table; with `readmit`, let them in from now on."""
    given = {"organisation": organisation}
    if readmit:
        connection.execute(text(_READMIT), given)
    return bulk.rejections(connection.execute(text(_REFUSE), given), _refusal)


def _refusal(row: Any) -> str:
    return (
        f"It was erased on {row.erased_at:%Y-%m-%d} and stays out; "
        "`leadwise import leads ... --readmit` stores it again, if that is right."
    )
