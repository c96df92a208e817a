"""People, companies, and how to reach them; all invented.

Phone numbers come from the ranges that regulators keep for films (the 555-01xx numbers of the North American Numbering
Plan, numbers for drama of Ofcom, Arcep and the Bundesnetzagentur), so that nobody is ever called.
"""

import re
import unicodedata
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from leadwise.blueprints.part import LogOdds, Positive
from leadwise.blueprints.simulator_drawn import Drawing, Drawn, FieldDraw, chosen, texts, without_effect
from leadwise.blueprints.simulator_people import names_of_people

_FREE = ("gmail.com", "outlook.com", "yahoo.com", "gmx.de", "icloud.com")
_DISPOSABLE = ("mailinator.com", "yopmail.com", "guerrillamail.com")
_FIRST = (
    "Alder",
    "Amber",
    "Beacon",
    "Birch",
    "Cedar",
    "Copper",
    "Delta",
    "Elm",
    "Falcon",
    "Granite",
    "Harbor",
    "Iris",
    "Juniper",
    "Linden",
    "Maple",
    "North",
)
_SECOND = (
    "Analytics",
    "Bakery",
    "Clinics",
    "Energy",
    "Foods",
    "Freight",
    "Homes",
    "Labs",
    "Legal",
    "Logistics",
    "Media",
    "Robotics",
    "Supply",
    "Systems",
)
_THIRD = ("GmbH", "Ltd", "Inc", "SARL", "AG", "LLC")
_PHONES = {
    "DE": ("+493023125", 3),
    "US": ("+1202555", 0),
    "GB": ("+442079460", 3),
    "FR": ("+3326191", 4),
}
"""The beginning of a country's numbers for drama, and how many digits follow; those of the US are 0100 to 0199."""


class Person(FieldDraw):
    """A person's name."""

    draw: Literal["person"]

    def sample(self, drawing: Drawing) -> Drawn:
        """A name for each lead."""
        return without_effect(texts(names_of_people(drawing.rng, drawing.count)))


class Company(FieldDraw):
    """A company's name."""

    draw: Literal["company"]

    def sample(self, drawing: Drawing) -> Drawn:
        """A name for each lead."""
        parts = [drawing.rng.integers(len(words), size=drawing.count) for words in (_FIRST, _SECOND, _THIRD)]
        found = zip(*(part.tolist() for part in parts), strict=True)
        return without_effect(texts([f"{_FIRST[a]} {_SECOND[b]} {_THIRD[c]}" for a, b, c in found]))


class _Sorted(FieldDraw):
    """Something of several sorts, each with its share and its effect."""

    shares: dict[str, Positive] = Field(min_length=1)
    effects: dict[str, LogOdds] = Field({})

    def _sorts(self, drawing: Drawing) -> tuple[list[str], Drawn]:
        """The sort of each lead's; and the field with its effects and no values yet."""
        which = chosen(drawing.rng, self.shares, drawing.count)
        effects = np.array([self.effects.get(sort, 0.0) for sort in self.shares])[which]
        names = list(self.shares)
        sorts = [names[index] for index in which.tolist()]
        return sorts, Drawn(texts(sorts), np.zeros(drawing.count), effects)


def _only(sorts: tuple[str, ...], *given: dict[str, float]) -> None:
    unknown = sorted({sort for each in given for sort in each if sort not in sorts})
    if unknown:
        message = f"shares and effects are of {', '.join(sorts)}, but there is {', '.join(unknown)}"
        raise ValueError(message)


class Email(_Sorted):
    """An email address: at the company, at a free provider, at a disposable one, or none at all ("invalid")."""

    draw: Literal["email"]
    person: str
    company: str | None = None

    @model_validator(mode="after")
    def _of_known_sorts(self) -> Self:
        _only(("company", "free", "disposable", "invalid"), self.shares, self.effects)
        return self

    @property
    def sources(self) -> frozenset[str]:
        """Whose it is."""
        return super().sources | {self.person} | ({self.company} if self.company else set())

    def sample(self, drawing: Drawing) -> Drawn:
        """An address for each lead."""
        sorts, found = self._sorts(drawing)
        people = drawing.drawn[self.person].values.tolist()
        firms = drawing.drawn[self.company].values.tolist() if self.company else people
        pick = drawing.rng.integers(1 << 30, size=drawing.count).tolist()
        addresses = [_address(*row) for row in zip(sorts, people, firms, pick, strict=True)]
        return Drawn(texts(addresses), found.score, found.log_odds)


def _address(sort: str, person: str, firm: str, pick: int) -> str:
    name = ".".join(_plain(person).split())
    if sort == "company":
        return f"{name}@{'-'.join(_plain(firm).split()[:2])}.example"
    if sort == "invalid":
        return f"{name}.example"
    domains = _FREE if sort == "free" else _DISPOSABLE
    # "simulated" and a number keep it from being the address of somebody real.
    return f"{name}.simulated{pick % 100_000}@{domains[pick % len(domains)]}"


def _plain(text: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z ]", "", ascii_only.lower())


class Phone(_Sorted):
    """A phone number of a country, or none at all ("invalid")."""

    draw: Literal["phone"]

    @model_validator(mode="after")
    def _of_known_countries(self) -> Self:
        _only((*_PHONES, "invalid"), self.shares, self.effects)
        return self

    def sample(self, drawing: Drawing) -> Drawn:
        """A number for each lead."""
        sorts, found = self._sorts(drawing)
        pick = drawing.rng.integers(10_000, size=drawing.count).tolist()
        numbers = [_number(sort, number) for sort, number in zip(sorts, pick, strict=True)]
        return Drawn(texts(numbers), found.score, found.log_odds)


def _number(sort: str, pick: int) -> str:
    if sort == "invalid":
        return f"{pick % 1000:03d}"
    start, digits = _PHONES[sort]
    return f"{start}{pick % 10**digits:0{digits}d}" if digits else f"{start}{100 + pick % 100:04d}"
