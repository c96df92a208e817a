"""A target's snapshots: which there are, the newest, and how one comes into force.

`latest.json` names the snapshot in force. It is written last, so that it never names half of one: whatever is newer
than it was left by a run that was killed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ValidationError

from leadwise.store.tables import DEFAULT_ORGANISATION
from leadwise.training.feature_store.errors import DamagedSnapshotError, NoSnapshotError
from leadwise.training.feature_store.folders import Folder, RemoteFolder, Writer
from leadwise.training.feature_store.quality import Quality

FEATURES, TRAINING, QUALITY, LATEST = "features.parquet", "training.parquet", "quality.json", "latest.json"
KEPT = 10
"""So many snapshots of a target are kept."""
LEFT_ALONE = timedelta(days=1)
"""Where nothing can be locked, a younger folder may be one that somebody is writing."""
_STAMP = "%Y%m%dT%H%M%S%fZ"


class Latest(BaseModel):
    """What `latest.json` says."""

    snapshot: str
    as_of: datetime
    made_at: datetime
    fingerprint: str
    found_kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that was read.

    Args:
        name: Its folder.
        as_of: The instant that the open leads' features are of.
        fingerprint: Of the target and all definitions.
        features: The open leads: `lead_source`, `lead_id`, `group`, `arrived_at`, `as_of`, one column per feature.
        training: The same of landmarks, with `outcome` and `digest`.
        found_kinds: The kinds of events that the target lacked and that were given words (`features.found_kinds`).
    """

    name: str
    as_of: datetime
    fingerprint: str
    features: pa.Table
    training: pa.Table
    found_kinds: tuple[str, ...] = ()


def shelf_name(target: str, organisation: str) -> str:
    """The folder of a target's snapshots: its name, and the organisation's unless that is the default one.

    >>> shelf_name("sold", "default"), shelf_name("../sold", "a@b")
    ('sold', '%2E%2E%2Fsold@a%40b')
    """
    names = [target] if organisation == DEFAULT_ORGANISATION else [target, organisation]
    return "@".join(quote(name, safe=" ").replace(".", "%2E") for name in names)


def shelves_of(store: Folder, organisation: str) -> "list[Shelf]":
    """The snapshots of all targets of an organisation."""
    suffix = shelf_name("", organisation)
    return [Shelf(store.below(name)) for name in store.names() if name.removeprefix(name.partition("@")[0]) == suffix]


class Shelf:
    """The snapshots of one target, in its folder."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def find_latest(self) -> Latest | None:
        """What is in force; None if nothing ever was.

        Raises:
            DamagedSnapshotError, StoreNotReachedError: as they say.
        """
        content = self.folder.find(LATEST)
        if content is None:
            return None
        try:
            return Latest.model_validate_json(content)
        except ValidationError as error:
            reason = f"{LATEST} is not what leadwise writes"
            raise DamagedSnapshotError(self.folder.where, reason) from error

    def get(self) -> Snapshot:
        """The snapshot in force.

        Raises:
            NoSnapshotError: if there is none.
            DamagedSnapshotError, StoreNotReachedError: as they say.
        """
        latest = self.find_latest()
        if latest is None:
            raise NoSnapshotError(self.folder.where)
        features, training = (self.read(latest.snapshot, name) for name in (FEATURES, TRAINING))
        return Snapshot(latest.snapshot, latest.as_of, latest.fingerprint, features, training, latest.found_kinds)

    def list(self) -> list[str]:
        """The snapshots that are kept, the oldest first."""
        return [name for name in self.folder.names() if _made_at(name) is not None]

    def read(self, snapshot: str, name: str) -> pa.Table:
        """One of a snapshot's tables.

        Raises:
            DamagedSnapshotError, StoreNotReachedError: as they say.
        """
        content = self.folder.find(f"{snapshot}/{name}")
        where = f"{self.folder.where}/{snapshot}"
        if content is None:
            raise DamagedSnapshotError(where, f"{name} is not there")
        try:
            return pq.ParquetFile(pa.BufferReader(content)).read()
        except (pa.ArrowInvalid, OSError) as error:
            raise DamagedSnapshotError(where, f"{name} cannot be read") from error

    def publish(self, quality: Quality, features: pa.Table, training: pa.Table) -> str:
        """Write a snapshot, and let it be in force; gives its name.

        What was left by killed runs goes first, and the oldest snapshots after. Only for who holds the folder alone.
        """
        latest = self.find_latest()
        self.remove_leftovers()
        name = _name_after(quality.made_at, None if latest is None else latest.snapshot)
        content = quality.model_dump_json(indent=2).encode()
        self.folder.write_folder(
            name, {FEATURES: parquet(features), TRAINING: parquet(training), QUALITY: lambda file: file.write(content)}
        )
        now_in_force = Latest(
            snapshot=name,
            as_of=quality.as_of,
            made_at=quality.made_at,
            fingerprint=quality.fingerprint,
            found_kinds=quality.found_kinds,
        )
        self.folder.write(LATEST, lambda file: file.write(now_in_force.model_dump_json(indent=2).encode()))
        for old in self.list()[:-KEPT]:
            self.folder.remove(old)
        return name

    def remove_leftovers(self) -> None:
        """Delete what came never into force."""
        latest = self.find_latest()
        self.folder.remove_parts()
        for name in self.list():
            if (latest is None or name > latest.snapshot) and not self._may_be_written(name):
                self.folder.remove(name)

    def _may_be_written(self, name: str) -> bool:
        made_at = _made_at(name)
        young = made_at is not None and datetime.now(UTC) - made_at < LEFT_ALONE
        return young and isinstance(self.folder, RemoteFolder)


def parquet(table: pa.Table) -> Writer:
    """Writes a table as Parquet."""
    return lambda file: pq.write_table(table, file, compression="zstd")


def _made_at(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _name_after(made_at: datetime, latest: str | None) -> str:
    """The stamp as a name; the next one after the latest, if the clock went back."""
    before = None if latest is None else _made_at(latest)
    if before is not None and made_at <= before:
        made_at = before + timedelta(microseconds=1)
    return made_at.strftime(_STAMP)
