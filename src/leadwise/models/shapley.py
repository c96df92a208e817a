"""Shapley values of any game: what each player adds, averaged over all orders in which players may join.

A game gives the worth of coalitions; here players are features, and a coalition is the set of features whose values are
known. Few players are enumerated; for many, orders are drawn. Both ways the values add up exactly.

Source: Shapley 1953, A value for n-person games; Castro, Gómez and Tejada 2009 for drawn orders; Mitchell et al. 2022,
Sampling permutations for Shapley value estimation, section 4.1 for antithetic pairs.
"""

from collections.abc import Callable
from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats

Coalitions = NDArray[np.bool_]
Game = Callable[[Coalitions], Floats]
"""The worth of coalitions: membership of shape (..., players) to worth of shape (...)."""

MOST_ENUMERATED = 10
"""More players than this have too many coalitions to look at each."""
TOLERANCE = 0.005
"""Drawing ends when the standard error of every value is below this: a thousandth of a probability."""
PAIRS_AT_ONCE, MOST_PAIRS = 32, 1024


def shapley_values(game: Game, players: int, unit: float = 1.0) -> Floats:
    """Each player's value, shape (players,); they add up to the worth of all less that of none.

    Args:
        game: The worth of coalitions.
        players: How many there are.
        unit: What `TOLERANCE` is a share of, where there are more than `MOST_ENUMERATED` players.

    >>> shapley_values(lambda coalitions: coalitions.all(axis=-1) * 6.0, players=3).round(9).tolist()
    [2.0, 2.0, 2.0]
    """
    if players <= MOST_ENUMERATED:
        coalitions, weights = _enumerated(players)
        return np.asarray(weights @ game(coalitions))
    return _drawn(game, players, TOLERANCE * unit)


@cache
def _enumerated(players: int) -> tuple[Coalitions, Floats]:
    """All coalitions, and how much the worth of each adds to each player's value. Shape (players, coalitions)."""
    coalitions = (np.arange(2**players)[:, None] >> np.arange(players)) % 2 == 1
    size = coalitions.sum(axis=1)
    joining = np.array([1 / (players * comb(players - 1, others)) for others in range(players)] or [0.0])
    weights = np.where(coalitions.T, joining[np.maximum(size - 1, 0)], -joining[np.minimum(size, len(joining) - 1)])
    return coalitions, np.asarray(weights)


def _drawn(game: Game, players: int, tolerance: float) -> Floats:
    """Means over drawn orders, each with its reverse. The same orders for every row, so a row is the same in any batch.

    Each order's values add up exactly, and so do their means.
    """
    total, squares, drawn = np.zeros(players), np.zeros(players), 0
    while drawn < MOST_PAIRS:
        pairs = _values_of_pairs(game, players, block=drawn // PAIRS_AT_ONCE)
        total += pairs.sum(axis=0)
        squares += (pairs**2).sum(axis=0)
        drawn += PAIRS_AT_ONCE
        variance = np.maximum(squares - total**2 / drawn, 0.0) / (drawn - 1)
        if np.sqrt(variance.max() / drawn) < tolerance:
            break
    return total / drawn


def _values_of_pairs(game: Game, players: int, block: int) -> Floats:
    """The mean of an order and its reverse, for each of a block of drawn orders. Shape (pairs, players)."""
    rank = _ranks(players, block)
    joined = rank[:, :, None, :] < np.arange(players + 1)[None, None, :, None]
    gains = np.diff(game(joined), axis=2)
    return np.asarray(np.take_along_axis(gains, rank, axis=2).mean(axis=0))


@cache
def _ranks(players: int, block: int) -> NDArray[np.int64]:
    """When each player joins: drawn orders, and their reverses. Shape (2, pairs, players)."""
    random = np.random.default_rng([players, block])
    rank = random.permuted(np.tile(np.arange(players), (PAIRS_AT_ONCE, 1)), axis=1)
    return np.stack([rank, players - 1 - rank])
