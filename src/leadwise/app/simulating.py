"""A simulated world as files, in the form that `leadwise import` reads."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa

from leadwise.app.instants import read_instant
from leadwise.blueprints.blueprint import Blueprint
from leadwise.blueprints.simulator_process import SimulatedTables, simulate_tables
from leadwise.connectors.errors import FileNotPermittedError, FileNotWrittenError
from leadwise.connectors.tables import write_table
from leadwise.connectors.whole_file import write_whole
from leadwise.domain.errors import Conflict
from leadwise.domain.progress import Progress

NOTE, MAPPING = "README.md", "mapping.toml"
LEADS, EVENTS, OUTCOMES, TRUTH = "leads.csv", "events.csv", "outcomes.csv", "truth.csv"
OURS = frozenset({NOTE, MAPPING, LEADS, EVENTS, OUTCOMES, TRUTH})


class FolderInUseError(Conflict):
    """The folder holds something else than this simulation."""

    code = "folder_in_use"

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.folder, self.names = folder, names
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")  # noqa: PLR2004
        super().__init__(
            f"The folder {folder} should be empty, or hold this very simulation, but it has {shown}. "
            "Choose another --out, or replace the simulation's files there with --force."
        )


class NotAFolderError(Conflict):
    """A file stands where a folder was expected."""

    code = "not_a_folder"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} should be a folder to write to, but it is a file or in one; choose another --out.")


@dataclass(frozen=True)
class SimulateOptions:
    """What to simulate.

    Args:
        name: What the user called the blueprint.
        leads: How many leads.
        seed: The same seed, blueprint and instant give the same bytes.
        now: The instant up to which the world is simulated.
        drift: How far it moves over its time.
    """

    name: str
    leads: int
    seed: int
    now: datetime
    drift: float = 0.0


def read_now(text: str | None, clock: datetime) -> datetime:
    """The instant that a user means; without a word, the beginning of the clock's day (UTC).

    Raises:
        NotAnInstantError: if it is none, or out of the calendar's range.
        NaiveTimeError: if it has a time and no zone.

    >>> read_now("2026-01-15", datetime(2026, 1, 16, 9, tzinfo=UTC)).isoformat()
    '2026-01-15T00:00:00+00:00'
    """
    if text is None:
        return clock.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return read_instant("--now", text)


def write_simulation(
    blueprint: Blueprint, options: SimulateOptions, folder: Path, progress: Progress, *, force: bool = False
) -> SimulatedTables:
    """Simulate, and write leads, events, outcomes, their mapping, the truth, and a note how they came to be.

    Raises:
        NoSimulatorError: if the blueprint does not say how.
        FolderInUseError: if the folder holds anything else and `force` is not given; then nothing is changed.
        NotAFolderError, FileNotPermittedError, FileNotWrittenError: if the folder cannot be written to.
    """
    title = _title(blueprint, options)
    days = blueprint.simulation.days  # refuses before a folder is made
    _check_folder(folder, title, force=force)
    progress.start(total_steps=5)
    progress.step(f"simulating {options.leads:,} leads over {days:,} days")
    tables = simulate_tables(blueprint, options.leads, options.seed, options.now, drift=options.drift)
    # The note first: who is interrupted can say the same again, and the folder is known as this simulation's.
    write_whole(folder / NOTE, f"{title}\n{describe(blueprint, tables)}\n{_FILES}".encode())
    write_whole(folder / MAPPING, _mapping(blueprint).encode())
    for name, table in _files(tables).items():
        progress.step(f"writing {table.num_rows:,} rows to {name}")
        write_table(_with_written_stamps(table), folder / name)
    progress.finish()
    return tables


def describe(blueprint: Blueprint, tables: SimulatedTables) -> str:
    """In a line or two: what there is, how much is won, and how well the best of models could tell."""
    leads, events, outcomes = (each.num_rows for each in (tables.leads, tables.events, tables.outcomes))
    title = blueprint.target.title
    counts = f"{leads:,} leads, {events:,} events and {outcomes:,} outcomes of {blueprint.title!r}."
    if blueprint.simulation.orders is not None:
        expected = tables.truth.column("expected_value").to_numpy()
        mean = float(expected.mean()) if leads else 0.0
        word = f"{title}: {mean:,.2f} expected of each on arrival; {tables.base_rate:.1%} order again."
    else:
        word = f"{title}: {tables.base_rate:.1%}, by the true probabilities on arrival."
    auc = tables.best_auc()
    best = "" if np.isnan(auc) else f" The best reachable AUC on arrival is {auc:.3f}."
    return f"{counts} {word}{best}"


def _files(tables: SimulatedTables) -> dict[str, pa.Table]:
    return {LEADS: tables.leads, EVENTS: tables.events, OUTCOMES: tables.outcomes, TRUTH: tables.truth}


_FILES = """
Everything here is simulated: these people, companies and homes are invented.

- `leads.csv`: who came, when, and what was known then.
- `events.csv`: what happened to them; changed fields have the kind `field_changed`, with `field` and `value`.
- `outcomes.csv`: how it ended, as far as anybody wrote it down.
- `mapping.toml`: what kind of thing these leads are, for `leadwise import leads leads.csv --map mapping.toml`; likewise
  `leadwise import events events.csv` and `leadwise import outcomes outcomes.csv`.
- `truth.csv`: the true probability of each lead, which nobody could know. It is to judge by, never to learn from.
"""


def _mapping(blueprint: Blueprint) -> str:
    """What the files' columns do not say by their names."""
    entity = json.dumps(blueprint.target.entity, ensure_ascii=False)  # JSON's strings are TOML's too
    return f"# The columns have the standard names, so only this is left to say.\n\n[leads]\nentity = {entity}\n"


def _title(blueprint: Blueprint, options: SimulateOptions) -> str:
    """The beginning of the note, by which a simulation is known again."""
    name = " ".join(options.name.split())
    digest = sha256(blueprint.model_dump_json().encode()).hexdigest()[:16]
    return (
        f"# leadwise simulate {name} --leads {options.leads} --seed {options.seed} --drift {options.drift} "
        f"--now {options.now.isoformat()}\n\nFrom the blueprint {digest}, by leadwise {version('leadwise')}.\n"
    )


def _check_folder(folder: Path, title: str, *, force: bool) -> None:
    """See that the folder is there and ours to write to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = tuple(sorted(entry.name for entry in folder.iterdir()))
    except (FileExistsError, NotADirectoryError) as error:
        raise NotAFolderError(folder) from error
    except PermissionError as error:
        raise FileNotPermittedError(folder, "write to") from error
    except (OSError, ValueError) as error:
        raise FileNotWrittenError(folder, getattr(error, "strerror", None) or str(error)) from error
    if force or not found or _is_of(folder, title, found):
        return
    raise FolderInUseError(folder, found)


def _is_of(folder: Path, title: str, names: tuple[str, ...]) -> bool:
    """Whether there is nothing but what the same simulation has written."""
    note = folder / NOTE
    if not OURS.issuperset(names) or not note.is_file():
        return False
    with note.open(encoding="utf-8", errors="replace") as file:
        return file.read(len(title)) == title


def _with_written_stamps(table: pa.Table) -> pa.Table:
    """The table with instants as ISO 8601 writes them ("2026-01-15T12:00:00Z")."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            seconds = table.column(place).cast(pa.int64()).to_numpy() // 1_000_000
            written = np.datetime_as_string(seconds.astype("datetime64[s]"), timezone="UTC")
            table = table.set_column(place, field.name, pa.array(written.tolist(), pa.string()))
    return table
