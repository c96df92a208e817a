"""Words for kinds of events that a target does not name, so that any organisation's events can be learnt from."""

import re
from collections.abc import Iterator, Mapping
from itertools import count

import pyarrow.compute as pc

from leadwise.domain.history import History
from leadwise.domain.target import EventKind, Target
from leadwise.features.history import FeaturesOfOneNameError, definitions

MOST_KINDS = 20
"""So many of the most frequent kinds get features of their own; what is rarer is counted together."""


def count_kinds(history: History) -> dict[str, int]:
    """How often each kind of event is on record."""
    counted = pc.value_counts(history.events["kind"])
    return {str(each["values"]): each["counts"].as_py() for each in counted}


def with_found_kinds(target: Target, counts: Mapping[str, int], most: int = MOST_KINDS) -> Target:
    """The target with words for the most frequent kinds of events that it lacks.

    Which kinds those are is part of what a model learns from: score with the target that was trained with.

    Args:
        target: What is predicted.
        counts: How often each kind is on record.
        most: How many kinds it may gain.

    >>> target = Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0,))
    >>> found = with_found_kinds(target, {"pricing_page-viewed": 9, "x": 2}, most=1).events
    >>> found[0].title, found[0].times
    ('Pricing page viewed', 'Pricing page viewed: {value} times')
    """
    named = {kind.name for kind in target.events}
    frequent = sorted((-count, name) for name, count in counts.items() if name not in named)[:most]
    for name in sorted(name for _, name in frequent):
        target = _with_kind(target, name)
    return target


def _with_kind(target: Target, name: str) -> Target:
    """The target with a kind under the first title that no feature has yet."""
    for title in _titles(name):
        larger = target.model_copy(update={"events": (*target.events, _in_words(name, title))})
        try:
            definitions(larger)
        except FeaturesOfOneNameError:
            continue
        return larger
    raise AssertionError  # titles never end


def _titles(name: str) -> Iterator[str]:
    """The name as people would write it; else the name itself, and at last with a number."""
    words = re.sub(r"[\s_\-./:]+", " ", name).strip()
    if words:
        yield words[:1].upper() + words[1:]
    yield f"Event {name!r}"
    yield from (f"Event {name!r} ({number})" for number in count(2))


def _in_words(name: str, title: str) -> EventKind:
    return EventKind(
        name=name,
        title=title,
        never=f"{title}: not once",
        once=f"{title}: once",
        times=f"{title}: {{value}} times",
    )
