"""The leads of segments, and which values segments have."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from leadwise.domain.lead import Fields
from leadwise.domain.segments import Segments, UnknownSegmentValueError
from leadwise.domain.target import Target
from leadwise.store import tables
from leadwise.store.current_fields import as_text, read_current_fields
from leadwise.store.listing import LeadName
from leadwise.store.present_fields import as_table, read_present_fields


class SegmentRepository:
    """One organisation's leads by the segments of a target, by what is known of their fields.

    Args:
        connection: Whose transaction.
        organisation: Whose leads.
        target: Names the segments.
        as_of: By what was known at that instant; None: by what is known now, which is kept in memory.
    """

    def __init__(
        self, connection: Connection, organisation: str, target: Target, as_of: datetime | None = None
    ) -> None:
        self._connection = connection
        self._organisation = organisation
        self._target = target
        self._as_of = as_of

    def count_values(self) -> dict[str, Counter[str]]:
        """By segment, each value that leads have, and how many of them, ended ones too."""
        return {name: self._count(name) for name in self._target.segments}

    def find_leads(self, wanted: Segments) -> list[int]:
        """The numbers of the leads that are in all of these segments.

        Raises:
            UnknownSegmentValueError: if no lead has one of the values.
        """
        for name, values in wanted.items():
            missing = set(values).difference(self._values(name).unique().to_pylist())
            if missing:
                raise UnknownSegmentValueError(name, min(missing, key=values.index), self._count(name))
        within = [pc.is_in(self._values(name), pa.array(values, pa.string())) for name, values in wanted.items()]
        found: Any = self._known.filter(reduce(pc.and_, within)) if within else self._known
        return list(found["lead"].to_pylist())

    def find_names(self, wanted: Segments) -> set[LeadName]:
        """The same by (source, external_id)."""
        leads = tables.leads.c
        query = select(leads.source, leads.external_id).where(among(leads.id, self.find_leads(wanted)))
        return {(source, external_id) for source, external_id in self._connection.execute(query)}

    def _count(self, name: str) -> Counter[str]:
        counted = self._values(name).drop_null().value_counts()
        return Counter(dict(zip(*(counted.field(part).to_pylist() for part in (0, 1)), strict=True)))

    def _values(self, name: str) -> "pa.ChunkedArray[pa.StringScalar]":
        return self._known[f"value_{self._target.segments.index(name)}"]

    @cached_property
    def _known(self) -> pa.Table:
        """What all leads say of the target's segments."""
        asked = self._connection, self._organisation, self._target.entity, self._target.segments
        if self._as_of is None:
            return read_present_fields(*asked)
        return as_table(self._target.segments, read_current_fields(*asked, self._as_of))


def among(column: ColumnElement[int], leads: Sequence[int]) -> ColumnElement[bool]:
    """Whether a lead is one of these, which are one parameter however many they are.

    They are rows to the database, which are looked up by their hash: an array that it does not know when it plans, as
    in a statement that it has prepared, is gone through for each lead.
    """
    return column.in_(select(func.unnest(bindparam(None, list(leads), ARRAY(BigInteger), unique=True))))


def is_within(wanted: Segments, said: Fields) -> bool:
    """Whether a lead whose fields say this is in all of the segments."""
    return all(as_text(said.get(name)) in values for name, values in wanted.items())
