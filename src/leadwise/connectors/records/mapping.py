"""A mapping file: what the columns of a file of leads, events or outcomes are.

Keys at the top hold for all three kinds of files, those under [leads], [events] and [outcomes] for one kind. What a
mapping leaves open is taken from columns with the standard names, which are those of the keys.
"""

import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator

from leadwise.connectors.records.mistakes import MappingError, describe, lines_by_key, suggestion
from leadwise.connectors.tables.source import reading


class RecordKind(StrEnum):
    """What the rows of a file are."""

    LEADS = "leads"
    EVENTS = "events"
    OUTCOMES = "outcomes"


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(_Words):
    """Where a value comes from: a column, or the same for all rows."""

    column: str | None = None
    constant: str | bool | None = None


def _column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


def _constant(value: object) -> object:
    return {"constant": value} if isinstance(value, str) else value


Named = Annotated[Origin, BeforeValidator(_column)]
"""A plain text names a column; `{ constant = "..." }` says the value itself."""
Said = Annotated[Origin, BeforeValidator(_constant)]
"""A plain text is the value itself; `{ column = "..." }` names a column."""


class Roles(_Words):
    """What is what in one kind of file; None where the mapping leaves it open."""

    source: Said | None = None
    entity: str | None = None
    target: Said | None = None
    lead_source: Said | None = None
    lead: Named | None = None
    external_id: Named | None = None
    kind: Named | None = None
    occurred_at: Named | None = None
    recorded_at: Named | None = None
    won: Named | None = None
    value: Named | None = None
    merged_into: Named | None = None
    fields: tuple[str, ...] | dict[str, str] | None = None
    """The columns that become fields, or the fields' names with their columns; None: all that have no other role."""
    timezone: str | None = None
    """In which zone stamps without one were written ("Europe/Berlin")."""
    stamps: str | None = None
    """How stamps are written ("%d.%m.%Y %H:%M"; unix, unix_ms: since 1970); None: as ISO 8601 has it."""

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            message = f'there is no time zone "{zone}"{suggestion(zone, available_timezones())}'
            raise ValueError(message)
        return zone


class _File(Roles):
    leads: Roles = Roles()
    events: Roles = Roles()
    outcomes: Roles = Roles()


@dataclass(frozen=True)
class Mapping:
    """The mapping of one kind of file.

    Args:
        kind: What its rows are.
        roles: What is what.
        name: What the mapping is called in errors.
        lines: The line of each key, where it was read from a file.
    """

    kind: RecordKind
    roles: Roles = field(default_factory=Roles)
    name: str = "The file"
    lines: dict[str, int] = field(default_factory=dict)


def read_mapping(path: Path, kind: RecordKind) -> Mapping:
    """What a mapping file says of one kind of file.

    Raises:
        MappingError: if it is no TOML, or has keys or values that it should not; with line and suggestion.
        TableNotFoundError and its kin: if it cannot be read.
    """
    with reading(path):
        content = path.read_bytes()
    try:
        document = content.decode()
        found = _File.model_validate(tomllib.loads(document))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MappingError(str(path), (f"it is no TOML: {error}",)) from error
    except ValidationError as error:
        raise MappingError(str(path), describe(error, document, _File)) from error
    part = getattr(found, kind)
    said = {name: getattr(found, name) for name in Roles.model_fields} | part.model_dump(exclude_unset=True)
    lines = lines_by_key(document)
    own = {key.removeprefix(f"{kind}."): line for key, line in lines.items() if key.startswith(f"{kind}.")}
    return Mapping(kind, Roles.model_validate(said), str(path), lines | own)
