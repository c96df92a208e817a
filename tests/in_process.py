"""A command as the program runs it, within this process: starting another takes longer than most commands do."""

import subprocess
import warnings
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from leadwise.app.cli import make_cli
from leadwise.app.refusal import refusing

cli = make_cli()


def run_here(folder: Path, environment: Mapping[str, str], *arguments: object) -> "subprocess.CompletedProcess[str]":
    """What the command says, and its exit status; a warning is an error, as everywhere in tests."""
    out, err = StringIO(), StringIO()
    command = [str(argument) for argument in arguments]
    with (
        chdir(folder),
        patch.dict("os.environ", environment, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        try:
            with refusing():
                cli(command)
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    return subprocess.CompletedProcess(command, status, out.getvalue(), err.getvalue())
