"""Tables as CSV, piece by piece, for whoever reads while they are made."""

import io
from collections.abc import Iterable, Iterator

import pyarrow as pa

from leadwise.connectors.tables.writing import DelimitedSink


def csv_pieces(schema: pa.Schema, tables: Iterable[pa.Table]) -> Iterator[bytes]:
    r"""CSV with a header, a piece for each table; no text can run as a formula in a spreadsheet.

    Args:
        schema: Of all tables.
        tables: One after the other, none of which needs to be kept.

    >>> names = pa.schema([("id", pa.string())])
    >>> b"".join(csv_pieces(names, [pa.table({"id": ["=1+1"]}, names)]))
    b'"id"\n"\'=1+1"\n'
    """
    buffer = io.BytesIO()
    sink = DelimitedSink(buffer, schema, ",")
    for table in tables:
        sink.write_table(table)
        yield _taken(buffer)
    sink.close()
    yield _taken(buffer)


def _taken(buffer: io.BytesIO) -> bytes:
    piece = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return piece
