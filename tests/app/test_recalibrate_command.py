"""`leadwise recalibrate` as people call it."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.in_process import cli
from typer.testing import CliRunner, Result

import leadwise
from leadwise.connectors.errors import OverwritesInputError
from leadwise.registry.errors import ModelFileNotFoundError
from leadwise.registry.model_file import read_model_file
from leadwise.training.errors import ColumnNotFoundError


def leads(rows: int, seed: int, shift: float = 0.0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    visits = random.poisson(4, rows)
    won = random.random(rows) < 1 / (1 + np.exp(3 - 0.7 * visits - shift))
    return pl.DataFrame({"visits": visits, "source": random.choice(["web", "fair"], rows), "won": won})


@pytest.fixture(scope="module")
def fitted() -> leadwise.Model:
    return leadwise.fit(leads(1_500, 0), outcome="won", algorithms=["logistic_regression"], budget=5)


@pytest.fixture
def model(fitted: leadwise.Model, tmp_path: Path) -> Path:
    fitted.save(tmp_path / "model.leadwise")
    return tmp_path / "model.leadwise"


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """Leads that convert less often than they used to; three of them still open."""
    path = tmp_path / "ended.csv"
    still_open = leads(3, 9).with_columns(won=pl.lit(None, pl.Boolean))
    pl.concat([leads(1_500, 1, -1.0), still_open]).write_csv(path)
    return path


@pytest.fixture
def unmoved(tmp_path: Path) -> Path:
    path = tmp_path / "same.csv"
    leads(300, 4).write_csv(path)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["recalibrate", *map(str, arguments)], catch_exceptions=False)


def test_the_model_file_is_replaced_and_the_new_one_keeps_its_promises(model: Path, moved: Path):
    before = read_model_file(model).card
    done = run(model, moved, "--outcome", "won")
    after = read_model_file(model).card
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert "1,500 leads have ended" in text
    assert "3 rows have no outcome yet, and were ignored." in text
    assert f"Model {before.model_version} became {after.model_version}; every lead keeps its grade." in text
    assert "the probabilities can be taken at their word" in text
    assert CliRunner().invoke(cli, ["validate", str(model), str(moved)]).exit_code == 0
    shown = " ".join(CliRunner().invoke(cli, ["show", str(model)]).stdout.split())
    assert f"from version {before.model_version}: 1,500 leads have ended" in shown
    assert list(model.parent.glob(".*")) == []


def test_with_out_the_old_model_stays(model: Path, moved: Path, tmp_path: Path):
    before = model.read_bytes()
    done = run(model, moved, "--outcome", "won", "--out", tmp_path / "new.leadwise", "--report", tmp_path / "r.html")
    assert done.exit_code == 0
    assert model.read_bytes() == before
    assert read_model_file(tmp_path / "new.leadwise").card.recalibrations
    assert "Recalibrated" in (tmp_path / "r.html").read_text()


def test_json_is_one_document_and_nothing_else(model: Path, moved: Path):
    found = json.loads(run(model, moved, "--outcome", "won", "--json").stdout)
    assert found["changed"]
    assert found["model_version"] == read_model_file(model).card.model_version != found["from_version"]
    assert (found["rows"], found["rows_without_outcome"]) == (1_500, 3)
    assert found["log_loss_after"] < found["log_loss_before"]


def test_where_nothing_is_gained_the_model_stays_and_that_is_said(model: Path, unmoved: Path, tmp_path: Path):
    before = model.read_bytes()
    done = run(model, unmoved, "--outcome", "won")
    assert done.exit_code == 0
    assert "so the model stays as it is." in " ".join(done.stdout.split())
    assert "Wrote" not in done.stderr
    assert model.read_bytes() == before
    run(model, unmoved, "--outcome", "won", "--out", tmp_path / "same.leadwise")
    assert (tmp_path / "same.leadwise").read_bytes() == before  # whoever reads on there finds a model


def test_lacking_columns_are_warned_of(model: Path, moved: Path, tmp_path: Path):
    pl.read_csv(moved).drop("source").write_csv(tmp_path / "less.csv")
    assert (
        "The table lacks 1 column that the model knows" in run(model, tmp_path / "less.csv", "--outcome", "won").stderr
    )


def test_what_cannot_be_done_leaves_the_model_alone(model: Path, moved: Path, tmp_path: Path):
    before = model.read_bytes()
    with pytest.raises(ColumnNotFoundError, match="did you mean 'won'"):
        run(model, moved, "--outcome", "Won?")
    with pytest.raises(ModelFileNotFoundError):
        run(tmp_path / "none.leadwise", moved, "--outcome", "won")
    with pytest.raises(OverwritesInputError):
        run(model, moved, "--outcome", "won", "--report", model)
    assert model.read_bytes() == before


def test_in_python(fitted: leadwise.Model, moved: Path):
    found = fitted.recalibrate(pl.read_csv(moved), outcome="won")
    assert found.card.recalibrations[-1].rows == 1_500
    assert not fitted.card.recalibrations
    assert found.score(leads(50, 7))["probability"].mean() < fitted.score(leads(50, 7))["probability"].mean()
    assert fitted.recalibrate(leads(300, 4), outcome="won") is fitted
