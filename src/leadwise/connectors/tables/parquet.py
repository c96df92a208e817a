"""Parquet files; columns keep their types."""

import pyarrow as pa
import pyarrow.parquet as pq

from leadwise.connectors.errors import DamagedTableError, NoRowsError
from leadwise.connectors.tables.cells import without_views
from leadwise.connectors.tables.headers import clean_names
from leadwise.connectors.tables.source import Source, reading
from leadwise.connectors.tables.table_file import TableFile, TableFormat


def read_parquet(source: Source) -> TableFile:
    """The table in a Parquet file."""
    try:
        with reading(source.path), pq.ParquetFile(source.path, memory_map=True) as file:
            names, notes = clean_names(source.path, file.schema_arrow.names)
            table = without_views(file.read())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise DamagedTableError(source.path, "a Parquet file", str(error).splitlines()[0].rstrip(".")) from error
    if not table.num_rows:
        raise NoRowsError(source.path, len(names))
    return TableFile(table.rename_columns(names), ("Read as Parquet.", *notes), TableFormat.PARQUET)
