"""Reading a table file of any format that we know."""

from collections.abc import Callable
from pathlib import Path

from leadwise.connectors.errors import BinaryTableError
from leadwise.connectors.tables.delimited import read_delimited
from leadwise.connectors.tables.excel import read_excel
from leadwise.connectors.tables.json_lines import read_json
from leadwise.connectors.tables.parquet import read_parquet
from leadwise.connectors.tables.source import Source, find_source
from leadwise.connectors.tables.table_file import TableFile

_Reader = Callable[[Source], TableFile]
_HEAD_BYTES = 1 << 16
_JSON_ENDINGS = frozenset({".json", ".jsonl", ".ndjson"})
_EXCEL_ENDINGS = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})
_MAGIC: tuple[tuple[bytes, _Reader], ...] = (
    (b"PAR1", read_parquet),
    (b"PK\x03\x04", read_excel),
    (b"\xd0\xcf\x11\xe0", read_excel),
)
_FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"ARROW1", "an Arrow or Feather file"),
)


def read_table(path: Path | str) -> TableFile:
    r"""The table in a file, whatever its format; what the bytes say counts more than the file's ending.

    Raises:
        leadwise.domain.errors.LeadwiseError: one of the causes in `leadwise.connectors.errors`.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "leads.csv"
    >>> _ = file.write_text("name;amount\nMüller;1,5\n", encoding="utf-8")
    >>> read = read_table(file)
    >>> read.table.to_pylist(), read.notes
    ([{'name': 'Müller', 'amount': '1,5'}], ('Read as semicolon-separated text in UTF-8.',))
    >>> read_table(file.with_name("lead.csv"))
    Traceback (most recent call last):
    leadwise.connectors.errors.TableNotFoundError: There is no file ...lead.csv; did you mean leads.csv ...
    """
    source = find_source(Path(path))
    return _reader(source, source.head(_HEAD_BYTES))(source)


def _reader(source: Source, head: bytes) -> _Reader:
    for magic, reader in _MAGIC:
        if head.startswith(magic):
            return reader
    for magic, description in _FOREIGN:
        if head.startswith(magic):
            raise BinaryTableError(source.path, description)
    is_utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in head and not is_utf16:
        raise BinaryTableError(source.path)
    return read_json if source.ending in _JSON_ENDINGS else read_delimited
