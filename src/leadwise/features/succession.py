"""Which record comes before another, and which is the latest, as of any moment: found once, before moments are known.

A record that becomes known late steps between others that were known sooner. So what comes before a record holds from
one instant to another; there are at most twice as many such spans as records. Times are microseconds since 1970.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

NEVER = int(np.iinfo(np.int64).max)
_NONE = -1


class Spans(NamedTuple):
    """Spans of time, each of a record.

    Args:
        place: The place of the record.
        before: The place of the one before it, -1 for none.
        since: When the span begins.
        until: When it ends; no part of it.
    """

    place: Numbers
    before: Numbers
    since: Numbers
    until: Numbers

    def where(self, chosen: NDArray[np.bool_] | Numbers) -> "Spans":
        """Those chosen, by a mask or by places."""
        return Spans(*(each[chosen] for each in self))


@dataclass(frozen=True)
class Succession:
    """Records in their order, those of a group together: the events of a lead, what was said of one of its fields.

    Args:
        group: The group of each, rising.
        known_at: Since when it is known of each.
    """

    group: Numbers
    known_at: Numbers

    def spans(self) -> Spans:
        """For how long each record is known to come after the same one of its group; known since its first span.

        >>> one_late = Succession(np.zeros(3, np.int64), np.array([1, 9, 3]))
        >>> [each.tolist() for each in one_late.spans()][:3]
        [[0, 1, 2, 2], [-1, 0, 1, 0], [1, 9, 9, 3]]
        """
        before, known_at = self._before(), self.known_at
        earlier = self._known_earlier(before)
        place, since, until = np.arange(len(before)), known_at.copy(), np.full(len(before), NEVER)
        found = []
        while len(place):
            late = np.flatnonzero((before != _NONE) & (known_at[before] > since))
            since[late] = known_at[before[late]]
            found.append(Spans(place, before, since, until))
            place, before, until = place[late], earlier[before[late]], since[late]
            since = known_at[place]
        return _together(found)

    def latest(self) -> Spans:
        """For how long each record is the latest one known of its group, after the one that was; not those never."""
        before = self._before()
        earlier = self._known_earlier(before)
        place = np.flatnonzero(np.append(before[1:] == _NONE, True))[: len(before)]
        until = np.full(len(place), NEVER)
        found = []
        while len(place):
            one = Spans(place, earlier[place], self.known_at[place], until)
            found.append(one)
            goes_on = one.before != _NONE
            place, until = one.before[goes_on], one.since[goes_on]
        return _together(found)

    def _before(self) -> Numbers:
        """The place of the one before in the group; -1 for the first one."""
        before = np.arange(len(self.group)) - 1
        before[np.flatnonzero(self.group[1:] != self.group[:-1]) + 1] = _NONE
        return before

    def _known_earlier(self, before: Numbers) -> Numbers:
        """The place of the nearest one before that was known earlier than the record itself; -1 for none."""
        known_at, earlier = self.known_at, before.copy()
        open_ones = np.flatnonzero((before != _NONE) & (np.roll(known_at, 1) >= known_at))
        while len(open_ones):
            earlier[open_ones] = earlier[earlier[open_ones]]
            open_ones = open_ones[earlier[open_ones] != _NONE]
            open_ones = open_ones[known_at[earlier[open_ones]] >= known_at[open_ones]]
        return earlier


def earliest_before(group: Numbers, at: Numbers, known_at: Numbers, counts: NDArray[np.bool_]) -> Numbers:
    """Since when it is known of one that counts, and came before each record; `NEVER` where none did.

    Args:
        group: As of `Succession`.
        at: When each happened, rising in each group. What happened at the same instant came not before.
        known_at: As of `Succession`.
        counts: Which ones do.

    >>> at, known_at = np.array([1, 2, 2, 3]), np.array([8, 5, 5, 3])
    >>> earliest_before(np.zeros(4, np.int64), at, known_at, np.array([True, True, False, False])).tolist()[1:]
    [8, 8, 5]
    """
    found = np.full(len(group), NEVER)
    chosen = np.flatnonzero(counts)
    if not len(chosen):
        return found
    # The smallest so far, in each group: ranks, from which each group takes more than all have.
    stamps, rank = np.unique(known_at[chosen], return_inverse=True)
    first = np.append(True, group[1:] != group[:-1])
    ordinal = np.cumsum(first)
    so_far = np.minimum.accumulate(rank - ordinal[chosen] * len(stamps))
    first[1:] |= at[1:] != at[:-1]
    sooner: Numbers = (np.cumsum(counts) - counts)[np.maximum.accumulate(np.where(first, np.arange(len(at)), 0))]
    last = np.maximum(sooner, 1) - 1  # the last one that counts of all that come sooner
    known = (sooner > 0) & (ordinal[chosen[last]] == ordinal)
    found[known] = stamps[so_far[last[known]] + ordinal[known] * len(stamps)]
    return found


def _together(found: list[Spans]) -> Spans:
    none = np.empty(0, np.int64)
    return Spans(*(np.concatenate([none, *each]) for each in zip(*found, strict=True))) if found else Spans(*[none] * 4)
