"""Table files: read in whatever format they come, written whole or not at all."""

from leadwise.connectors.tables.reading import read_table
from leadwise.connectors.tables.table_file import TableFile, TableFormat
from leadwise.connectors.tables.writing import TableWriter, write_table

__all__ = ["TableFile", "TableFormat", "TableWriter", "read_table", "write_table"]
