"""Table files: read in whatever format they come, written whole or not at all."""

from leadwise.connectors.tables.reading import read_table
from leadwise.connectors.tables.table_file import TableFile

__all__ = ["TableFile", "read_table"]
