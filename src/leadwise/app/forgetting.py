"""Erasing people: from the store, and from whatever else keeps something of them."""

from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Connection

from leadwise.domain.clock import now
from leadwise.store.audit import AuditAction, AuditRepository
from leadwise.store.database import Database
from leadwise.store.erasures import Erasure, LeadName, erase_lead, find_parts
from leadwise.training.feature_store.erasing import erase_leads
from leadwise.training.feature_store.folders import Folder

Eraser = Callable[[str, Sequence[LeadName]], dict[str, int]]
"""Removes leads, given the organisation and their names, from one more place; says how many rows went, by place."""


class Receipt(BaseModel):
    """What was erased, without a word on whom.

    `identifier_hashes` are salted; a lead that was merged with others has one for each. `counts` is by table or place.
    """

    organisation: str
    erased_at: datetime
    erased_by: str
    identifier_hashes: list[str]
    counts: dict[str, int]


def forget(
    database: Database, organisation: str, leads: Sequence[LeadName], erased_by: str, *, also: Sequence[Eraser] = ()
) -> list[Receipt]:
    """Erase leads everywhere, all or none; gives a receipt for each.

    Args:
        database: The store.
        organisation: Whose leads.
        leads: Their (source, external_id).
        erased_by: Who does it.
        also: Further places. They come first, so that what could not be erased there can be erased again.

    Raises:
        LeadNotFoundError: if one of them is not there and never was erased.
        OrganisationNotFoundError: if the organisation is not there.
    """
    with database.transaction() as connection:
        return forget_within(connection, organisation, leads, erased_by, also=also)


def forget_within(
    connection: Connection,
    organisation: str,
    leads: Sequence[LeadName],
    erased_by: str,
    *,
    also: Sequence[Eraser] = (),
) -> list[Receipt]:
    """Erase leads as `forget` does, in a transaction that may do more."""
    parts = [find_parts(connection, organisation, lead) for lead in leads]
    receipts = [_receipt(organisation, erase_lead(connection, organisation, lead, erased_by, now())) for lead in leads]
    for receipt, names in zip(receipts, parts, strict=True):
        for erase in also:
            receipt.counts.update(erase(organisation, names))
    audit = AuditRepository(connection, organisation)
    for receipt in receipts:
        audit.add(AuditAction.ERASE, receipt.identifier_hashes[0], erased_by, {"counts": receipt.counts})
    return receipts


def _receipt(organisation: str, erasures: Sequence[Erasure]) -> Receipt:
    counts: dict[str, int] = {}
    for erasure in erasures:
        for place, count in erasure.counts.items():
            counts[place] = counts.get(place, 0) + count
    return Receipt(
        organisation=organisation,
        erased_at=erasures[0].recorded_at,
        erased_by=erasures[0].erased_by,
        identifier_hashes=[erasure.identifier_hash for erasure in erasures],
        counts=counts,
    )


def snapshot_eraser(folders: Sequence[Folder]) -> Eraser:
    """What removes leads from the snapshots in feature stores; hold those until the database has forgotten too."""

    def erase(organisation: str, names: Sequence[LeadName]) -> dict[str, int]:
        return {"snapshot rows": sum(erase_leads(folder, organisation, names) for folder in folders)}

    return erase
