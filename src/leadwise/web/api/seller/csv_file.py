"""Properties as CSV, piece by piece, so that memory does not grow with their number."""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import orjson
import pyarrow as pa

from leadwise.actions.radar import RadarEntry
from leadwise.actions.typed_fields import number_of
from leadwise.connectors.tables.csv_stream import csv_pieces
from leadwise.domain.target import FieldKind, Target

REASONS = 3
_NUMBERS = ("probability", "model_weight", "heuristic_weight", "coverage")
_SCORE = ("rank", "property_id", "source", "probability", "grade", "action")
_BESIDE = ("model_weight", "heuristic_weight", "coverage", "seen_since", "model_version", "as_of", "scored_at")


def write_csv(target: Target, pieces: Iterable[Sequence[RadarEntry]], *, mark: bool = False) -> Iterator[bytes]:
    """The file in pieces: a line of names, then one for each property.

    Texts that a spreadsheet would run as formulas get an apostrophe in front (`connectors.tables.writing`), numbers
    stay numbers. Instants are ISO 8601 in UTC.

    Args:
        target: Its fields are columns.
        pieces: The properties.
        mark: Whether it begins with a byte-order mark.
    """
    if mark:
        yield codecs.BOM_UTF8
    schema = _schema(target)
    rows = ([_row(target, entry) for entry in piece] for piece in pieces)
    yield from csv_pieces(schema, (pa.Table.from_pylist(piece, schema) for piece in rows))


def _schema(target: Target) -> pa.Schema:
    reasons = [f"reason_{place}" for place in range(1, REASONS + 1)]
    numbers = {*_NUMBERS, *(field.name for field in target.fields if field.kind is FieldKind.NUMBER)}
    names = [*_SCORE, *(field.name for field in target.fields), *reasons, *_BESIDE]
    kinds = {"rank": pa.int64()} | dict.fromkeys(numbers, pa.float64())
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])


def _row(target: Target, entry: RadarEntry) -> dict[str, object]:
    score = entry.score
    row: dict[str, object] = {
        field.name: number_of(entry.fields.get(field.name))
        if field.kind is FieldKind.NUMBER
        else _text(entry.fields.get(field.name))
        for field in target.fields
    }
    row |= {f"reason_{place}": reason.sentence for place, reason in enumerate(score.reasons[:REASONS], start=1)}
    return row | {
        "rank": entry.rank,
        "property_id": score.lead[1],
        "source": score.lead[0],
        "probability": score.probability,
        "grade": score.grade,
        "action": score.action,
        "model_weight": entry.attribution.model,
        "heuristic_weight": entry.attribution.heuristic,
        "coverage": entry.coverage.share,
        "seen_since": _stamp(entry.known_since),
        "model_version": score.model_version,
        "as_of": _stamp(score.as_of),
        "scored_at": _stamp(score.recorded_at),
    }


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return orjson.dumps(value).decode()


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()
