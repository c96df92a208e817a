"""Requests that may come twice and are to be done once."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class KeptAnswer:
    """An answer as it was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reservation:
    """What became of asking for an idempotency key.

    Args:
        is_new: Whether whoever asked is to do the work.
        is_same: Whether the request that came with the key before was the same one.
        answer: What that one was answered; None while it is being worked on.
    """

    is_new: bool
    is_same: bool = True
    answer: KeptAnswer | None = None
