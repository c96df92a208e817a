"""Words for kinds of events that a target does not name, so that any organisation's events can be learnt from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count

import pyarrow.compute as pc

from leadwise.domain.history import History
from leadwise.domain.target import OWN_KINDS, EventKind, Target
from leadwise.features.history import FeaturesOfOneNameError, definitions

MOST_KINDS = 20
"""So many of the most frequent kinds get features of their own; what is rarer is counted together."""


def count_kinds(history: History, as_of: int) -> dict[str, int]:
    """How often each kind of event was known to have happened as of an instant, in microseconds since 1970."""
    known = history.events.filter((pc.field("occurred_at") <= as_of) & (pc.field("recorded_at") <= as_of))
    counted = pc.value_counts(known["kind"])
    return {str(each["values"]): each["counts"].as_py() for each in counted}


def find_kinds(
    target: Target, counts: Mapping[str, int], kept: Iterable[str] = (), most: int = MOST_KINDS
) -> tuple[str, ...]:
    """The most frequent kinds of events that a target lacks, by name, those that were found before at first.

    A target that names its features lacks none.

    Args:
        target: What is predicted.
        counts: How often each kind is on record.
        kept: What was found before: it stays, so that a feature that a model has learnt from does not come and go.
        most: How many there may be.

    >>> target = Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0,))
    >>> find_kinds(target, {"signed_up": 9, "called": 3, "x": 2}, kept=["called"], most=2)
    ('called', 'signed_up')
    """
    if target.features:
        return ()
    named = {kind.name for kind in target.events} | OWN_KINDS
    before = [name for name in kept if name not in named][:most]
    new = sorted((-count, name) for name, count in counts.items() if name not in named and name not in before)
    return (*before, *sorted(name for _, name in new[: most - len(before)]))


def with_kinds(target: Target, names: Iterable[str]) -> Target:
    """The target with words for these kinds of events, those left aside that it has words for.

    Which kinds those are is part of what a model learns from: score with the target that was trained with.

    >>> target = Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0,))
    >>> found = with_kinds(target, ["pricing_page-viewed"]).events
    >>> found[0].title, found[0].times
    ('Pricing page viewed', 'Pricing page viewed: {value} times')
    """
    for name in names:
        if all(kind.name != name for kind in target.events):
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
