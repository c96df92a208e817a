"""`fit` with two dates: from a table to scores by horizon, and sentences where the options do not fit."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.in_process import cli

from leadwise.app.model import fit, load
from leadwise.app.refusal import refusing

FIRST = date(2025, 3, 1)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def table(folder) -> str:
    draw = random.Random(2)  # noqa: S311 - not for secrets
    with (folder / "leads.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["Lead Id", "Met", "Won", "Visits", "Ended"])
        for number in range(500):
            met, visits = draw.randrange(250), draw.randrange(10)
            won = met + int(draw.expovariate(0.001 * (1 + visits)))
            day = FIRST + timedelta(days=won)
            rows.writerow(
                [f"L-{number}", FIRST + timedelta(days=met), day if won <= 250 else "", visits, int(won <= 250)]
            )
    return "leads.csv"


def run(*arguments: object) -> int:
    try:
        with refusing():
            cli([str(argument) for argument in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_from_two_dates_to_scores_a_report_and_kept_promises(table, capsys):
    dates = ("--created", "Met", "--converted-at", "Won")
    assert run("fit", table, *dates, "--outcome", "Ended", "--out", "m.leadwise", "--report", "r.html") == 0
    printed = capsys.readouterr().out
    assert "When leads convert" in printed
    assert "Harrell's C" in printed
    assert run("score", "m.leadwise", table, "--out", "s.csv", "--reasons", "2") == 0
    with Path("s.csv").open(encoding="utf-8") as file:
        scores = list(csv.DictReader(file))
    assert len(scores) == 500
    assert list(scores[0])[-5:] == [*(f"probability_{days}_days" for days in (7, 30, 60, 90)), "median_days"]
    assert all(float(row["probability_7_days"]) < float(row["probability_90_days"]) for row in scores)
    assert run("validate", "m.leadwise", table) == 0
    assert run("show", "m.leadwise") == 0
    assert "When leads convert" in Path("r.html").read_text(encoding="utf-8")
    assert {column.name for column in load("m.leadwise").fitted.columns} == {"Met", "Visits"}


def test_in_python_the_same(table):
    model = fit(table, created="Met", converted_at="Won", until="2025-09-30", algorithms=["kaplan_meier"])
    assert str(model.card.time_to_convert.as_of.date()) == "2025-09-30"
    assert model.score({"Visits": [1, 2]}).num_rows == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "It was not said what to learn; name --outcome COLUMN"),
        (["--created", "Met"], "--created goes with --converted-at"),
        (["--converted-at", "Won"], "--converted-at goes with --created"),
        (["--outcome", "Ended", "--until", "2025-09-01"], "--until goes with --created and --converted-at"),
        (["--created", "Met", "--converted-at", "Won", "--value"], "--value does not go with"),
        (["--created", "Met", "--converted-at", "Won", "--until", "soon"], "--until should be a date"),
        (["--created", "Met", "--converted-at", "Lead Id"], "should hold dates"),
        (["--created", "Won", "--converted-at", "Met"], "were mixed up"),
        (["--created", "Met", "--converted-at", "Won", "--search", "grid"], "--search does not go with"),
        (["--created", "Met", "--converted-at", "Won", "--scaling", "standard"], "preprocessing by name does not go"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_a_sentence(table, capsys, options, says):
    assert run("fit", table, *options, "--out", "m.leadwise") == 1
    captured = capsys.readouterr()
    assert says in captured.err.strip().splitlines()[-1]
    assert "Traceback" not in captured.err
    assert not Path("m.leadwise").exists()
