"""What each column of one file is: its mapping, and the standard names where that leaves something open."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadwise.connectors.records.mapping import Mapping, Origin, RecordKind
from leadwise.connectors.records.mistakes import MappingError, suggestion

_ROLES = {
    RecordKind.LEADS: ("source", "external_id", "occurred_at", "recorded_at", "merged_into"),
    RecordKind.EVENTS: ("source", "external_id", "lead_source", "lead", "kind", "occurred_at", "recorded_at"),
    RecordKind.OUTCOMES: (
        "source", "external_id", "lead_source", "lead", "target", "won", "value", "occurred_at", "recorded_at",
    ),
}  # fmt: skip
_OPTIONAL = frozenset({"lead_source", "recorded_at", "value", "merged_into"})
SAID = frozenset({"source", "target", "lead_source"})
"""Roles of which a mapping says the value rather than a column."""
LEAD = "lead"
"""The entity of leads of which nothing else is said."""


@dataclass(frozen=True)
class RecordColumns:
    """What each column of a file is.

    Args:
        kind: What its rows are.
        roles: Where each value comes from. Without recorded_at, all is recorded now; without external_id, an event or
            an outcome is known by its content; without lead_source, its lead is of the same source.
        fields: The name of each field, with its column.
        left_alone: Columns that are not read.
        entity: What kind of things the leads are.
        timezone: In which zone stamps without one were written; None: they are rejected.
        stamps: How stamps are written; None: as ISO 8601 has it.
    """

    kind: RecordKind
    roles: dict[str, Origin]
    fields: dict[str, str]
    left_alone: tuple[str, ...]
    entity: str
    timezone: str | None
    stamps: str | None


def assign_columns(mapping: Mapping, names: Sequence[str]) -> RecordColumns:
    """What each of the columns is.

    Raises:
        MappingError: if the mapping names columns that are not there, or something necessary is left open.
    """
    mistakes: list[str] = []
    roles = {role: origin for role in _ROLES[mapping.kind] if (origin := _find(mapping, role, names)) is not None}
    for role in _ROLES[mapping.kind]:
        mistakes += _mistakes(mapping, role, roles.get(role), names)
    fields = _fields(mapping, names, {origin.column for origin in roles.values()})
    for column in fields.values():
        if column not in names:
            mistakes.append(_absent(mapping, "fields", column, names))
    if mistakes:
        raise MappingError(mapping.name, mistakes)
    read = {*fields.values(), *(origin.column for origin in roles.values())}
    left_alone = tuple(name for name in names if name not in read)
    said = mapping.roles
    return RecordColumns(
        mapping.kind, roles, fields, left_alone, said.entity or LEAD, said.timezone, said.stamps
    )  # fmt: skip


def _find(mapping: Mapping, role: str, names: Sequence[str]) -> Origin | None:
    if role == "recorded_at" and mapping.roles.recorded_at == Origin(column="occurred_at"):
        return _find(mapping, "occurred_at", names)
    if mapping.kind is RecordKind.LEADS and role == "external_id":
        return mapping.roles.lead or mapping.roles.external_id or _standard(("external_id", "lead"), names)
    said: Origin | None = getattr(mapping.roles, role)
    return said or _standard((role,), names)


def _standard(roles: tuple[str, ...], names: Sequence[str]) -> Origin | None:
    return next((Origin(column=role) for role in roles if role in names), None)


def _mistakes(mapping: Mapping, role: str, origin: Origin | None, names: Sequence[str]) -> list[str]:
    by_content = role == "external_id" and mapping.kind is not RecordKind.LEADS
    if origin is None:
        return [] if role in _OPTIONAL or by_content else [_open(role, names)]
    if (origin.column is None) == (origin.constant is None):
        return [f"{_where(mapping, role)}{role} needs either a column or a constant"]
    if origin.column is not None and origin.column not in names:
        return [_absent(mapping, role, origin.column, names)]
    return []


def _absent(mapping: Mapping, key: str, column: str, names: Sequence[str]) -> str:
    return f'{_where(mapping, key)}{key} names the column "{column}", which is not there{suggestion(column, names)}'


def _open(role: str, names: Sequence[str]) -> str:
    example = '"..."' if role in SAID else '"a column"'
    return f"nothing says {role}: add {role} = {example} to a mapping (--map){suggestion(role, names)}"


def _where(mapping: Mapping, key: str) -> str:
    line = mapping.lines.get(key)
    return "" if line is None else f"line {line}: "


def _fields(mapping: Mapping, names: Sequence[str], taken: set[str | None]) -> dict[str, str]:
    if mapping.kind is RecordKind.OUTCOMES:
        return {}
    said = mapping.roles.fields
    if isinstance(said, dict):
        return dict(said)
    return {name: name for name in (said if said is not None else names) if said is not None or name not in taken}
