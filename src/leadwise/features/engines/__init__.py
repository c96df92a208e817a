"""Engines run one SQL statement over named tables; what differs between them is a `Dialect`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pyarrow as pa

Tables = Mapping[str, pa.Table | Path]
"""By the name that a statement has for it: a table in memory, or a Parquet file or folder of them."""


class Dialect(Protocol):
    """The few words that engines spell differently; all else is SQL that all of them understand.

    Dialects that spell alike are equal: what was compiled for one is kept for the other.
    """

    def __hash__(self) -> int: ...

    def count_if(self, condition: str) -> str:
        """An aggregate: in how many rows the condition is met, as a bigint."""
        ...

    def power_of_two(self, exponent: str) -> str:
        """A bigint with one bit set, of an integer expression from 0 to 62."""
        ...


class Engine(Protocol):
    """Something that runs statements."""

    @property
    def dialect(self) -> Dialect:
        """How statements for it are written."""
        ...

    @property
    def moments_at_once(self) -> int:
        """How many moments one statement may have, so that memory stays bounded."""
        ...

    @property
    def statements_at_once(self) -> int:
        """How many statements run best at the same time, each called for by a thread of its own."""
        ...

    def suited_to(self, rows: int, columns: int) -> "Engine":
        """What runs statements over so many rows, with a result of so many columns: this engine, or a quicker one."""
        ...

    def run(self, statement: str, tables: Tables, columns: pa.Schema | None = None) -> pa.Table:
        """The statement's result, in the order that it asks for, if any.

        Args:
            statement: In its dialect.
            tables: What it reads.
            columns: The names and types that the result has; None: those that follow from the tables.

        Raises:
            EngineError: if the engine cannot go on: memory, disk, a lost cluster.
        """
        ...
