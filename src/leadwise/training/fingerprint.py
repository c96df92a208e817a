"""Fingerprints: the same content gives the same digits."""

import hashlib
from collections.abc import Mapping, Sequence

import orjson
import pyarrow as pa

from leadwise.domain.column import Column
from leadwise.features.texts import to_codes
from leadwise.models.algorithm import Predictor
from leadwise.training.age_curve import AgeCurve
from leadwise.training.scalings import Scaling, describe_scaling

VERSION_DIGITS = 12


def table_fingerprint(table: pa.Table) -> str:
    """SHA-256 of the columns' names and values, whatever file format they came in.

    >>> table_fingerprint(pa.table({"a": [1, 2]})) == table_fingerprint(pa.table({"a": ["1", "2"]}))
    True
    >>> table_fingerprint(pa.table({"a": [1, 2]})) == table_fingerprint(pa.table({"a": ["2", "1"]}))
    False
    """
    digest = hashlib.sha256()
    for name in sorted(table.column_names):
        coded = to_codes(table.column(name))
        digest.update(_framed(name.encode()))
        for text in coded.texts.to_pylist():
            digest.update(_framed(str(text).encode()))
        digest.update(coded.codes.tobytes())
    return digest.hexdigest()


def content_version(parts: Mapping[str, bytes]) -> str:
    """Twelve hexadecimal digits of the parts' content.

    >>> content_version({"a": b"1"}) == content_version({"a": b"1"}), content_version({"a": b"2"})
    (True, '7a2d798cba5f')
    """
    digest = hashlib.sha256()
    for name in sorted(parts):
        digest.update(_framed(name.encode()))
        digest.update(_framed(parts[name]))
    return digest.hexdigest()[:VERSION_DIGITS]


def model_version(
    algorithm: Predictor, columns: Sequence[Column], scaling: Scaling, ages: AgeCurve | None = None
) -> str:
    """The version of a model that consists of these."""
    parts = {
        **algorithm.save(),
        "columns": orjson.dumps([column.model_dump(mode="json") for column in columns]),
        "scaling": orjson.dumps(describe_scaling(scaling)),
    }
    if ages is not None:
        parts["ages"] = orjson.dumps(ages)
    return content_version(parts)


def _framed(content: bytes) -> bytes:
    """The content with its length before it, so that no two sequences run into the same bytes."""
    return len(content).to_bytes(8, "big") + content
