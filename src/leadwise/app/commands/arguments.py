"""Arguments that several commands share, each with its help text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

Table = Annotated[
    Path, typer.Argument(help="CSV, TSV, Parquet, Excel or JSON Lines; encoding and separator are found.")
]
BlueprintName = Annotated[str, typer.Argument(help="A blueprint (`leadwise blueprint list`), or a TOML file.")]
OptionalTable = Annotated[
    Path | None, typer.Argument(metavar="TABLE", help="CSV, TSV, Parquet, Excel or JSON Lines; or --target.")
]
ModelFile = Annotated[Path, typer.Argument(help="A file that `leadwise fit` wrote.")]
OptionalModelFile = Annotated[
    Path | None, typer.Argument(metavar="MODEL", help="A file that `leadwise fit` wrote; or --target.")
]
Created = Annotated[
    str | None,
    typer.Option(help="The column that says when a lead was created; with --converted-at, learns when leads convert."),
]
ConvertedAt = Annotated[str | None, typer.Option(help="The column that says when a lead converted; empty: not yet.")]
UntilDate = Annotated[
    str | None, typer.Option("--until", help="The last day that the two dates tell of, else the latest one in them.")
]
OptionalOutcome = Annotated[
    str | None, typer.Option("--outcome", help="The column that says how each lead ended; not needed with two dates.")
]
Outcome = Annotated[str, typer.Option(help="The column that says how each lead ended.")]
Won = Annotated[str | None, typer.Option(help="The outcome value that means converted, where it is not yes, 1 or won.")]
Value = Annotated[bool, typer.Option("--value", help="The outcome is an amount: customer lifetime value.")]
Id = Annotated[str | None, typer.Option("--id", help="The column that names a row.")]
Time = Annotated[str | None, typer.Option(help="The column that orders the rows; the newest part becomes the test.")]
Ordered = Annotated[bool, typer.Option("--ordered", help="The rows are in time order already.")]
Drop = Annotated[list[str] | None, typer.Option(help="A column to leave out; may be repeated.")]
Keep = Annotated[list[str] | None, typer.Option(help="A column to use whatever the leak check says; may be repeated.")]
Algorithms = Annotated[
    list[str] | None, typer.Option("--algorithm", help="An algorithm that competes; may be repeated. Default: all.")
]
Server = Annotated[
    str | None,
    typer.Option(help="The address of a leadwise service that does it; LEADWISE_KEY holds the key for it."),
]
Budget = Annotated[float, typer.Option(help="About how many seconds fitting may take.", min=1.0)]
Seed = Annotated[int, typer.Option(help="The same seed gives the same model.", min=0, max=2**31 - 10)]
Prior = Annotated[
    Path | None, typer.Option(help="A model file of similar leads, to lean on where few of these have ended.")
]
Search = Annotated[
    str | None,
    typer.Option(help="Try further settings of each algorithm: `grid` in order, `randomised` drawn by chance."),
]
SearchTrials = Annotated[
    int | None, typer.Option(help="How many settings of each algorithm are tried at most (10).", min=1)
]
Missing = Annotated[
    str | None,
    typer.Option(help="What stands in for values not given: mean, median, most-frequent, constant or constant:VALUE."),
]
Encoding = Annotated[str | None, typer.Option(help="How categories become numbers: one-hot or label.")]
Scaling = Annotated[str | None, typer.Option(help="How numbers are scaled: standard or min-max.")]
Select = Annotated[
    str | None, typer.Option(help="Fit on the strongest features alone, by k-best or mutual-information.")
]
SelectFeatures = Annotated[int | None, typer.Option(help="How many features --select keeps (10).")]
Derive = Annotated[
    list[str] | None, typer.Option(help="Make further features: time, interactions or log; may be repeated.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output on standard output, and nothing else.")]

Target = Annotated[str, typer.Argument(help="What is predicted: the name of a blueprint, or a TOML file.")]
Organisation = Annotated[str, typer.Option(help="Whose history it is.")]
Store = Annotated[
    str | None, typer.Option(help="The folder or fsspec URL of the feature store. Default: in the data folder.")
]
EngineName = Annotated[
    str | None, typer.Option("--engine", help="What computes features: `duckdb`, `spark-local` or `spark://HOST:PORT`.")
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target", help="In place of a table: a blueprint's name or file, whose stored leads and features are used."
    ),
]
NO_PLACE = "Missing; say where the model file goes."
NEITHER_FILES_NOR_TARGET = "Missing; name them, or a blueprint with --target."


def refuse_with_target(given: Mapping[str, bool]) -> None:
    """Refuse, by their names, what was given although a target says it.

    Raises:
        typer.BadParameter: if any was.
    """
    _refuse(given, "With --target, leave these out, as the blueprint says what is learnt from what")


def refuse_without_target(given: Mapping[str, bool]) -> None:
    """Refuse, by their names, what was given although it is about stored leads.

    Raises:
        typer.BadParameter: if any was.
    """
    _refuse(given, "These say whose stored leads are meant, and need --target")


def refuse_with_server(given: Mapping[str, bool]) -> None:
    """Refuse, by their names, what was given although a service says it, or does not do it.

    Raises:
        typer.BadParameter: if any was.
    """
    _refuse(given, "With --server, leave these out")


def refuse_with_every_organisation(given: Mapping[str, bool]) -> None:
    """Refuse, by their names, what was given although it is about one organisation.

    Raises:
        typer.BadParameter: if any was.
    """
    _refuse(given, "With --every-organisation, leave these out, as they are about one model")


def refuse_without_every_organisation(given: Mapping[str, bool]) -> None:
    """Refuse, by their names, what was given although it is about many models.

    Raises:
        typer.BadParameter: if any was.
    """
    _refuse(given, "These say how many models are fitted, and need --every-organisation")


def _refuse(given: Mapping[str, bool], sentence: str) -> None:
    names = [name for name, is_given in given.items() if is_given]
    if names:
        message = f"{sentence}: {', '.join(names)}."
        raise typer.BadParameter(message)


def refuse_organisation_with_server(organisation: str) -> None:
    """Refuse another organisation than the one that a service's key says."""
    refuse_with_server({"--organisation": organisation != "default"})
