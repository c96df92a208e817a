"""What was known of leads when they were scored: which features had a value, and what a blueprint's rules say of them.

It is computed again from the history, as of the instant of each score, and remembered: numbers of leads and bits, no
facts of anybody.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection

from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.history import MOMENTS, microseconds
from leadwise.features.engines import Engine
from leadwise.features.history import compute, definitions
from leadwise.scoring.lead_history import read_leads
from leadwise.scoring.rules import POINTS_PER_NAT

MOST_REMEMBERED = 200_000
"""Leads of which facts are kept in memory, some 200 bytes each."""
AT_ONCE = 2_000
"""Leads are read by their numbers, so many at a time, so that memory does not grow with the organisation."""

Moment = tuple[int, datetime]
"""A lead's number, and the instant of its score."""


@dataclass(frozen=True, slots=True)
class ScoredFacts:
    """What was known of one lead when it was scored.

    Args:
        given: One bit for each feature that can lack a value, in their order, packed: 1 where there was one.
        rules: What the blueprint's rules add to its log-odds.
    """

    given: bytes
    rules: float


NOTHING = ScoredFacts(b"", 0.0)


class ScoredFactsReader:
    """Reads facts of leads for one blueprint, and remembers them. Safe to share between threads.

    `features` are the names of those features that can lack a value; counts of events, say, always have one.

    Args:
        blueprint: Whose features and rules.
        engine: What computes features.
    """

    def __init__(self, blueprint: Blueprint, engine: Engine) -> None:
        self._blueprint = blueprint
        self._engine = engine
        self._known: OrderedDict[tuple[str, Moment], ScoredFacts] = OrderedDict()
        self._reading = threading.Lock()
        self.features = tuple(each.name for each in definitions(blueprint.target) if each.missing)

    def get(self, connection: Connection, organisation: str, moments: Sequence[Moment]) -> list[ScoredFacts]:
        """The facts of leads, each as of its own instant, in their order; nothing is known of those that are gone."""
        with self._reading:  # what several ask for at once is computed once
            missing = [moment for moment in moments if (organisation, moment) not in self._known]
            for begin in range(0, len(missing), AT_ONCE):
                self._read(connection, organisation, missing[begin : begin + AT_ONCE])
            found = [self._known.get((organisation, moment), NOTHING) for moment in moments]
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _read(self, connection: Connection, organisation: str, moments: Sequence[Moment]) -> None:
        target = self._blueprint.target
        leads, instants = [lead for lead, _ in moments], [microseconds(as_of) for _, as_of in moments]
        every = pa.table([leads, instants], schema=MOMENTS)
        history = read_leads(connection, organisation, target, leads, instants)
        there = pc.is_in(every["lead"], history.leads["lead"].combine_chunks())
        asked = list(compress(moments, there.to_pylist()))
        table = compute(target, history, every.filter(there), self._engine)
        packed = np.packbits(_given(table, self.features), axis=1)
        for moment, bits, rules in zip(asked, packed, self._rules(table), strict=True):
            self._known[organisation, moment] = ScoredFacts(bits.tobytes(), rules)

    def _rules(self, table: pa.Table) -> Iterable[float]:
        names = list(dict.fromkeys(rule.column for rule in self._blueprint.rules))
        rows = table.select(names).to_pylist() if names else [{}] * table.num_rows
        return [self._blueprint.points(row) / POINTS_PER_NAT for row in rows]


def given_shares(facts: Sequence[ScoredFacts], features: int) -> NDArray[np.float64]:
    """For each feature, the share of leads of which it had a value; NaN without leads.

    >>> given_shares([ScoredFacts(bytes([0b1000_0000]), 0), ScoredFacts(bytes([0b1100_0000]), 0)], 2).tolist()
    [1.0, 0.5]
    """
    known = [each.given for each in facts if each.given]
    if not known or not features:
        return np.full(features, np.nan)
    rows = np.frombuffer(b"".join(known), np.uint8).reshape(len(known), -1)
    return np.asarray(np.unpackbits(rows, axis=1, count=features).mean(axis=0))


def _given(table: pa.Table, features: Sequence[str]) -> NDArray[np.bool_]:
    columns = [table[name].is_valid().to_numpy() for name in features]
    return np.column_stack(columns) if columns else np.zeros((table.num_rows, 0), dtype=bool)
