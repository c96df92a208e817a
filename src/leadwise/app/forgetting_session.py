"""`leadwise forget`: people erased from the database and feature stores of the settings."""

import getpass
from collections.abc import Sequence
from contextlib import ExitStack

import typer
from pydantic import BaseModel

from leadwise.app.forgetting import Receipt, forget, snapshot_eraser
from leadwise.app.output import print_json, remark
from leadwise.app.settings import Settings
from leadwise.store.database import open_database
from leadwise.store.erasures import LeadName
from leadwise.training.feature_store.folders import open_folder


def _say_busy() -> None:
    remark("A refresh of features is at work; waiting until it is done.")


class _Receipts(BaseModel):
    receipts: list[Receipt]


def run_forget(leads: Sequence[LeadName], organisation: str, stores: Sequence[str], *, as_json: bool) -> None:
    """Erase the leads from the database and the feature store of the settings, and print the receipts.

    Args:
        leads: Their (source, external_id).
        organisation: Whose leads.
        stores: Further feature stores, by folder or URL.
        as_json: Whether to print JSON.
    """
    settings = Settings()
    folders = [open_folder(place) for place in (settings.feature_store_place, *stores)]
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings.server_url, settings.data_folder))
        for folder in folders:  # until the database has forgotten them too, nobody may make a snapshot of them
            stack.enter_context(folder.held(alone=True, waiting=_say_busy))
        receipts = forget(database, organisation, leads, getpass.getuser(), also=[snapshot_eraser(folders)])
    if as_json:
        print_json(_Receipts(receipts=receipts))
        return
    for receipt in receipts:
        typer.echo(_sentence(receipt))


def _sentence(receipt: Receipt) -> str:
    rows = ", ".join(f"{count:,} {place}" for place, count in sorted(receipt.counts.items()))
    hashes = ", ".join(receipt.identifier_hashes)
    return f"Erased on {receipt.erased_at:%Y-%m-%d %H:%M} UTC by {receipt.erased_by}: {rows}. Receipt {hashes}"
