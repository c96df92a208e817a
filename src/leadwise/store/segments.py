"""The leads of segments, and which values segments have."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property

from sqlalchemy import BigInteger, ColumnElement, Connection, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from leadwise.domain.lead import Fields
from leadwise.domain.segments import Segments, UnknownSegmentValueError
from leadwise.domain.target import Target
from leadwise.store import tables
from leadwise.store.current_fields import as_text, read_current_fields
from leadwise.store.listing import LeadName


class SegmentRepository:
    """One organisation's leads by the segments of a target, by what was known of their fields as of an instant."""

    def __init__(self, connection: Connection, organisation: str, target: Target, as_of: datetime) -> None:
        self._connection = connection
        self._organisation = organisation
        self._target = target
        self._as_of = as_of

    def count_values(self) -> dict[str, Counter[str]]:
        """By segment, each value that leads have, and how many of them, ended ones too."""
        return _count(self._known, self._target.segments)

    def find_leads(self, wanted: Segments) -> list[int]:
        """The numbers of the leads that are in all of these segments.

        Raises:
            UnknownSegmentValueError: if no lead has one of the values.
        """
        for name, count in _count(self._known, wanted).items():
            for value in wanted[name]:
                if not count[value]:
                    raise UnknownSegmentValueError(name, value, count)
        return [lead for lead, said in self._known.items() if is_within(wanted, said)]

    def find_names(self, wanted: Segments) -> set[LeadName]:
        """The same by (source, external_id)."""
        leads = tables.leads.c
        query = select(leads.source, leads.external_id).where(among(leads.id, self.find_leads(wanted)))
        return {(source, external_id) for source, external_id in self._connection.execute(query)}

    @cached_property
    def _known(self) -> dict[int, Fields]:
        """What all leads say of the target's segments: read once, since a page needs it more than once."""
        fields = self._target.segments
        return read_current_fields(self._connection, self._organisation, self._target.entity, fields, self._as_of)


def among(column: ColumnElement[int], leads: Sequence[int]) -> ColumnElement[bool]:
    """Whether a lead is one of these, which are one parameter however many they are."""
    return column == any_(bindparam(None, list(leads), ARRAY(BigInteger), unique=True))


def is_within(wanted: Segments, said: Fields) -> bool:
    """Whether a lead whose fields say this is in all of the segments."""
    return all(as_text(said.get(name)) in values for name, values in wanted.items())


def _count(known: dict[int, Fields], names: Iterable[str]) -> dict[str, Counter[str]]:
    return {name: Counter(filter(None, (as_text(said.get(name)) for said in known.values()))) for name in names}
