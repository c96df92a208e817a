"""What drives the score: the strongest columns one by one, the others in a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from leadwise.domain.card import FeatureEffect, ModelCard, Task
from leadwise.web import words
from leadwise.web.components.tables import Figure, Table, tabulate

DRIVERS = 6
CHARTED = 12
MOST_BARS = 12
_NAME_LETTERS = 120


@dataclass(frozen=True)
class Driver:
    """A column that moves the score much."""

    column: Annotated[str, "Its name in the table."]
    sentence: Annotated[str, "What it does."]
    strength: Annotated[float, "Against the strongest column, 0 to 1."]


def find_drivers(card: ModelCard) -> tuple[Driver, ...]:
    """The strongest columns with what they do, in words."""
    ranked = rank(card.effects)
    strongest = ranked[0].importance if ranked else 0.0
    return tuple(
        Driver(effect.column, effect.sentence, effect.importance / strongest if strongest else 0.0)
        for effect in ranked[:DRIVERS]
    )


def effect_figures(card: ModelCard) -> tuple[Figure, ...]:
    """A chart of each of the strongest columns that has points to draw."""
    charted = [effect for effect in rank(card.effects)[:CHARTED] if effect.points]
    return tuple(_figure(effect, card.task) for effect in charted)


def effect_table(card: ModelCard) -> Table:
    """All columns by their strength."""
    rows = [(effect.column, words.number(effect.importance), effect.sentence) for effect in rank(card.effects)]
    caption = f"Mean size of a column's contribution, {_unit(card.task)}, over the test rows"
    return tabulate(caption, ["Column", "Strength", "In words"], rows, numeric=[1])


def rank(effects: Sequence[FeatureEffect]) -> list[FeatureEffect]:
    """The effects, the strongest first."""
    return sorted(effects, key=lambda effect: -effect.importance)


def _figure(effect: FeatureEffect, task: Task) -> Figure:
    from leadwise.web.components import charts  # noqa: PLC0415 - costs a second

    label = f"Contribution of {effect.column[:_NAME_LETTERS]} by value. {effect.sentence[: 2 * _NAME_LETTERS]}"
    svg = charts.draw_effect(effect.points[:MOST_BARS], label, f"Contribution, {_unit(task)}")
    rows = [(point.label, words.signed(point.contribution), f"{point.count:,}") for point in effect.points]
    table = tabulate("Mean contribution by value", ["Value", "Contribution", "Leads"], rows, numeric=[1, 2])
    return Figure(effect.column, effect.sentence, svg, table)


def _unit(task: Task) -> str:
    return "in log-odds" if task is Task.CONVERSION else "in units of the value"
