"""Text whose columns stand apart by blanks, as older programs print it.

Only tables of numbers are taken for such: the words of a sentence stand apart by blanks too.
"""

from collections.abc import Iterator
from itertools import islice

import pyarrow as pa

from leadwise.connectors.errors import NoRowsError
from leadwise.connectors.tables.headers import clean_names, looks_like_data
from leadwise.connectors.tables.separators import SEPARATORS
from leadwise.connectors.tables.source import Source
from leadwise.connectors.tables.table_file import LeftOutRow, TableFile, TableFormat

_ROWS = 200
_ROWS_SHOWN = 5


def is_aligned(sample: str) -> bool:
    r"""Whether blanks separate the columns of a text: no separator stands in it, and all rows are equally many numbers.

    The first row may be a header.

    >>> is_aligned("id  spent\n01   11.77\n02   12.00\n"), is_aligned("name\nAnn Lee\nBob Ray\n"), is_aligned("1,5 2\n")
    (True, False, False)
    """
    if any(mark in sample for mark in (*SEPARATORS, '"')):
        return False
    rows = list(islice((cells for line in sample.splitlines() if (cells := line.split())), _ROWS))
    width = len(rows[0]) if rows else 0
    return width > 1 and all(len(cells) == width for cells in rows) and all(map(looks_like_data, rows[1:] or rows))


def read_aligned(source: Source, encoding: str) -> TableFile:
    """The table in such a text; columns without a header are called by their number.

    Raises:
        NoRowsError: if there is a header and nothing else.
    """
    text = b"".join(source.chunks()).decode(encoding, errors="replace")
    rows = [cells for line in text.removeprefix("\ufeff").splitlines() if (cells := line.split())]
    width = len(rows[0])
    notes = ["Read as text whose columns stand apart by blanks."]
    if looks_like_data(rows[0]):
        names = [f"column {number}" for number in range(1, width + 1)]
        notes.append(f"The file has no header: its columns are called column 1 to column {width}.")
    else:
        names, _ = clean_names(source.path, rows.pop(0))
    fitting = [cells for cells in rows if len(cells) == width]
    left_out = tuple(_left_out(rows, width))
    if left_out:
        notes.append(_about_skipped(rows, width))
    if not fitting:
        raise NoRowsError(source.path, width, "")
    columns = [pa.array(column, pa.string()) for column in zip(*fitting, strict=True)]
    return TableFile(pa.Table.from_arrays(columns, names=names), tuple(notes), TableFormat.DELIMITED, left_out)


def _left_out(rows: list[list[str]], width: int) -> Iterator[LeftOutRow]:
    for number, cells in enumerate(rows, start=1):
        if len(cells) != width:
            yield LeftOutRow(number, f"It has {len(cells)} values, but {width} were expected.", " ".join(cells))


def _about_skipped(rows: list[list[str]], width: int) -> str:
    skipped = [(number, len(cells)) for number, cells in enumerate(rows, start=1) if len(cells) != width]
    shown = ", ".join(f"row {number} has {found}" for number, found in skipped[:_ROWS_SHOWN])
    more = ", ..." if len(skipped) > _ROWS_SHOWN else ""
    return f"Left out {len(skipped):,} of {len(rows):,} rows that do not have {width} values ({shown}{more})."
