"""Server-sent events out of the lines of an answer (WHATWG HTML, section 9.2)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class ServerEvent:
    """One event: its name and its data."""

    name: str
    data: str


def read_events(lines: Iterable[str]) -> Iterator[ServerEvent]:
    r"""The events in lines without their ends; comments are left out.

    >>> list(read_events(["event: done", "data: {", "data: }", "", ": keep-alive", ""]))
    [ServerEvent(name='done', data='{\n}')]
    """
    name, data = "message", list[str]()
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield ServerEvent(name, "\n".join(data))
            name, data = "message", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
