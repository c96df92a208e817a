import contextlib
import csv
import datetime as dt
import gzip
import io
import os
from pathlib import Path

import openpyxl
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.connectors.errors import (
    BinaryTableError,
    DamagedTableError,
    DuplicateColumnsError,
    EmptyTableError,
    NoRowsError,
    TableIsFolderError,
    TableNotFoundError,
)
from leadwise.connectors.tables import TableFormat, read_table
from leadwise.domain.errors import LeadwiseError

DATA = Path(os.environ.get("LEADWISE_TEST_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=("Cs",)), max_size=12)


def written(folder: Path, content: bytes | str, name: str = "leads.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_values_come_exactly_as_written(tmp_path: Path):
    path = written(tmp_path, 'id,zip,note\n 007 ,01067,"said ""hi"",\nthen left"\n8,,NA\n')
    assert read_table(path).table.to_pylist() == [
        {"id": " 007 ", "zip": "01067", "note": 'said "hi",\nthen left'},
        {"id": "8", "zip": "", "note": "NA"},
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_even_where_values_hold_others(tmp_path: Path, separator: str):
    rows = ["name", "price", "note"], ["Ann", "1,5", "a;b"], ["Bob", "2|3", "c, d"]
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    assert read_table(written(tmp_path, text.getvalue())).table.to_pylist()[0] == dict(zip(*rows[:2], strict=True))


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("utf-8", "Müller"),
        ("utf-8-sig", "Müller"),
        ("utf-16", "Müller"),
        ("cp1252", "Müller aus Köln, größte Straße"),
        ("cp1251", "Привет, это обычный русский текст для проверки"),
    ],
)
def test_the_encoding_is_found_and_told(tmp_path: Path, encoding: str, word: str):
    read = read_table(written(tmp_path, f'name;city\n"{word}";x\n'.encode(encoding)))
    assert read.table.to_pylist() == [{"name": word, "city": "x"}]
    assert "semicolon" in read.notes[0]


def test_a_byte_beyond_ascii_late_in_a_large_file_is_seen(tmp_path: Path):
    path = written(tmp_path, b"a,b\n" + b"1,2\n" * 1_500_000 + "é,ü\n".encode("cp1252"))
    assert read_table(path).table.slice(1_500_000).to_pylist() == [{"a": "é", "b": "ü"}]


def test_ragged_rows_are_left_out_counted_and_named(tmp_path: Path):
    read = read_table(written(tmp_path, "a,b\n1,2\n3\n\n4,5,6\n7,8\n"))
    assert read.table.to_pylist() == [{"a": "1", "b": "2"}, {"a": "7", "b": "8"}]
    assert "Left out 2 rows" in read.notes[1]
    assert "row 3 has 1 value" in read.notes[1]


def test_header_names_lose_their_spaces_and_unnamed_columns_get_a_name(tmp_path: Path):
    read = read_table(written(tmp_path, ",  Age , city\n0,1,x\n"))
    assert read.table.column_names == ["column 1", "Age", "city"]
    assert "Column 1 has no name" in read.notes[1]


def test_a_header_that_looks_like_data_is_noted(tmp_path: Path):
    read = read_table(written(tmp_path, "17,3.5\n18,4.5\n"))
    assert any("no header" in note for note in read.notes)


def test_one_column_is_a_table(tmp_path: Path):
    assert read_table(written(tmp_path, "name\nAnn\nBob\n")).table.to_pydict() == {"name": ["Ann", "Bob"]}


@settings(deadline=None)  # a busy machine is no fault
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6), sep=st.sampled_from(",;\t|"))
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], sep: str
):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=sep, quoting=csv.QUOTE_ALL)
    writer.writerows([["first", "second", "third"], *rows])
    read = read_table(written(tmp_path_factory.mktemp("csv"), text.getvalue()))
    assert [list(row.values()) for row in read.table.to_pylist()] == rows


def test_gzip_is_unpacked(tmp_path: Path):
    path = written(tmp_path, gzip.compress(b"a,b\n1,2\n"), "leads.csv.gz")
    assert read_table(path).table.to_pylist() == [{"a": "1", "b": "2"}]


def test_five_thousand_columns(tmp_path: Path):
    names = [f"column number {number}" for number in range(5_000)]
    path = written(tmp_path, "\n".join([",".join(names), *[",".join(["1"] * 5_000)] * 20]))
    assert read_table(path).table.shape == (20, 5_000)


def test_parquet_keeps_types_whatever_its_ending(tmp_path: Path):
    table = pa.table({"n": [1, None], "when": [dt.datetime(2026, 1, 2, tzinfo=dt.UTC), None]})
    pq.write_table(table, tmp_path / "leads.csv")
    read = read_table(tmp_path / "leads.csv")
    assert (read.format, read.table.column("n").type) == (TableFormat.PARQUET, pa.int64())
    assert pa.types.is_timestamp(read.table.column("when").type)


def test_excel_reads_the_first_sheet_with_data_and_names_the_others(tmp_path: Path):
    workbook = openpyxl.Workbook()
    workbook.create_sheet("leads").append(["id", "when", "mixed", "n"])
    workbook["leads"].append(["a1", dt.datetime(2026, 1, 2, 3, 4), 1, 1.5])  # noqa: DTZ001 - Excel knows no zones
    workbook["leads"].append(["a2", None, "x", 2])
    workbook.create_sheet("notes").append(["n"])
    workbook.save(tmp_path / "leads.xlsx")
    read = read_table(tmp_path / "leads.xlsx")
    first, second = read.table.to_pylist()
    assert first == {"id": "a1", "when": dt.datetime(2026, 1, 2, 3, 4), "mixed": "1", "n": 1.5}  # noqa: DTZ001
    assert second == {"id": "a2", "when": None, "mixed": "x", "n": 2.0}
    assert "leads" in read.notes[0]
    assert "notes" in read.notes[1]


@pytest.mark.parametrize("name", ["leads.jsonl", "leads.ndjson", "leads.json"])
def test_json_lines_give_the_union_of_keys(tmp_path: Path, name: str):
    lines = [{"a": 1}, {"b": {"c": [1]}, "a": None}, {"d": "x", "a": 2}]
    read = read_table(written(tmp_path, b"\n".join(map(orjson.dumps, lines)), name))
    assert read.table.to_pydict() == {"a": [1, None, 2], "b": [None, '{"c":[1]}', None], "d": [None, None, "x"]}


def test_a_json_array_is_a_table_and_other_lines_are_reported(tmp_path: Path):
    assert read_table(written(tmp_path, '[{"a": 1}, {"a": 2.5}]', "l.json")).table.to_pydict() == {"a": [1.0, 2.5]}
    read = read_table(written(tmp_path, '{"a": 1}\nnot json\n{"a": 2}', "l.jsonl"))
    assert read.table.num_rows == 2
    assert "Left out 1 line" in read.notes[1]


def _truncated_parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(1000))}), buffer)
    return buffer.getvalue()[:-40]


def _truncated_excel() -> bytes:
    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    return buffer.getvalue()[:2000]


@pytest.mark.parametrize(
    ("name", "content", "error", "sentence"),
    [
        ("a.csv", b"", EmptyTableError, "is empty"),
        ("a.csv", b"\n\n  \n", EmptyTableError, "is empty"),
        ("a.csv", b"a,b\n", NoRowsError, "names 2 columns but has no rows"),
        ("a.csv", b"a,b,a\n1,2,3\n", DuplicateColumnsError, 'several columns named "a"'),
        ("a.csv", bytes(range(256)) * 20, BinaryTableError, "binary data"),
        ("a.csv", b"%PDF-1.7 ...", BinaryTableError, "a PDF document"),
        ("a.parquet", _truncated_parquet(), DamagedTableError, "Parquet"),
        ("a.parquet", b"a,b\n1,2\n\0", BinaryTableError, "binary data"),
        ("a.xlsx", _truncated_excel(), DamagedTableError, "Excel"),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 50, DamagedTableError, "Excel"),
        ("a.jsonl", b"nothing here", DamagedTableError, "JSON"),
        ("a.json", b"[1, 2", DamagedTableError, "JSON"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 999)[:30], DamagedTableError, "gzip"),
        ("a.csv", b'a,b\n1,"never closed\n2,3\n', DamagedTableError, "quote"),
    ],
    ids=[
        "empty",
        "blank",
        "header",
        "duplicates",
        "binary",
        "pdf",
        "parquet",
        "text-parquet",
        "excel",
        "no-excel",
        "no-json",
        "json",
        "gzip",
        "quote",
    ],
)
def test_bad_files_give_one_sentence(
    tmp_path: Path, name: str, content: bytes, error: type[LeadwiseError], sentence: str
):
    with pytest.raises(error, match=sentence) as raised:
        read_table(written(tmp_path, content, name))
    assert str(raised.value).count("\n") == 0


def test_a_missing_file_offers_the_nearest_name(tmp_path: Path):
    written(tmp_path, "a\n1\n", "Leads.csv")
    with pytest.raises(TableNotFoundError, match=r"did you mean Leads\.csv"):
        read_table(tmp_path / "leads.csv")


def test_a_folder_is_no_table(tmp_path: Path):
    with pytest.raises(TableIsFolderError, match="is a folder"):
        read_table(tmp_path)


@settings(deadline=None)  # a busy machine is no fault
@given(content=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.parquet", "a.xlsx", "a.json", "a.csv.gz"]))
def test_no_bytes_bring_anything_but_a_table_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
):
    magic = {"a.parquet": b"PAR1", "a.xlsx": b"PK\x03\x04", "a.csv.gz": b"\x1f\x8b"}.get(name, b"")
    path = written(tmp_path_factory.mktemp("bytes"), magic + content, name)
    with contextlib.suppress(LeadwiseError):
        assert read_table(path).table.num_rows > 0


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared real data are absent")
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("x-education/Leads.csv", (9_240, 37)),
        ("bank-marketing/bank-full.csv", (45_211, 17)),
        ("seattle-home-sales/seattle_sales.parquet", (43_313, 16)),
    ],
)
def test_real_tables_are_read_whole(name: str, shape: tuple[int, int]):
    assert read_table(DATA / name).table.shape == shape


@pytest.mark.slow
@pytest.mark.alone
def test_two_gigabytes_are_read(tmp_path: Path):
    path, block = tmp_path / "large.csv", b"".join(b"lead-%09d,%d,some words,0.25\n" % (i, i) for i in range(100_000))
    with path.open("wb") as file:
        file.write(b"id,n,note,p\n")
        for _ in range((2 << 30) // len(block)):
            file.write(block)
    assert read_table(path).table.num_rows == (2 << 30) // len(block) * 100_000


def test_utf_8_with_a_few_broken_letters_keeps_all_the_others(tmp_path: Path):
    path = tmp_path / "broken.csv"
    rows = "".join(f"{number},Müller,Köln\n" for number in range(200)).encode()
    path.write_bytes(b"id,name,city\n" + rows + b"200,M\xfcller,K\xc3\xb6ln\n")
    found = read_table(path)
    assert set(found.table["city"].to_pylist()) == {"Köln"}
    assert found.table["name"].to_pylist()[-2:] == ["Müller", "M\N{REPLACEMENT CHARACTER}ller"]
    assert "some letters are broken" in found.notes[0]


def test_numbers_that_stand_apart_by_blanks_are_columns(tmp_path: Path):
    file = tmp_path / "bought.txt"
    file.write_bytes(b" customer  date  dollars\r\n 00001 19970101   11.77\r\n 00002 19970112    9.00\r\n")
    read = read_table(file)
    assert read.table.to_pylist() == [
        {"customer": "00001", "date": "19970101", "dollars": "11.77"},
        {"customer": "00002", "date": "19970112", "dollars": "9.00"},
    ]
    assert "apart by blanks" in read.notes[0]


def test_without_a_header_they_are_called_by_number_and_the_first_row_is_kept(tmp_path: Path):
    file = tmp_path / "bought.txt"
    file.write_text(" 1 1 11.77\n" * 300 + " 2 3\n")
    read = read_table(file)
    assert read.table.column_names == ["column 1", "column 2", "column 3"]
    assert read.table.num_rows == 300
    assert "row 301 has 2" in read.notes[-1]


@pytest.mark.parametrize(
    "text",
    [
        "name\nAnn Lee\nBob Ray\n",
        "full name\nAnn Lee\nBob Ray\n",
        "when\n2024-01-01 10:00\n2024-01-02 11:00\n",
        "amount\n12 345\n67 890\n",
        "a,b\n1 2,3 4\n5 6,7 8\n",
        'note\n"1 2"\n"3 4"\n',
    ],
)
def test_blanks_within_values_separate_nothing(tmp_path: Path, text: str):
    file = tmp_path / "leads.csv"
    file.write_text(text)
    assert read_table(file).table.num_columns == text.partition("\n")[0].count(",") + 1


@pytest.mark.parametrize(
    ("name", "content", "left_out"),
    [
        ("a.csv", 'a,b\n1,2\n\n3\n"x\ny",2,3\n5,6\n', [(2, "3"), (3, '"x\ny",2,3')]),
        ("a.txt", "a b\n1 2\n3 4 5\n", []),
        ("a.jsonl", '{"a": 1}\nbroken\n{"a": 2}\n[7]\n', [(2, "broken"), (4, "[7]")]),
        ("a.json", '[{"a": 1}, 5, {"a": 2}]', [(2, "5")]),
    ],
)
def test_rows_that_do_not_fit_are_kept_apart_as_they_stand_in_the_file(
    tmp_path: Path, name: str, content: str, left_out: list[tuple[int, str]]
):
    file = read_table(written(tmp_path, content, name))
    assert [(row.number, row.text) for row in file.left_out] == left_out
    everything = sorted([*file.row_numbers.tolist(), *(number for number, _ in left_out)])
    assert everything == list(range(1, len(everything) + 1))
