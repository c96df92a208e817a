"""What became of rows that were to be stored."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rejection:
    """A row that was not stored, and why.

    Args:
        source: The row's source.
        external_id: The row's identifier there; for a score, its lead's.
        reason: A sentence for people.
        position: Which of the rows of a table it was, from 1; None where things came one by one.
    """

    source: str
    external_id: str
    reason: str
    position: int | None = None


@dataclass(frozen=True)
class AddResult:
    """What became of all rows: each was added, changed something, said nothing new, or was rejected.

    Args:
        added: Rows that are new.
        unchanged: Rows that were stored already.
        changed: Rows that told of changed fields, or took the place of what was stored, since they were recorded first.
        rejected: Rows that cannot be stored; all others were.
    """

    added: int
    unchanged: int
    changed: int = 0
    rejected: tuple[Rejection, ...] = ()
