"""Blueprints as people read them: a table of all, and one in full."""

from collections.abc import Iterable

from rich.table import Table

from leadwise.app.console import console, plain_table
from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.target import Actor, EventKind, LeadField, Target
from leadwise.features.history import definitions

ACTORS = {Actor.LEAD: "the lead", Actor.STAFF: "us", None: ""}


def show_list(blueprints: Iterable[tuple[str, Blueprint]]) -> None:
    """A line for each blueprint."""
    table = plain_table("name", "for", "predicts", "of each", ">fields", ">events", ">rules")
    for name, blueprint in blueprints:
        target = blueprint.target
        counts = (f"{len(each)}" for each in (target.fields, target.events, blueprint.rules))
        table.add_row(name, blueprint.title, target.title, target.entity, *counts)
    console().print(table)


def show_blueprint(blueprint: Blueprint) -> None:
    """The target, its words, the features, the rules and the actions.

    Raises:
        FeatureNotFoundError, FeaturesOfOneNameError: if features are named that there are not, or twice.
    """
    out, target = console(), blueprint.target
    out.print(f"{blueprint.title}\n\n{_target_sentence(target)}\n")
    out.print(_fields(target.fields))
    out.print()
    out.print(_events(target.events))
    if target.features:
        out.print()
        out.print(_features(target))
    out.print()
    out.print(f"Learns from: {', '.join(each.name for each in definitions(target))}.\n")
    if blueprint.rules:
        out.print(_rules(blueprint))
        out.print()
    for grade, action in blueprint.actions.model_dump().items():
        out.print(f"{grade}  {action}")
    out.print(f"\n{_simulator_sentence(blueprint)}")


def _target_sentence(target: Target) -> str:
    if target.calendar is not None:
        looked = f"at the end of each {target.calendar}, while younger than {target.open_days:,} days"
    else:
        days = ", ".join(f"{age}" for age in target.ages_days)
        looked = f"{days} days after arrival, while open and younger than {target.open_days:,} days"
    what = "What each is worth" if target.task == "value" else "Whether each is won"
    again = " It may happen again and again." if target.repeats else ""
    segments = f" Compared by {', '.join(target.segments)}." if target.segments else ""
    return (
        f"Predicts {target.name!r}: {target.title}. {what} within {target.horizon_days:,} days, of every "
        f"{target.entity}, looked at {looked}.{again}{segments}"
    )


def _fields(fields: tuple[LeadField, ...]) -> Table:
    table = _words("field", "called", "kind", "reads")
    for field in fields:
        kind = field.kind.replace("_", " ") + (f", {field.unit}" if field.unit else "")
        said = [field.sentence or f"{field.title}: {{value}}", field.sentence_no, field.missing]
        shown = "" if field.feature else " (shown only)"
        table.add_row(field.name, field.title, kind + shown, "\n".join(part for part in said if part))
    return table


def _words(*titles: str) -> Table:
    """A table whose names are never broken."""
    table = plain_table(*titles)
    table.columns[0].no_wrap = True
    return table


def _events(events: tuple[EventKind, ...]) -> Table:
    table = _words("event", "called", "by", "numbers", "reads")
    for event in events:
        numbers = ", ".join(f"{number.title} ({number.name})" for number in event.numbers)
        table.add_row(
            event.name, event.title, ACTORS[event.actor], numbers, f"{event.never}\n{event.once}\n{event.times}"
        )
    return table


def _features(target: Target) -> Table:
    table = plain_table("feature", "is", ">times")
    for feature in target.features:
        table.add_row(feature.name, feature.of, f"{feature.times:g}")
    return table


def _rules(blueprint: Blueprint) -> Table:
    table = plain_table(">points", "if", "is")
    for rule in sorted(blueprint.rules, key=lambda rule: -rule.points):
        table.add_row(f"{rule.points:+d}", rule.column, rule.condition)
    return table


def _simulator_sentence(blueprint: Blueprint) -> str:
    settings = blueprint.simulator
    if settings is None:
        return "Not simulated: it has no [simulator]."
    return f"Simulated as {settings.source!r}: leads arrive over {settings.days:,} days."
