"""`leadwise import TABLE`."""

from pathlib import Path
from typing import Annotated

import typer

NAME = "table"


def run(
    table: Annotated[Path, typer.Argument(help="A table file: CSV, TSV, Parquet, Excel or JSON Lines.")],
    outcome: Annotated[
        str | None, typer.Option(help="The column that says how each lead ended; outcomes get its name.")
    ] = None,
    won: Annotated[str | None, typer.Option(help="Which outcome value means converted, if it is not plain.")] = None,
    id_column: Annotated[
        str | None, typer.Option("--id", help="The column that identifies a lead; else the first that can, or all.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="When each lead arrived; without a zone, in UTC.")] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Where the leads come from; the same for each export of one system. Default: the file name."),
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="Store this column although it leaks the outcome; may be repeated.")
    ] = None,
) -> None:
    """Store a table's leads and their outcomes. Importing the same again changes nothing; changes become events.

    What is known only after the outcome stays out of the leads' fields, and is listed with the evidence.
    """
    from leadwise.app.importing_roles import ImportOptions
    from leadwise.app.importing_session import run_import

    options = ImportOptions(source or table.stem, outcome, won, id_column, time, tuple(keep or ()))
    run_import(table, options)
