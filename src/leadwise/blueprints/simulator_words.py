"""Whether a simulator speaks of the target's own fields and events."""

from collections.abc import Iterable, Iterator

from leadwise.blueprints.coherence import Mistake, Place, nearest
from leadwise.blueprints.simulator_settings import FollowUp, Happening, SimulatorSettings
from leadwise.domain.target import FieldKind, Target


def misfits(simulator: SimulatorSettings, target: Target) -> Iterator[Mistake]:
    """One for each thing that the simulator draws and the target does not know, or the other way round."""
    yield from _fields(simulator, target)
    yield from _changes(simulator, target)
    yield from _events(simulator, target)
    yield from _numbers(simulator, target)


def _fields(simulator: SimulatorSettings, target: Target) -> Iterator[Mistake]:
    names = [field.name for field in target.fields]
    place: Place = ("simulator", "fields")
    for name in simulator.fields:
        yield from _unknown((*place, name), [name], names, "field")
    for name in names:
        if name not in simulator.fields:
            yield place, f"simulator.fields has no {name}, so the target's field of that name would never be given"
    numbers = [field.name for field in target.fields if field.kind is FieldKind.NUMBER]
    value = simulator.conversion.value if simulator.conversion else None
    if value is not None and value.field is not None:
        yield from _unknown(("simulator", "conversion", "value", "field"), [value.field], numbers, "number")
    if simulator.orders is not None:
        place = ("simulator", "orders", "amount_effects")
        yield from _unknown(place, simulator.orders.amount_effects, numbers, "number")


def _changes(simulator: SimulatorSettings, target: Target) -> Iterator[Mistake]:
    kinds = {field.name: field.kind for field in target.fields}
    for position, change in enumerate(simulator.changes):
        place = ("simulator", "changes", position, "field")
        yield from _unknown(place, [change.field], list(kinds), "field")
        is_number = kinds.get(change.field) is FieldKind.NUMBER
        if change.field in kinds and (change.to is None) != is_number:
            needed = "low and high, the factor on it" if is_number else "`to`, its new value"
            yield place, f"{'.'.join(map(str, place[:3]))}: {change.field} changes by {needed}"


def _events(simulator: SimulatorSettings, target: Target) -> Iterator[Mistake]:
    kinds = [event.name for event in target.events]
    for place, kind in simulator.kinds():
        yield from _unknown(place, [kind], kinds, "event")
    made = {kind for place, kind in simulator.kinds() if place[1] in {"staff", "happenings"}}
    for position, each in enumerate(simulator.follow_ups):
        place = ("simulator", "follow_ups", position, "after")
        yield from _unknown(place, [each.after], sorted(made), "event that is simulated before,")
        made |= {each.event} | ({each.otherwise} if each.otherwise else set())
    if target.repeats != (simulator.orders is not None):
        yield ("simulator",), "simulator.orders is for a target that repeats, and simulator.conversion for all others"


def _numbers(simulator: SimulatorSettings, target: Target) -> Iterator[Mistake]:
    of = {event.name: [number.name for number in event.numbers] for event in target.events}
    groups: dict[str, tuple[Happening | FollowUp, ...]] = {
        "happenings": simulator.happenings,
        "follow_ups": simulator.follow_ups,
    }
    for part, group in groups.items():
        for position, each in enumerate(group):
            place: Place = ("simulator", part, position, "numbers")
            yield from _unknown(place, each.numbers, of.get(each.event, []), f"number of {each.event}")
    if simulator.orders is not None:
        known = of.get(simulator.orders.event, [])
        place = ("simulator", "orders", "amount")
        yield from _unknown(place, [simulator.orders.amount], known, f"number of {simulator.orders.event}")


def _unknown(place: Place, names: Iterable[str], known: list[str], noun: str) -> Iterator[Mistake]:
    for name in names:
        if name not in known:
            where = ".".join(str(part) for part in place)
            yield place, f"{where}: the target has no {noun} {name!r}{nearest(name, known)}"
