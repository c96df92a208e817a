"""Whose turn it is to train: one at a time, in all processes; a turn ends with its transaction, however that ends."""

from sqlalchemy import Connection, text

_TAKE = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


def take_turn(connection: Connection, organisation: str, target: str) -> bool:
    """Take the turn of a target until the transaction ends; says whether nobody else has it."""
    taken: bool | None = connection.scalar(_TAKE, {"name": f"leadwise training {organisation!r} {target!r}"})
    return bool(taken)
