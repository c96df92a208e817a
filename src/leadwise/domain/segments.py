"""Segments of leads that are asked for, by the fields that a target compares leads by."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from leadwise.domain.errors import Invalid
from leadwise.domain.target import Target

Segments = Mapping[str, tuple[str, ...]]
"""By field, the values that are wanted: any of them, and of several fields all."""
_POINTER = "#/query/segment"
_SHOWN = 100
_LISTED = 10


class SegmentUnreadableError(Invalid):
    """What was said of a segment is not a name and a value."""

    code = "segment_unreadable"

    def __init__(self, said: str) -> None:
        self.said = said
        detail = f"segment: NAME=VALUE is expected, such as source=web, but {said[:_SHOWN]!r} came."
        self.errors = ((detail, _POINTER),)
        super().__init__(detail)


class UnknownSegmentError(Invalid):
    """A target does not compare leads by a field of this name."""

    code = "unknown_segment"

    def __init__(self, name: str, target: Target) -> None:
        self.name, self.known = name, target.segments
        if target.segments:
            detail = f"segment: {name[:_SHOWN]!r} is no segment of {target.name}{_near(name, target.segments)}"
        else:
            detail = f"segment: {target.name} has no segments; name fields of its leads in `segments` of its blueprint."
        self.errors = ((detail, _POINTER),)
        super().__init__(detail)


class UnknownSegmentValueError(Invalid):
    """No stored lead has this value."""

    code = "unknown_segment_value"

    def __init__(self, name: str, value: str, known: Iterable[str]) -> None:
        self.name, self.value, self.known = name, value, tuple(sorted(known))
        hint = _near(value, self.known) if self.known else "; no lead has any value."
        detail = f"segment: no lead has the {name} {value[:_SHOWN]!r}{hint}"
        self.errors = ((detail, _POINTER),)
        super().__init__(detail)


def read_segments(target: Target, said: Iterable[str]) -> Segments:
    """The segments that texts of the form NAME=VALUE ask for; empty texts ask for nothing.

    Raises:
        SegmentUnreadableError: if a text is not of that form.
        UnknownSegmentError: if a name is none of the target's segments.

    >>> shop = Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0,),
    ...     segments=("make", "source"))
    >>> read_segments(shop, ["make=Audi", "make=BMW", "source=web", ""])
    {'make': ('Audi', 'BMW'), 'source': ('web',)}
    >>> read_segments(shop, ["Makes=Audi"])
    Traceback (most recent call last):
    leadwise.domain.segments.UnknownSegmentError: segment: 'Makes' is no segment of sold; did you mean 'make'? Known:
    make, source.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    for text in filter(None, said):
        name, sign, value = text.partition("=")
        if not (sign and name and value):
            raise SegmentUnreadableError(text)
        if name not in target.segments:
            raise UnknownSegmentError(name, target)
        wanted[name] = (*wanted.get(name, ()), value)
    return wanted


def _near(said: str, known: Iterable[str]) -> str:
    """Which of the known ones may have been meant, and some of those that there are."""
    folded = {each.casefold(): each[:_SHOWN] for each in known}
    near = [folded[each] for each in get_close_matches(said[:_SHOWN].casefold(), folded, n=3, cutoff=0.5)]
    meant = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    names = list(folded.values())
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return f"{meant} Known: {', '.join(names[:_LISTED])}{more}."
