"""The model file: the same model back, the same bytes twice, and never anything but a sentence from a bad one."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.connectors.errors import FileNotPermittedError
from leadwise.domain.errors import LeadwiseError
from leadwise.registry.errors import (
    DamagedModelFileError,
    ModelFileNotFoundError,
    NewerModelFormatError,
    NotAModelFileError,
)
from leadwise.registry.model_file import dump_model, load_model, read_model_file, write_model_file
from leadwise.scoring.scorer import score_table
from leadwise.scoring.validation import check_promises
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions
from leadwise.training.scalings import BetaScaling, CurveScaling, PlattScaling, Scaling

ROWS = 240


def leads(seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    visits, source = random.poisson(4, ROWS), random.choice(["web", "fair", "Größe"], ROWS)
    won = random.random(ROWS) < 1 / (1 + np.exp(2 - 0.5 * visits))
    return pa.table(
        {
            "Visits": visits,
            "Source": source,
            "Seen": [f"2026-01-{1 + day % 28:02d}" for day in range(ROWS)],
            "Won": np.where(won, "yes", "no"),
            "Spent": 10.0 * visits + random.normal(0, 1, ROWS),
        }
    )


def fitted(algorithm: str, *, value: bool = False) -> FittedModel:
    table = leads().drop_columns(["Won"] if value else ["Spent"])
    options = FitOptions(outcome="Spent" if value else "Won", value=value, algorithms=(algorithm,), budget_seconds=5)
    return fit(table, options)


CASES = [
    *((name, False) for name in ("heuristic", "logistic_regression", "gradient_boosting")),
    ("linear_regression", True),
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0])
def each_model(request) -> FittedModel:
    return fitted(request.param[0], value=request.param[1])


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return fitted("logistic_regression")


@pytest.fixture(scope="module")
def content(model) -> bytes:
    return dump_model(model)


def scores(model: FittedModel) -> pa.Table:
    return score_table(model, leads(seed=9))


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def with_manifest(content: bytes, change: Callable[[dict], object]) -> bytes:
    """The file with its manifest changed, and the manifest's checksum made right again."""
    parts = parts_of(content)
    manifest = json.loads(parts["manifest.json"])
    change(manifest)
    parts["manifest.json"] = json.dumps(manifest).encode()
    parts["manifest.sha256"] = sha256(parts["manifest.json"]).hexdigest().encode()
    return zipped(parts)


def forged(content: bytes, name: str, part: bytes) -> bytes:
    """The file with one part replaced and all checksums made right again, as only a forger would do."""
    replaced = zipped({**parts_of(content), name: part})
    return with_manifest(replaced, lambda manifest: manifest["files"].update({name: sha256(part).hexdigest()}))


def test_a_model_comes_back_as_it_was(each_model, tmp_path):
    write_model_file(each_model, tmp_path / "some.leadwise")
    again = read_model_file(tmp_path / "some.leadwise")
    assert again.card == each_model.card
    assert again.columns == each_model.columns
    assert (again.scaling, again.intervals) == (each_model.scaling, each_model.intervals)
    assert scores(again).equals(scores(each_model))


@pytest.mark.parametrize(
    "scaling",
    [PlattScaling(0.7, -0.2), BetaScaling(0.4, 1.8, 0.3), CurveScaling((-3.0, 0.0, 2.0), (-2.0, 0.5, 3.0), 0.8)],
)
def test_every_scaling_comes_back(model, scaling: Scaling):
    scaled = replace(model, scaling=scaling)
    again = load_model(dump_model(scaled), "memory")
    assert again.scaling == scaling
    assert scores(again).equals(scores(scaled))
    assert all(promise.kept for promise in check_promises(again, leads(seed=9).drop_columns("Won")))


def test_a_file_from_before_there_were_other_scalings(content):
    described = json.loads(parts_of(content)["model.json"])
    described["scaling"] = {"slope": 0.7, "intercept": -0.2}
    old = load_model(forged(content, "model.json", json.dumps(described).encode()), "old")
    assert old.scaling == PlattScaling(0.7, -0.2)


@pytest.mark.parametrize(
    "scaling", [None, 7, {"a": 1}, {"method": "magic"}, {"method": "curve", "margins": [0, 1], "log_odds": []}]
)
def test_a_scaling_that_is_none(content, scaling):
    described = {**json.loads(parts_of(content)["model.json"]), "scaling": scaling}
    with pytest.raises(DamagedModelFileError, match="its parts do not fit together"):
        load_model(forged(content, "model.json", json.dumps(described).encode()), "none")


def test_the_same_model_gives_the_same_bytes(each_model):
    content = dump_model(each_model)
    assert dump_model(each_model) == content
    assert dump_model(load_model(content, "memory")) == content


def test_a_file_on_the_way_is_whole_or_not_there(model, tmp_path):
    (tmp_path / "folder.leadwise").mkdir()
    with pytest.raises(LeadwiseError):
        write_model_file(model, tmp_path / "folder.leadwise")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.leadwise"]


@pytest.mark.parametrize("twentieth", range(20))
def test_a_truncated_file(content, twentieth: int):
    cut = content[: len(content) * twentieth // 20]
    with pytest.raises((DamagedModelFileError, NotAModelFileError)) as refused:
        load_model(cut, "cut.leadwise")
    assert "cut.leadwise" in str(refused.value)


def harmless_or_refused(changed: bytes, expected: pa.Table) -> None:
    try:
        model = load_model(changed, "flipped.leadwise")
    except LeadwiseError:
        return
    assert scores(model).equals(expected)


def test_one_flipped_byte_is_refused_or_changes_nothing(model, content):
    expected = scores(model)
    random = np.random.default_rng(0)
    for position in random.choice(len(content), 200, replace=False):
        flipped = bytearray(content)
        flipped[position] ^= int(random.integers(1, 256))
        harmless_or_refused(bytes(flipped), expected)


def test_one_flipped_byte_of_the_directory_is_refused_or_changes_nothing(model, content):
    expected = scores(model)
    directory = range(content.index(b"PK\x01\x02"), len(content))
    for position in np.random.default_rng(1).choice(directory, 120, replace=False):
        flipped = bytearray(content)
        flipped[position] ^= 0xFF
        harmless_or_refused(bytes(flipped), expected)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_refused(noise: bytes, zip_like: bool):  # noqa: FBT001 - hypothesis gives it
    with pytest.raises((DamagedModelFileError, NotAModelFileError)):
        load_model(b"PK\x03\x04" + noise if zip_like else noise, "noise")


def test_an_empty_file_a_text_and_a_table(tmp_path):
    for name, text in (("empty", ""), ("text", "Dear Sir"), ("table.csv", "a,b\n1,2\n")):
        (tmp_path / name).write_text(text)
        with pytest.raises(
            NotAModelFileError, match=r"is not a leadwise model file; name one that `leadwise fit` wrote"
        ):
            read_model_file(tmp_path / name)


def test_a_folder_and_a_name_that_is_not_there(tmp_path):
    with pytest.raises(NotAModelFileError):
        read_model_file(tmp_path)
    with pytest.raises(ModelFileNotFoundError, match=r"There is no model file .*; make one with `leadwise fit"):
        read_model_file(tmp_path / "none.leadwise")
    (tmp_path / "file").touch()
    with pytest.raises(ModelFileNotFoundError):
        read_model_file(tmp_path / "file" / "below.leadwise")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(path: Path) -> bytes:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)  # root may read anything
    with pytest.raises(FileNotPermittedError):
        read_model_file(tmp_path / "locked.leadwise")


def test_another_zip(content):
    with pytest.raises(NotAModelFileError):
        load_model(zipped({"word/document.xml": b"<xml/>"}), "letter.docx")
    with pytest.raises(NotAModelFileError):
        load_model(with_manifest(content, lambda manifest: manifest.update(format="another")), "other")


def test_an_edited_manifest(content):
    parts = parts_of(content)
    manifest = parts["manifest.json"].replace(b'"format_version": 1', b'"format_version": 0')
    assert manifest != parts["manifest.json"]
    edited = zipped({**parts, "manifest.json": manifest})
    with pytest.raises(DamagedModelFileError, match="its manifest was changed"):
        load_model(edited, "edited")


def test_an_edited_part(content):
    card = json.loads(parts_of(content)["card.json"])
    card["test"]["log_loss"] = 0.0
    with pytest.raises(DamagedModelFileError, match=r"card\.json was changed.*Restore it from a copy, or fit it again"):
        load_model(zipped({**parts_of(content), "card.json": json.dumps(card).encode()}), "edited")


def test_a_newer_format(content):
    newer = with_manifest(content, lambda manifest: manifest.update(format_version=2))
    with pytest.raises(NewerModelFormatError, match="has format 2, but this leadwise reads formats up to 1; update"):
        load_model(newer, "newer")


def test_a_part_too_many_and_one_too_few(content):
    with pytest.raises(DamagedModelFileError, match="parts are missing or were added"):
        load_model(zipped({**parts_of(content), "extra.py": b"print(1)"}), "extra")
    for name in parts_of(content):
        fewer = {other: part for other, part in parts_of(content).items() if other != name}
        with pytest.raises((DamagedModelFileError, NotAModelFileError)):
            load_model(zipped(fewer), "fewer")


def test_a_part_twice(content):
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("card.json", parts_of(content)["card.json"] + b" ")
    with pytest.raises(DamagedModelFileError):
        load_model(buffer.getvalue(), "twice")


MANIFESTS = {
    "a list": [],
    "a number": 3,
    "nothing": None,
    "no version": {"format": "leadwise model", "files": {}},
    "a version in words": {"format": "leadwise model", "format_version": "one", "files": {}},
    "no files": {"format": "leadwise model", "format_version": 1},
    "files as a number": {"format": "leadwise model", "format_version": 1, "files": 7},
    "files as a list": {"format": "leadwise model", "format_version": 1, "files": ["card.json"]},
}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_of_another_form(content, manifest: object):
    text = orjson.dumps(manifest)
    parts = {**parts_of(content), "manifest.json": text, "manifest.sha256": sha256(text).hexdigest().encode()}
    with pytest.raises((DamagedModelFileError, NotAModelFileError)):
        load_model(zipped(parts), "strange")


def test_a_manifest_that_is_no_json(content):
    parts = {**parts_of(content), "manifest.json": b"{", "manifest.sha256": sha256(b"{").hexdigest().encode()}
    with pytest.raises((DamagedModelFileError, NotAModelFileError)):
        load_model(zipped(parts), "strange")


@pytest.mark.parametrize("junk", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"7", b'{"scaling": 1}'])
def test_forged_parts_that_make_no_sense(each_model, junk: bytes):
    content = dump_model(each_model)
    for name in parts_of(content):
        if not name.startswith("manifest") and not (name == "columns.json" and junk == b"[]"):
            with pytest.raises(DamagedModelFileError, match="its parts do not fit together"):
                load_model(forged(content, name, junk), "forged")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(content, monkeypatch):
    monkeypatch.setattr("leadwise.registry.model_file.LARGEST_BYTES", 1 << 20)
    bomb = zipped({**parts_of(content), "algorithm/bomb": bytes(8 << 20)})
    assert len(bomb) < 200_000
    with pytest.raises(DamagedModelFileError, match="claims to hold more than"):
        load_model(bomb, "bomb")


def test_a_bomb_that_lies_about_its_size(content, monkeypatch):
    monkeypatch.setattr("leadwise.registry.model_file.LARGEST_BYTES", 1 << 20)
    bomb = bytearray(zipped({**parts_of(content), "algorithm/bomb": bytes(8 << 20)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = bomb.rindex(signature) + offset
        bomb[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(DamagedModelFileError):
        load_model(bytes(bomb), "bomb")


class Trap:
    """What would run if anything unpickled it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_way_of_packing(content, method: int):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, part in parts_of(content).items():
            archive.writestr(name, part)
    packed = bytearray(buffer.getvalue())
    packed[packed.index(b"card.json") + 20] ^= 0xFF
    with pytest.raises(DamagedModelFileError):
        load_model(bytes(packed), "packed")


def test_nothing_in_a_file_is_executed(content, tmp_path):
    trace = tmp_path / "was here"
    trap = pickle.dumps(Trap(trace))
    objects = io.BytesIO()
    np.save(objects, np.array([Trap(trace)], dtype=object), allow_pickle=True)
    for bad in (trap, *(forged(content, "algorithm/weights.npy", part) for part in (trap, objects.getvalue()))):
        with pytest.raises(LeadwiseError):
            load_model(bad, "trap")
    assert not trace.exists()
    pickle.loads(trap)  # noqa: S301 - it would have
    assert trace.exists()


def test_names_that_lead_out_of_the_folder_are_never_written(content, tmp_path):
    with pytest.raises(DamagedModelFileError):
        load_model(zipped({**parts_of(content), "../../outside": b"x"}), "outside")
    assert list(tmp_path.iterdir()) == []
