"""The model file: one zip of JSON, arrays and trees as text, with checksums. Nothing in it can be executed.

```
manifest.json    {"format": "leadwise model", "format_version": 1, "files": {name: sha256}}
manifest.sha256  checksum of manifest.json
card.json        the model card
columns.json     how each column is read
model.json       algorithm, task, calibration, value intervals, kind of reasons, and what it says of made-up rows
target.json      what its features are made by, of a model of stored leads
algorithm/...    the algorithm's own parts
```

Checksums find what was truncated or edited by accident; they do not say who wrote a file. The formats alone keep a
hostile one from running code.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from leadwise.connectors.errors import FileNotPermittedError
from leadwise.connectors.whole_file import write_whole
from leadwise.domain.card import ModelCard, Task
from leadwise.domain.column import Column
from leadwise.domain.frame import Feature
from leadwise.domain.target import Target
from leadwise.features.encoding import column_features
from leadwise.models.algorithm import Predictor
from leadwise.models.catalogue import get_algorithm
from leadwise.models.hazards.catalogue import HAZARD_MODELS
from leadwise.registry.errors import (
    DamagedModelFileError,
    ModelFileNotFoundError,
    NewerModelFormatError,
    NotAModelFileError,
    Where,
)
from leadwise.registry.proof import prove
from leadwise.training.age_curve import AgeCurve
from leadwise.training.fitted_model import FittedModel
from leadwise.training.intervals import ValueIntervals
from leadwise.training.origin import FORMAT_VERSION
from leadwise.training.scalings import build_scaling, describe_scaling
from leadwise.training.score_intervals import ScoreIntervals

FORMAT = "leadwise model"
MANIFEST, MANIFEST_CHECKSUM = "manifest.json", "manifest.sha256"
TARGET = "target.json"
ALGORITHM_FOLDER = "algorithm/"
LARGEST_BYTES = 2 << 30
"""Larger contents are refused before they are unpacked: no model comes near, a zip bomb does."""
_COLUMNS = TypeAdapter(tuple[Column, ...])
_YEAR_ONE = (1980, 1, 1, 0, 0, 0)


def dump_model(model: FittedModel) -> bytes:
    """The model as a file's content: the same model gives the same bytes."""
    files = {
        "card.json": orjson.dumps(model.card.model_dump(mode="json"), option=orjson.OPT_INDENT_2),
        "columns.json": _COLUMNS.dump_json(model.columns),
        "model.json": orjson.dumps(_describe(model)),
        **({TARGET: model.target.model_dump_json().encode()} if model.target else {}),
        **{ALGORITHM_FOLDER + name: content for name, content in model.algorithm.save().items()},
    }
    checksums = {name: _checksum(content) for name, content in sorted(files.items())}
    manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, "files": checksums}
    files[MANIFEST] = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
    files[MANIFEST_CHECKSUM] = _checksum(files[MANIFEST]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_YEAR_ONE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def load_model(content: bytes, where: Where) -> FittedModel:
    """The model in a file's content.

    Args:
        content: What `dump_model` gave.
        where: What to call it in messages.

    Raises:
        NotAModelFileError, NewerModelFormatError, DamagedModelFileError: if it cannot be used.
    """
    try:
        return _build(_unpack(content, where))
    except (KeyError, ValueError, TypeError, IndexError, ValidationError) as error:
        raise DamagedModelFileError(where, f"its parts do not fit together ({type(error).__name__})") from error


def write_model_file(model: FittedModel, path: Path) -> None:
    """Write the model, whole or not at all.

    Raises:
        FileNotPermittedError, FileNotWrittenError: as they say; then nothing was changed.
    """
    write_whole(path, dump_model(model))


def read_model_file(path: Path) -> FittedModel:
    """The model in a file. Raises as `load_model` does, and where there is no such file."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelFileNotFoundError(path) from error
    except IsADirectoryError as error:
        raise NotAModelFileError(path) from error
    except PermissionError as error:
        raise FileNotPermittedError(path, "read") from error
    return load_model(content, path)


def _describe(model: FittedModel) -> dict[str, Any]:
    return {
        "algorithm": model.algorithm.name,
        "task": model.card.task,
        "settings": model.algorithm.settings,
        "scaling": describe_scaling(model.scaling),
        "intervals": model.intervals,
        "score_intervals": model.score_intervals,
        "proof": prove(model).tolist(),
        "exact_reasons": model.exact_reasons,
        **({} if model.ages is None else {"ages": model.ages}),
    }


def _unpack(content: bytes, where: Where) -> dict[str, bytes]:
    """All files of the zip, once their checksums are known to be right."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST_BYTES:
                raise DamagedModelFileError(where, f"it claims to hold more than {LARGEST_BYTES >> 30} GiB")
            if {entry.compress_type for entry in archive.infolist()} - {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise DamagedModelFileError(where, "it is packed in a way that model files never are")
            files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        if content[:2] == b"PK":
            raise DamagedModelFileError(where, "it was cut short or overwritten") from error
        raise NotAModelFileError(where) from error
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise DamagedModelFileError(where, "a part of it cannot be unpacked") from error
    _verify(files, where)
    return files


def _verify(files: Mapping[str, bytes], where: Where) -> None:
    if MANIFEST not in files or MANIFEST_CHECKSUM not in files:
        raise NotAModelFileError(where)
    if _checksum(files[MANIFEST]).encode() != files[MANIFEST_CHECKSUM]:
        raise DamagedModelFileError(where, "its manifest was changed")
    checksums = _read_manifest(files[MANIFEST], where)
    if set(checksums) != set(files) - {MANIFEST, MANIFEST_CHECKSUM}:
        raise DamagedModelFileError(where, "parts are missing or were added")
    for name, checksum in checksums.items():
        if _checksum(files[name]) != checksum:
            raise DamagedModelFileError(where, f"{name} was changed")


def _read_manifest(content: bytes, where: Where) -> dict[str, str]:
    """Each part's checksum, if this is a manifest of a format that we read."""
    try:
        manifest = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise NotAModelFileError(where) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NotAModelFileError(where)
    version, checksums = manifest.get("format_version"), manifest.get("files")
    if not isinstance(version, int) or not isinstance(checksums, dict):
        raise DamagedModelFileError(where, "its manifest lacks the format's version or the list of parts")
    if version > FORMAT_VERSION:
        raise NewerModelFormatError(where, version, FORMAT_VERSION)
    return checksums


def _build(files: Mapping[str, bytes]) -> FittedModel:
    card = ModelCard.model_validate_json(files["card.json"])
    columns = _COLUMNS.validate_json(files["columns.json"])
    described = orjson.loads(files["model.json"])
    task = Task(described["task"])
    features = [feature for column in columns for feature in column_features(column)]
    parts = {name.removeprefix(ALGORITHM_FOLDER): files[name] for name in files if name.startswith(ALGORITHM_FOLDER)}
    algorithm = _load_algorithm(described, task, features, parts)
    intervals = described["intervals"]
    model = FittedModel(
        card=card,
        columns=columns,
        algorithm=algorithm,
        scaling=build_scaling(described["scaling"]),
        intervals=ValueIntervals(**_all_tupled(intervals)) if intervals else None,
        score_intervals=ScoreIntervals(**sureness) if (sureness := described.get("score_intervals")) else None,
        proof=tuple(described["proof"]),
        exact_reasons=described.get("exact_reasons", False),
        ages=AgeCurve(**_all_tupled(ages)) if (ages := described.get("ages")) else None,
        target=Target.model_validate_json(files[TARGET]) if TARGET in files else None,
    )
    prove(model)  # parts that do not fit together fail here, and not in the midst of scoring
    return model


def _load_algorithm(
    described: Mapping[str, Any], task: Task, features: list[Feature], parts: Mapping[str, bytes]
) -> Predictor:
    name = described["algorithm"]
    if name in HAZARD_MODELS:
        return HAZARD_MODELS[name].load(features, parts)
    algorithm = get_algorithm(name, task).load(task, features, parts)
    return algorithm.with_settings(described.get("settings", {}))  # older files have none


def _all_tupled(described: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in described.items()}


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
