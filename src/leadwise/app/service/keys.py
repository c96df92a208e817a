"""Keys, as operators make and list them."""

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

import typer
from pydantic import BaseModel, BeforeValidator, ConfigDict

from leadwise.app.console import console, plain_table
from leadwise.app.organisation_session import open_organisation
from leadwise.app.output import print_json, remark
from leadwise.domain.access import Role
from leadwise.domain.clock import now
from leadwise.store.api_keys import ApiKeyRepository, StoredKey
from leadwise.store.audit import AuditAction, AuditRepository


class ListedKey(BaseModel):
    """A key as `leadwise keys list --json` has it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    roles: Annotated[list[Role], BeforeValidator(sorted)]
    created_by: str
    recorded_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyList(BaseModel):
    """All keys of an organisation."""

    organisation: str
    keys: list[ListedKey]


@contextmanager
def _keys(organisation: str) -> Iterator[tuple[ApiKeyRepository, AuditRepository]]:
    with open_organisation(organisation) as connection:
        yield ApiKeyRepository(connection, organisation), AuditRepository(connection, organisation)


def add_key(name: str, roles: Sequence[Role], organisation: str, days: int | None) -> None:
    """Make a key, and print its text."""
    expires_at = None if days is None else now() + timedelta(days=days)
    with _keys(organisation) as (keys, audit):
        key, given = keys.add(name, roles, getpass.getuser(), expires_at)
        audit.add(AuditAction.ADD_KEY, key.id, getpass.getuser(), {"roles": sorted(key.roles)})
    _say(key, given)


def rotate_key(key_id: str, organisation: str, hours: float) -> None:
    """Make a key like another one, which opens for some hours yet."""
    with _keys(organisation) as (keys, audit):
        key, given = keys.rotate(key_id, getpass.getuser(), now() + timedelta(hours=hours))
        audit.add(AuditAction.ROTATE_KEY, key_id, getpass.getuser(), {"by": key.id, "hours": hours})
    _say(key, given)
    remark(f"The old key opens for {hours:g} hours yet.")


def revoke_key(key_id: str, organisation: str) -> None:
    """Let a key open nothing any more."""
    with _keys(organisation) as (keys, audit):
        was_revoked = keys.get(key_id).revoked_at is not None
        keys.revoke(key_id)
        if not was_revoked:
            audit.add(AuditAction.REVOKE_KEY, key_id, getpass.getuser())
    remark(f"Key {key_id} opens nothing any more.")


def list_keys(organisation: str, *, as_json: bool) -> None:
    """Print the keys of an organisation."""
    with _keys(organisation) as (repository, _):
        keys = repository.list()
    if as_json:
        print_json(KeyList(organisation=organisation, keys=[ListedKey.model_validate(key) for key in keys]))
        return
    if not keys:
        remark("There are no keys; make one with `leadwise keys add NAME --role read`.")
        return
    table = plain_table("id", "for", "roles", "made by", "made", "last used", "state")
    for key in keys:
        state = "revoked" if key.revoked_at else "good" if key.opens(now()) else "expired"
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        roles = ", ".join(sorted(key.roles))
        table.add_row(key.id, key.name, roles, key.created_by, f"{key.recorded_at:%Y-%m-%d %H:%M}", used, state)
    console().print(table)


def _say(key: StoredKey, given: str) -> None:
    remark(f"Key {key.id} for {key.name!r} may: {', '.join(sorted(key.roles))}. It is shown this once:")
    typer.echo(given)
