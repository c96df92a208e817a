"""Keys of callers: shown once, stored as a hash.

A key is `lw_<id>_<secret>`. The secret is 256 random bits, so that its SHA-256 gives nothing away: nobody can try them
all, as they could try passwords.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from leadwise.domain.access import KEY_PREFIX, Role
from leadwise.domain.clock import now
from leadwise.domain.errors import Missing
from leadwise.store import tables

_ID_BYTES, _SECRET_BYTES = 6, 32


class KeyNotFoundError(Missing):
    """There is no such key in the organisation."""

    code = "key_not_found"

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(f"There is no key {key_id!r} in this organisation; list its keys to see which there are.")


@dataclass(frozen=True)
class StoredKey:
    """A key without its secret.

    Args:
        id: Its public part.
        organisation: Whose data it opens.
        name: What it is for, in the words of who made it.
        roles: What it may be used for.
        created_by: Who made it.
        recorded_at: When.
        expires_at: From when on it opens nothing; None: never.
        revoked_at: When it was revoked; None: it was not.
        last_used_at: When it was used last, to the minute; None: never.
    """

    id: str
    organisation: str
    name: str
    roles: frozenset[Role]
    created_by: str
    recorded_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def opens(self, at: datetime) -> bool:
        """Whether it is good at an instant."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class ApiKeyRepository:
    """The keys of one organisation."""

    def __init__(self, connection: Connection, organisation: str) -> None:
        self._connection = connection
        self._organisation = organisation

    def add(
        self, name: str, roles: Iterable[Role], created_by: str, expires_at: datetime | None = None
    ) -> tuple[StoredKey, str]:
        """A new key, and its text, which cannot be had again."""
        key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        row = {
            "id": key_id,
            "organisation_id": self._organisation,
            "name": name,
            "roles": sorted(set(roles)),
            "secret_hash": _hash(secret),
            "created_by": created_by,
            "expires_at": expires_at,
        }
        self._connection.execute(insert(tables.api_keys).values(row))
        return self.get(key_id), f"{KEY_PREFIX}_{key_id}_{secret}"

    def get(self, key_id: str) -> StoredKey:
        """The key of this id.

        Raises:
            KeyNotFoundError: if the organisation has none.
        """
        keys = tables.api_keys.c
        query = select(tables.api_keys).where(keys.id == key_id, keys.organisation_id == self._organisation)
        row = self._connection.execute(query).mappings().one_or_none()
        if row is None:
            raise KeyNotFoundError(key_id)
        return _key_of(row)

    def list(self) -> list[StoredKey]:
        """All keys, revoked ones too, the newest first."""
        keys = tables.api_keys.c
        query = select(tables.api_keys).where(keys.organisation_id == self._organisation)
        return [
            _key_of(row)
            for row in self._connection.execute(query.order_by(keys.recorded_at.desc(), keys.id)).mappings()
        ]

    def revoke(self, key_id: str) -> StoredKey:
        """Let the key open nothing from now on; all processes notice within a second. Again changes nothing.

        Raises:
            KeyNotFoundError: if the organisation has none of this id.
        """
        if self.get(key_id).revoked_at is None:
            self._change(key_id, revoked_at=now())
        return self.get(key_id)

    def rotate(self, key_id: str, created_by: str, old_until: datetime) -> tuple[StoredKey, str]:
        """A new key with the name and roles of this one, which opens until an instant, so that clients can change over.

        Raises:
            KeyNotFoundError: if the organisation has none of this id.
        """
        old = self.get(key_id)
        if old.expires_at is None or old_until < old.expires_at:
            self._change(key_id, expires_at=old_until)
        return self.add(old.name, old.roles, created_by)

    def _change(self, key_id: str, **values: datetime) -> None:
        query = update(tables.api_keys).where(
            tables.api_keys.c.id == key_id, tables.api_keys.c.organisation_id == self._organisation
        )
        self._connection.execute(query.values(**values, revision=func.nextval(text("'api_key_revisions'"))))


def find_key(connection: Connection, given: str) -> StoredKey | None:
    """The key with this text, whosever it is; None if there is none, or the secret is another.

    It takes a connection that sees all organisations: the key is what says whose data may be seen.
    """
    prefix, _, rest = given.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != KEY_PREFIX or not secret or not key_id.isalnum():
        return None
    query = select(tables.api_keys).where(tables.api_keys.c.id == key_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None or not hmac.compare_digest(row["secret_hash"], _hash(secret)):
        return None
    return _key_of(row)


def note_use(connection: Connection, used: dict[str, datetime]) -> None:
    """Write down when keys were used last, by id."""
    keys = tables.api_keys
    for key_id, at in sorted(used.items()):  # in one order everywhere, so that two processes never wait for each other
        newest = func.greatest(keys.c.last_used_at, at)
        connection.execute(update(keys).where(keys.c.id == key_id).values(last_used_at=newest))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key_of(row: RowMapping) -> StoredKey:
    return StoredKey(
        id=row["id"],
        organisation=row["organisation_id"],
        name=row["name"],
        roles=frozenset(Role(role) for role in row["roles"]),
        created_by=row["created_by"],
        recorded_at=row["recorded_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
