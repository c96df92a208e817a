import datetime as dt
import errno
import os
import resource
import signal
import stat
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.connectors.errors import FileNotWrittenError, UnsupportedTableError
from leadwise.connectors.tables import TableWriter, read_table, write_table
from leadwise.connectors.tables.writing import without_formulas


@pytest.mark.parametrize("name", ["s.csv", "s.tsv", "s.parquet", "s.jsonl"])
def test_what_was_written_is_read_back(tmp_path: Path, name: str):
    table = pa.table({"id": ["007", "ü,\t\n", ""], "p": [0.1, -0.5, 1 / 3]})
    write_table(table, tmp_path / name)
    read = read_table(tmp_path / name).table
    assert read.column("id").to_pylist() == ["007", "ü,\t\n", ""]
    assert [float(value) for value in read.column("p").to_pylist()] == [0.1, -0.5, 1 / 3]


@pytest.mark.parametrize("name", ["s.csv", "s.parquet", "s.jsonl"])
def test_pieces_make_one_file(tmp_path: Path, name: str):
    with TableWriter(tmp_path / name) as writer:
        for start in (0, 2):
            writer.write(pa.table({"n": [start, start + 1]}))
    assert [int(n) for n in read_table(tmp_path / name).table.column("n").to_pylist()] == [0, 1, 2, 3]


def test_texts_that_a_spreadsheet_would_run_get_an_apostrophe(tmp_path: Path):
    table = pa.table({"id": ["=1+1", "+cmd", "-x", "@a", "\tb", "-0.5", "+49", "a=b", "-"], "p": [-0.5] * 9})
    write_table(table, tmp_path / "s.csv")
    rows = read_table(tmp_path / "s.csv").table.to_pydict()
    assert rows["id"] == ["'=1+1", "'+cmd", "'-x", "'@a", "'\tb", "-0.5", "+49", "a=b", "'-"]
    assert rows["p"] == ["-0.5"] * 9


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.text()))
def test_no_text_that_could_run_is_left(texts: list[str]):
    for text, safe in zip(texts, without_formulas(pa.chunked_array([texts], pa.string())).to_pylist(), strict=True):
        assert safe in {text, f"'{text}"}
        assert not safe.startswith(("=", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("error", "seen"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(errno.ENOSPC, "No space left"), FileNotWrittenError)],
)
def test_an_interrupted_file_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, error: BaseException, seen: type[BaseException]
):
    path = tmp_path / "s.csv"
    path.write_text("old")
    with pytest.raises(seen), TableWriter(path) as writer:  # noqa: PT012 - what is raised inside is the test
        writer.write(pa.table({"n": [1]}))
        raise error
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("s.csv", "old")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path):
    writer = TableWriter(tmp_path / "s.csv")
    with pytest.raises(FileNotWrittenError, match="nothing half-written"), writer:  # noqa: PT012 - also on leaving
        os.dup2(os.open("/dev/full", os.O_WRONLY), writer._file.fileno())
        writer.write(pa.table({"n": list(range(100_000))}))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(FileNotWrittenError, match=r"its folder .* does not exist"):
        write_table(pa.table({"n": [1]}), tmp_path / "no" / "s.csv")


def test_an_unknown_ending_is_refused_before_any_work(tmp_path: Path):
    with pytest.raises(UnsupportedTableError, match=r"\.xlsx, but a table is written as \.csv"):
        TableWriter(tmp_path / "s.xlsx")


def test_nothing_to_write_still_gives_a_header(tmp_path: Path):
    write_table(pa.table({"id": pa.array([], pa.string())}), tmp_path / "s.csv")
    assert (tmp_path / "s.csv").read_text() == '"id"\n'


def test_others_may_read_the_file(tmp_path: Path):
    write_table(pa.table({"n": [1]}), tmp_path / "s.csv")
    assert (tmp_path / "s.csv").stat().st_mode & stat.S_IRUSR


def test_json_lines_write_dates(tmp_path: Path):
    write_table(pa.table({"day": [dt.date(2026, 1, 2)]}), tmp_path / "s.jsonl")
    assert (tmp_path / "s.jsonl").read_text() == '{"day":"2026-01-02"}\n'


def write_much(path: Path) -> None:
    with TableWriter(path) as writer:
        for _ in range(100):
            writer.write(pa.table({"text": ["x" * 1000] * 100}))


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet", "scores.jsonl"])
def test_a_full_disk_while_a_table_is_written_is_told_and_leaves_nothing(tmp_path: Path, name: str):
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, before[1]))
    try:
        with pytest.raises(FileNotWrittenError, match="nothing half-written"):
            write_much(tmp_path / name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(tmp_path.iterdir()) == []
