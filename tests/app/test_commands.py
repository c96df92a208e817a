"""The commands on tables that nobody would wish for: a sentence or a result with a warning, never a traceback."""

import csv
import json
import random
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.in_process import cli

from leadwise.app.refusal import refusing

HEADER = ["Lead Id", "Visits", "City", "Source", "Converted"]
QUICK = ["--budget", "3", "--algorithm", "logistic_regression"]


@dataclass(frozen=True)
class Finished:
    status: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The last line of standard error, which says why."""
        return self.err.strip().splitlines()[-1]


@pytest.fixture
def leadwise(capsys, tmp_path, monkeypatch):
    """Runs a command as the program does, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Finished:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                with refusing():
                    cli([str(argument) for argument in arguments])
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Finished(status, captured.out, captured.err)

    return run


def leads(count: int = 200) -> list[list[object]]:
    draw = random.Random(1)  # noqa: S311 - not for secrets
    rows: list[list[object]] = []
    for number in range(count):
        visits, source = draw.randint(0, 50), draw.choice(["web", "referral", "advertisement"])
        won = draw.random() < visits / 60
        city = draw.choice(["Pune", "Oslo", "Köln"])
        rows.append([f"L-{number:04d}", visits, city, source, "yes" if won else "no"])
    return rows


def write(rows: list[list[object]], header: list[str] = HEADER, name: str = "leads.csv") -> str:
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return name


def with_outcome(values) -> list[list[object]]:
    return [[*row[:4], values[number % len(values)]] for number, row in enumerate(leads())]


def document(finished: Finished):
    """What stands on standard output: one strict JSON document and nothing else."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(finished.out, parse_constant=refuse)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--missing", "guess"], "mean, median, most-frequent, constant, but is 'guess'"),
        (["--missing", "mean:3"], "fill_value is 3.0, but it needs missing_value_strategy constant"),
        (["--encoding", "hash"], "one-hot, label"),
        (["--scaling", "none"], "standard, min-max"),
        (["--select-features", 3], "nothing selects features"),
        (["--select", "k-best", "--select-features", 0], "at least 1"),
        (["--derive", "log", "--derive", "root"], "time, interactions, log, but is 'root'"),
        (["--search", "bayes"], "grid, randomised"),
        (["--search-trials", 3], "add --search grid"),
    ],
)
def test_preprocessing_and_search_that_cannot_be_are_refused(leadwise, options, says):
    refused = leadwise("fit", write(leads()), "--outcome", "Converted", "--out", "m.leadwise", *QUICK, *options)
    assert refused.status == 1
    assert says in refused.sentence
    assert not Path("m.leadwise").exists()


def test_preprocessing_and_search_stand_on_the_card(leadwise):
    asked = (
        "--missing constant:unknown --encoding one-hot --scaling min-max --derive log --select mutual-information "
        "--select-features 4 --search randomized --search-trials 2 --budget 30 --algorithm logistic_regression --json"
    )
    fitted = leadwise("fit", write(leads()), "--outcome", "Converted", "--out", "m.leadwise", *asked.split())
    card = document(fitted)
    assert card["preprocessing"]["missing_value_strategy"] == "constant"
    assert card["preprocessing"]["fill_value"] == "unknown"
    assert card["preprocessing"]["selected_features"] == 4
    first, second = card["search"]
    assert first["settings"] == {"knots": 5} != second["settings"]
    shown = leadwise("show", "m.leadwise").out
    assert "Preprocessing: missing value strategy constant, fill value unknown" in " ".join(shown.split())
    assert "knots 5" in shown
    assert leadwise("score", "m.leadwise", "leads.csv", "--out", "scores.csv").status == 0
    assert leadwise("validate", "m.leadwise", "leads.csv").status == 0


@pytest.mark.parametrize("command", [["check"], ["fit", "--out", "model.leadwise"]])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n\n", "is empty"),
        (b"a,b,Converted\n", "has no rows"),
        (b"\xc5" * 5_000, "binary data"),
        (bytes(range(256)) * 20, "binary data"),
        (b"a,a,Converted\n1,2,yes\n", 'several columns named "a"'),
        (b"a,Converted\n1,won\n2,lost\n3,open\n", "--won VALUE"),
        (b"a,converted\n1,yes\n2,no\n", "did you mean 'converted'?"),
        (b"a,Conversion\n1,yes\n2,no\n", "did you mean 'Conversion'?"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(leadwise, command, content, says):
    Path("leads.csv").write_bytes(content)
    finished = leadwise(*command, "leads.csv", "--outcome", "Converted")
    assert finished.status == 1
    assert says in finished.sentence
    assert finished.sentence.startswith("leadwise: ")
    assert not finished.out
    assert not Path("model.leadwise").exists()


@pytest.mark.parametrize("option", ["--id", "--time", "--drop", "--keep"])
def test_options_that_name_no_column_are_refused(leadwise, option):
    finished = leadwise("check", write(leads()), "--outcome", "Converted", option, "Cities")
    assert finished.status == 1
    assert option in finished.sentence
    assert "did you mean 'City'" in finished.sentence


def test_a_name_in_another_case_is_the_only_one_offered(leadwise):
    finished = leadwise("check", write(leads()), "--outcome", "converted")
    assert finished.sentence.endswith("did you mean 'Converted'?")


def test_words_are_no_time(leadwise):
    finished = leadwise("check", write(leads()), "--outcome", "Converted", "--time", "City")
    assert (finished.status, "--ordered" in finished.sentence) == (1, True)


def test_rows_without_a_time_are_reported(leadwise):
    rows = [[*row, f"2024-03-{number % 28 + 1:02d}" if number % 4 else ""] for number, row in enumerate(leads())]
    finished = leadwise("check", write(rows, [*HEADER, "Seen"]), "--outcome", "Converted", "--time", "Seen")
    assert "50 rows hold no time in 'Seen'" in finished.out


@pytest.mark.parametrize(
    ("values", "says", "stands_in"),
    [
        (["yes"], "200 leads converted and 0 did not", "is made of rules"),
        (["no"] * 199 + ["yes"], "1 lead converted and 199 did not", "leans on rules"),
        ([""], "0 leads converted and 0 did not", "No lead has an outcome yet"),
    ],
)
def test_too_few_outcomes_are_reported_before_anyone_waits_for_a_model(leadwise, values, says, stands_in):
    finished = leadwise("check", write(with_outcome(values)), "--outcome", "Converted")
    assert finished.status == 0
    assert says in finished.out
    fitted = leadwise("fit", "leads.csv", "--outcome", "Converted", "--out", "model.leadwise", *QUICK)
    assert fitted.status == 0
    assert stands_in in " ".join(fitted.out.split())


def test_a_table_without_anything_to_learn_from_says_so(leadwise):
    table = write([[f"L-{number}", "same", number % 2] for number in range(60)], ["Lead Id", "Team", "Converted"])
    for command in (["check"], ["fit", "--out", "model.leadwise", *QUICK]):
        finished = leadwise(*command, table, "--outcome", "Converted")
        assert finished.status == 0
        assert "every lead gets the same score" in finished.out


def test_amounts_beyond_reason_are_refused(leadwise):
    finished = leadwise(
        "fit", write(with_outcome([3, "1e308"])), "--outcome", "Converted", "--value", "--out", "model.leadwise"
    )
    assert (finished.status, "1e+308" in finished.sentence) == (1, True)


def test_huge_and_infinite_numbers_in_columns_pass_without_a_warning(leadwise):
    huge = ["1e308", "-1e308", "inf", "NaN", "5", "1e400", "7"]
    rows = [[row[0], huge[number % 7], *row[2:]] for number, row in enumerate(leads())]
    table = write(rows)
    fitted = leadwise("fit", table, "--outcome", "Converted", "--out", "m.leadwise", "--budget", "3", "--json")
    assert fitted.status == 0
    document(fitted)
    assert leadwise("score", "m.leadwise", table, "--out", "scores.csv").status == 0


def test_names_and_values_cannot_command_the_terminal(leadwise):
    name = "\x1b[2J\u202eevil" + "x" * 2_000
    rows = [[row[0], row[1], row[2], "\x1b]0;title\x07", row[4]] for row in leads()]
    rows[0][3] = "other"
    finished = leadwise(
        "check", write(rows, ["Lead Id", "Visits", name, "Source", "Converted"]), "--outcome", "Converted"
    )
    assert finished.status == 0
    assert not re.search("[\x1b\x07\u202e]", finished.out + finished.err)
    assert "x" * 100 not in finished.out


def test_check_gives_the_promised_json_and_nothing_else(leadwise):
    finished = leadwise("check", write(with_outcome(["yes", "no", ""])), "--outcome", "Converted", "--json")
    report = document(finished)
    assert {"rows", "outcome", "base_rate", "columns"} <= set(report)
    assert (report["rows"], report["outcome"], report["base_rate"]) == (200, "Converted", pytest.approx(67 / 134))
    assert all({"name", "type", "use", "leak", "evidence"} <= set(column) for column in report["columns"])
    assert {column["leak"] for column in report["columns"]} <= {"leak", "suspect", "none"}
    assert "66 rows have no outcome yet" in finished.err


@pytest.mark.parametrize("outcome", ["Converted", "Visits"])
def test_fit_gives_the_promised_json_and_nothing_else(leadwise, outcome):
    value = ["--value", "--algorithm", "linear_regression"] if outcome == "Visits" else QUICK
    fitted = leadwise(
        "fit", write(leads()), "--outcome", outcome, "--out", "m.leadwise", "--budget", "3", "--json", *value
    )
    card = document(fitted)
    metrics = {"mse", "mae", "r2", "rmse", "rank_correlation"} if outcome == "Visits" else {"log_loss", "roc_auc"}
    assert metrics <= set(card["test"])
    assert all({"algorithm", *metrics} <= set(row) for row in card["leaderboard"])
    assert document(leadwise("show", "m.leadwise", "--json")) == card


@pytest.fixture
def model(leadwise) -> str:
    assert leadwise("fit", write(leads()), "--outcome", "Converted", "--out", "m.leadwise", *QUICK).status == 0
    return "m.leadwise"


def scores(name: str) -> list[dict[str, str]]:
    with Path(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_scores_have_the_promised_columns_and_the_rows_of_the_table(leadwise, model):
    assert leadwise("score", model, "leads.csv", "--out", "scores.csv").status == 0
    found = scores("scores.csv")
    reasons = [f"{word}_{rank}" for rank in (1, 2, 3) for word in ("reason", "contribution")]
    sureness = ["probability_low", "probability_high"]  # new columns come last: older programs read by position
    assert list(found[0]) == ["id", "probability", "grade", "action", *reasons, "model_version", *sureness]
    low, score, high = (
        np.array([float(row[name]) for row in found]) for name in ("probability_low", "probability", "probability_high")
    )
    assert ((low < score) & (score < high)).all()
    assert [row["id"] for row in found] == [row[0] for row in leads()]


def test_exact_reasons_of_trees_differ_and_add_up_to_the_same_scores(leadwise):
    trees = ["--algorithm", "random_forest", "--budget", "3"]
    leadwise("fit", write(leads()), "--outcome", "Converted", "--out", "trees.leadwise", *trees)
    for name, options in (("fast.csv", []), ("exact.csv", ["--exact"])):
        assert leadwise("score", "trees.leadwise", "leads.csv", "--out", name, "--reasons", "9", *options).status == 0
    fast, exact = scores("fast.csv"), scores("exact.csv")
    total = [[sum(float(row[f"contribution_{rank}"]) for rank in range(1, 10)) for row in of] for of in (fast, exact)]
    assert total[1] == pytest.approx(total[0], abs=1e-6)
    assert [row["contribution_1"] for row in exact] != [row["contribution_1"] for row in fast]
    assert [row["grade"] for row in exact] == [row["grade"] for row in fast]


def test_what_changes_nothing_is_no_reason(leadwise, model):
    leadwise("score", model, "leads.csv", "--out", "scores.csv", "--reasons", "5")
    assert {row["reason_5"] for row in scores("scores.csv")} == {""}
    assert {row["reason_1"] for row in scores("scores.csv")} != {""}


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (["Lead Id", "Hits", "City", "Source", "Converted"], "The table lacks 1 column"),
        ([*HEADER[:4], "Extra"], "Columns that the model does not know were not used: Extra"),
        (["Lead Id", "City", "Visits", "Source", "Converted"], "check that no columns were mixed up: City, Visits"),
    ],
)
def test_scoring_another_table_says_what_differs(leadwise, model, header, says):
    finished = leadwise("score", model, write(leads(), header, "other.csv"), "--out", "scores.csv")
    assert finished.status == 0
    assert says in finished.err
    assert len(scores("scores.csv")) == 200


@pytest.mark.parametrize(
    "command",
    [
        ["fit", "leads.csv", "--outcome", "Converted", "--out", "./leads.csv"],
        ["fit", "leads.csv", "--outcome", "Converted", "--out", "new.leadwise", "--report", "leads.csv"],
        ["fit", "leads.csv", "--outcome", "Converted", "--out", "same", "--report", "same"],
        ["score", "m.leadwise", "leads.csv", "--out", "./leads.csv"],
    ],
)
def test_a_result_never_replaces_what_it_is_made_from(leadwise, model, command):
    before = Path("leads.csv").read_bytes(), Path(model).read_bytes()
    finished = leadwise(*command)
    assert (finished.status, "choose another name" in finished.sentence) == (1, True)
    assert (Path("leads.csv").read_bytes(), Path(model).read_bytes()) == before


@pytest.mark.parametrize("out", ["absent/m.leadwise", ".", "/dev/null"])
def test_a_place_that_cannot_be_written_is_refused_before_any_work(leadwise, out):
    finished = leadwise("fit", write(leads()), "--outcome", "Converted", "--out", out)
    assert finished.status == 1
    assert "[1/" not in finished.err
    assert not Path("/dev/null").is_file()


def test_a_link_stays_a_link(leadwise):
    Path("there").mkdir()
    Path("m.leadwise").symlink_to("there/m.leadwise")
    assert leadwise("fit", write(leads()), "--outcome", "Converted", "--out", "m.leadwise", *QUICK).status == 0
    assert Path("m.leadwise").is_symlink()
    assert Path("there/m.leadwise").is_file()


def test_other_endings_for_scores_are_refused_and_nothing_is_left(leadwise, model):
    before = sorted(path.name for path in Path().iterdir())
    assert leadwise("score", model, "leads.csv", "--out", "scores.pdf").status == 1
    assert leadwise("score", model, write([], name="none.csv"), "--out", "scores.csv").status == 1
    assert sorted(path.name for path in Path().iterdir()) == sorted([*before, "none.csv"])


@pytest.mark.parametrize("command", [["show"], ["score"]])
def test_damaged_model_files_are_refused(leadwise, model, command):
    Path("cut.leadwise").write_bytes(Path(model).read_bytes()[:2_000])
    rest = ["leads.csv", "--out", "scores.csv"] if command == ["score"] else []
    finished = leadwise(*command, "cut.leadwise", *rest)
    assert finished.status == 1
    assert "is damaged" in finished.err


def test_a_prior_is_a_model_file_and_is_never_overwritten(leadwise, model):
    few = write(leads(12), name="few.csv")
    arguments = ("fit", few, "--outcome", "Converted", "--prior")
    assert leadwise(*arguments, model, "--out", "own.leadwise").status == 0
    assert "leans on the model given as --prior" in " ".join(leadwise("show", "own.leadwise").out.split())
    for prior, out, says in ((model, model, model), (few, "x.leadwise", "not a leadwise model file")):
        refused = leadwise(*arguments, prior, "--out", out)
        assert (refused.status, says in refused.sentence) == (1, True)
