"""Every way in which the store refuses. No message ever holds a password."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from shlex import quote

from leadwise.domain.errors import Conflict, Forbidden, Invalid, Missing, Unavailable


class UnusableDatabaseUrlError(Invalid):
    """The database URL is not one of PostgreSQL. The URL itself is not repeated: it may hold a password."""

    code = "unusable_database_url"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The database URL must look like postgresql://user:password@host:5432/database, but {reason}. "
            "Correct it, or leave it out to use the embedded PostgreSQL."
        )


class ServerUnreachableError(Unavailable):
    """No PostgreSQL answers at the address, or it stopped answering."""

    code = "database_unreachable"

    def __init__(self, address: str, reason: str) -> None:
        self.address, self.reason = address, reason
        super().__init__(
            f"A PostgreSQL server was expected at {address}, but it does not answer ({reason}). "
            "Check that it runs and that host and port are right, then try again."
        )


class LoginRefusedError(Forbidden):
    """The server does not let this user in with this password."""

    code = "database_login_refused"

    def __init__(self, address: str, reason: str) -> None:
        self.address, self.reason = address, reason
        super().__init__(
            f"The PostgreSQL server at {address} refused the login ({reason}). "
            "Check the user name and the password in the database URL."
        )


class UnknownDatabaseError(Missing):
    """The server answers but has no such database."""

    code = "unknown_database"

    def __init__(self, address: str, database: str) -> None:
        self.address, self.database = address, database
        super().__init__(
            f'The PostgreSQL server at {address} has no database "{database}". '
            f'Create it (createdb "{database}"), or correct its name in the database URL.'
        )


class DatabaseForbiddenError(Forbidden):
    """The user may log in, but lacks a right inside the database."""

    code = "database_forbidden"

    def __init__(self, address: str, reason: str) -> None:
        self.address, self.reason = address, reason
        super().__init__(
            f"The database user may not do this at {address} ({reason}). "
            "Its user must own the tables of leadwise, or be allowed to create them in its schema."
        )


class DiskFullError(Unavailable):
    """The disk of the database has no room left; what was being stored was not."""

    code = "disk_full"

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"The database at {place} needs room on its disk, but the disk is full. "
            "Nothing of the last step was stored; free some space and try again."
        )


class RowsBusyError(Conflict):
    """Another program holds the same rows, such as somebody's own SQL: leadwise's own steps wait for each other."""

    code = "rows_busy"

    def __init__(self, address: str, reason: str) -> None:
        self.address, self.reason = address, reason
        super().__init__(
            f"The step should have had its rows at {address} to itself, but another program was at work on them "
            f"({reason}). Nothing of the step was stored; try again."
        )


class FolderForbiddenError(Forbidden):
    """The data folder cannot be written."""

    code = "folder_forbidden"

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder, self.reason = folder, reason
        super().__init__(
            f"The database needs a folder that it can write, but {folder} cannot be used ({reason}). "
            "Choose another data folder, or change its owner to the user who runs leadwise."
        )


class ServerStartError(Unavailable):
    """The embedded PostgreSQL did not start."""

    code = "database_start_failed"

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder, self.reason = folder, reason
        super().__init__(
            f"The embedded PostgreSQL should have started in {folder}, but did not ({reason}). "
            f"{folder / 'server.log'} says more; the database URL of another server can be used instead."
        )


class ClusterVersionError(Conflict):
    """The data folder was written by another major version of PostgreSQL."""

    code = "cluster_version"

    def __init__(self, folder: Path, expected: str, found: str) -> None:
        self.folder, self.expected, self.found = folder, expected, found
        super().__init__(
            f"{folder} should hold data of PostgreSQL {expected}, but holds data of PostgreSQL {found}. "
            "Upgrade it with pg_upgrade, or choose another data folder."
        )


class AccountError(Unavailable):
    """Started as root, and there is no unprivileged account that PostgreSQL could run as."""

    code = "database_account"

    def __init__(self, account: str, reason: str) -> None:
        self.account, self.reason = account, reason
        super().__init__(
            f'PostgreSQL never runs as root and needs the system account "{account}", which cannot be made ({reason}). '
            f"Make it (useradd --system {account}), run leadwise as another user, or give a database URL."
        )


class NewerSchemaError(Conflict):
    """The database was migrated by a newer leadwise."""

    code = "newer_schema"

    def __init__(self, expected: str, found: str) -> None:
        self.expected, self.found = expected, found
        super().__init__(
            f"This leadwise knows the database up to schema {expected}, but the database is at schema {found}: "
            "a newer leadwise has used it. Update leadwise."
        )


class OrganisationNotFoundError(Missing):
    """No organisation has this name; the nearest names are offered."""

    code = "organisation_not_found"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(known)
        folded = {other.casefold(): other for other in reversed(known)}
        near = [folded[other] for other in get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)]
        meant = "; did you mean " + " or ".join(f'"{other}"' for other in near) + "?" if near else "."
        super().__init__(
            f'There is no organisation "{name}"{meant} A new one begins with '
            f"`leadwise import leads FILE --organisation {quote(name)} --create-organisation`."
        )


class LeadNotFoundError(Missing):
    """No lead has this source and external id."""

    code = "lead_not_found"

    def __init__(self, source: str, external_id: str) -> None:
        self.source, self.external_id = source, external_id
        super().__init__(
            f'There is no lead "{external_id}" from "{source}". Check both, or import the table that holds it.'
        )


class ModelNotFoundError(Missing):
    """No model has this version."""

    code = "model_not_found"

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(f'There is no model version "{version}". List the models to see which there are.')


class ModelRemovedError(Missing):
    """The card of this version is kept, its file is not."""

    code = "model_removed"

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f'The file of model version "{version}" was removed as an old one. '
            "Choose a newer version, or fit the model again."
        )


class ModelVersionTakenError(Conflict):
    """Another model is stored under this version."""

    code = "model_version_taken"

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f'Model version "{version}" is stored already, with another target or other content. '
            "A version never changes: store the new model under a version of its own."
        )


class LedgerFullError(Unavailable):
    """Scores come in faster than they can be written down."""

    code = "ledger_full"

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        super().__init__(
            f"Each score is written down before it is said, but {waiting:,} are waiting for the database already. "
            "Send fewer requests at once, and try this one again in a while."
        )


class LedgerClosedError(Unavailable):
    """The service is stopping."""

    code = "ledger_closed"

    def __init__(self) -> None:
        super().__init__(
            "Each score is written down before it is said, but the service is stopping. Try again in a while."
        )


class UnwritableScoreError(Invalid):
    """The database cannot hold a score."""

    code = "unwritable_score"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Each score is written down before it is said, but the database cannot hold this one ({reason}). "
            "Check that the organisation still exists, and that its model gives numbers."
        )
