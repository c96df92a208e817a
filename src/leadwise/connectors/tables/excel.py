"""Excel and OpenDocument workbooks; cells keep their types. The first sheet that holds something is read."""

from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from leadwise.connectors.errors import DamagedTableError, EmptyTableError, NoRowsError
from leadwise.connectors.tables.cells import to_column
from leadwise.connectors.tables.headers import clean_names
from leadwise.connectors.tables.source import Source
from leadwise.connectors.tables.table_file import TableFile, TableFormat


def read_excel(source: Source) -> TableFile:
    """The table in the first sheet that holds something."""
    try:
        sheets = _sheets(source.path)
    except (CalamineError, OSError, ValueError) as error:
        raise DamagedTableError(source.path, "an Excel workbook", str(error).splitlines()[0].rstrip(".")) from error
    if not sheets:
        raise EmptyTableError(source.path)
    (title, rows), others = sheets[0], [name for name, _ in sheets[1:]]
    names, notes = clean_names(source.path, [str(cell) for cell in rows[0]])
    body = [row for row in rows[1:] if any(cell != "" for cell in row)]
    if not body:
        raise NoRowsError(source.path, len(names))
    columns = [to_column(values) for values in zip(*body, strict=True)]
    if others:
        notes.append(f"Only this sheet was read; left alone: {', '.join(others)}.")
    read = f'Read sheet "{title}" of the workbook.'
    return TableFile(pa.Table.from_arrays(columns, names=names), (read, *notes), TableFormat.EXCEL)


def _sheets(path: Path) -> list[tuple[str, list[list[object]]]]:
    """The titles and cells of the sheets that hold something."""
    workbook = CalamineWorkbook.from_path(str(path))
    cells = [(name, workbook.get_sheet_by_name(name).to_python()) for name in workbook.sheet_names]
    return [(name, [list(row) for row in rows]) for name, rows in cells if rows]
