"""`leadwise import`: a table of leads with their outcomes, or files of leads, events and outcomes over time."""

from typing import Any

import typer
from typer.core import TyperGroup

from leadwise.app.commands import import_history, import_table


class _TableUnlessNamed(TyperGroup):
    """A group in which anything but the name of a command is a table to import."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = [import_table.NAME, *args]
        return super().parse_args(ctx, args)


group = typer.Typer(
    cls=_TableUnlessNamed,
    no_args_is_help=True,
    help="Store a TABLE of leads with their outcomes, or a history: FILEs of leads, events and outcomes.",
    subcommand_metavar="TABLE | leads FILE | events FILE | outcomes FILE",
)
group.command(import_table.NAME)(import_table.run)
for history_name, history_command in import_history.COMMANDS.items():
    group.command(history_name)(history_command)
