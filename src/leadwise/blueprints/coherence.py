"""Whether the parts of a blueprint fit each other: what no part can see by itself."""

from collections.abc import Iterator
from difflib import get_close_matches

from leadwise.domain.target import FIELD_CHANGED, FieldKind, Target

Place = tuple[str | int, ...]
Mistake = tuple[Place, str]
"""Where it is, and the sentence."""

LONGEST_DAYS = 36_500
LEAD_COLUMNS = ("source", "external_id", "occurred_at", "recorded_at")
EVENT_COLUMNS = (*LEAD_COLUMNS, "lead", "kind", "field", "value")
"""The columns that files of leads and of events have anyway."""


class Incoherences(ValueError):  # noqa: N818 - several at once, within pydantic's own error
    """Parts that do not fit; `mistakes` has one for each."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(sentence for _, sentence in mistakes))


def target_mistakes(target: Target) -> Iterator[Mistake]:
    """What a target says that cannot be stored, computed, or told apart."""
    for key in ("horizon_days", "open_days"):
        if getattr(target, key) > LONGEST_DAYS:
            yield ("target", key), f"target.{key} must be at most {LONGEST_DAYS:,}, but is more"
    yield from _segments(target)
    yield from _markets(target)
    yield from _reserved(target)
    yield from _empty_names(target)
    yield from _alike("fields", [field.name for field in target.fields], [field.title for field in target.fields])
    yield from _alike("events", [event.name for event in target.events], [event.title for event in target.events])


def _segments(target: Target) -> Iterator[Mistake]:
    names = [field.name for field in target.fields]
    for segment in target.segments:
        if segment not in names:
            hint = nearest(segment, names)
            yield ("target", "segments"), f"target.segments: the target has no field {segment!r}{hint}"


def _markets(target: Target) -> Iterator[Mistake]:
    """A price is a number that is learnt from, and its market is made of labels that are known."""
    labels = [field.name for field in target.fields if field.kind in {FieldKind.TEXT, FieldKind.YES_NO}]
    for position, field in enumerate(target.fields):
        place = ("target", "fields", position, "market")
        if field.market and (field.kind is not FieldKind.NUMBER or not field.feature):
            yield place, f"market: {field.name} must be a number that is learnt from, to be compared with its market"
        for name in field.market:
            if name not in labels:
                yield place, f"market: the target has no label {name!r}{nearest(name, labels)}"


def _reserved(target: Target) -> Iterator[Mistake]:
    for position, field in enumerate(target.fields):
        if field.name in LEAD_COLUMNS:
            place = ("target", "fields", position, "name")
            yield place, f"a field cannot be called {field.name}: every file of leads has a column of that name"
    for position, event in enumerate(target.events):
        if event.name == FIELD_CHANGED:
            place = ("target", "events", position, "name")
            yield place, f"an event cannot be called {FIELD_CHANGED}: that is what changes of fields are called"
        for inner, number in enumerate(event.numbers):
            if number.name in EVENT_COLUMNS:
                at = ("target", "events", position, "numbers", inner, "name")
                yield at, f"a number cannot be called {number.name}: every file of events has a column of that name"


def _empty_names(target: Target) -> Iterator[Mistake]:
    parts: list[tuple[Place, object]] = [(("target",), target)]
    parts += [(("target", "fields", n), field) for n, field in enumerate(target.fields)]
    parts += [(("target", "events", n), event) for n, event in enumerate(target.events)]
    for place, part in parts:
        for key in ("name", "title", "entity"):
            value = getattr(part, key, "-")
            if not value.strip() or not value.isprintable():
                yield (*place, key), f"{key} must be words to read, but is {value[:60]!r}"


def _alike(part: str, names: list[str], titles: list[str]) -> Iterator[Mistake]:
    """Names that people and databases take for one another; those that are the same are told by the target itself."""
    for key, values in (("name", names), ("title", titles)):
        seen: dict[str, str] = {}
        for position, value in enumerate(values):
            other = seen.setdefault(" ".join(value.casefold().split()), value)
            if other != value:
                yield ("target", part, position, key), f"{value!r} and {other!r} differ in capitals or blanks alone"


def nearest(name: str, known: list[str]) -> str:
    """The known name that was probably meant, as the end of a sentence.

    >>> nearest("make", ["maker", "city"]), nearest("x", ["maker"]), nearest("x", [])
    ('; did you mean maker?', '; there is maker', '; there is none')
    """
    near = get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(known[:12]) or 'none'}"
