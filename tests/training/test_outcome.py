"""What counts as converted, as people and systems write it."""

import numpy as np
import pyarrow as pa
import pytest

from leadwise.domain.card import Task
from leadwise.features.booleans import NO, YES
from leadwise.training.errors import (
    NoOutcomeError,
    OutcomeNotAnAmountError,
    OutcomeNotUnderstoodError,
    WonValueNotFoundError,
)
from leadwise.training.outcome import LOST, WON, OutcomeTarget, read_outcome


def read(values: object, won: str | None = None, *, value: bool = False) -> OutcomeTarget:
    return read_outcome(pa.table({"Outcome": values}), "Outcome", won=won, value=value)


def same(target: OutcomeTarget, expected: list[float]) -> None:
    np.testing.assert_array_equal(target.values, expected)


@pytest.mark.parametrize("word", sorted(WON))
def test_every_word_for_yes(word: str):
    for written in (word, word.upper(), f" {word.title()} "):
        same(read([written, "no", written]), [1, 0, 1])


@pytest.mark.parametrize("word", sorted(LOST))
def test_every_word_for_no(word: str):
    for written in (word, word.upper(), f" {word.title()} "):
        same(read([written, "yes"]), [0, 1])


def test_words_of_yes_and_no_do_not_overlap():
    assert not WON & LOST
    assert WON >= YES
    assert LOST >= NO


@pytest.mark.parametrize("written", ["Closed Won", "closed_won", "CLOSED-WON", "closed  won"])
def test_spaces_dashes_and_underscores_are_one(written: str):
    same(read([written, "Closed Lost"]), [1, 0])


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, None],
        [1.0, 0.0, float("nan")],
        [True, False, None],
        ["1", "0", ""],
        ["1.0", "0.0", "N/A"],
        ["y", "n", "?"],
    ],
)
def test_types_and_placeholders(values: list[object]):
    target = read(values)
    same(target, [1, 0, np.nan])
    assert target.known.tolist() == [True, True, False]
    assert target.task is Task.CONVERSION


def test_dictionaries_as_pandas_writes_categories():
    same(read(pa.array(["won", "lost", None]).dictionary_encode()), [1, 0, np.nan])


@pytest.mark.parametrize(
    ("values", "won", "expected"),
    [
        (["Enrolled", "Left", "Asked"], "enrolled", [1, 0, 0]),
        (["Enrolled", "Left", None], " Enrolled", [1, 0, np.nan]),
        ([1, 2, 3], "2", [0, 1, 0]),
        ([1.0, 2.0, 3.0], "2", [0, 1, 0]),
        (["1", "2", "3"], "2.0", [0, 1, 0]),
        ([True, False], "false", [0, 1]),
        (["no", "yes"], "no", [1, 0]),
        (["Select", "Done"], "Done", [0, 1]),
    ],
)
def test_the_value_that_means_converted(values: list[object], won: str, expected: list[float]):
    same(read(values, won), expected)


def test_the_won_value_is_remembered_as_it_was_written():
    assert read(["Yes", "No"]).won == "Yes"
    assert read(["Enrolled", "Left"], "ENROLLED").won == "Enrolled"


def test_a_won_value_that_no_row_holds():
    with pytest.raises(
        WonValueNotFoundError, match=r"No row of 'Outcome' holds --won 'sold'; its values are 'a', 'b'\."
    ):
        read(["a", "b"], "sold")


def test_three_values_ask_which_one():
    with pytest.raises(OutcomeNotUnderstoodError, match=r"holds 3 values: 'lost', 'open', 'won'\. Say which one means"):
        read(["won", "open", "lost"])


def test_amounts_ask_for_value():
    with pytest.raises(OutcomeNotUnderstoodError, match="or --value if it is an amount"):
        read([10.5, 20.0, 30.0])


def test_many_values_are_not_all_listed():
    with pytest.raises(OutcomeNotUnderstoodError, match="and 94 more"):
        read([f"v{number}" for number in range(100)])


@pytest.mark.parametrize("values", [["", None], ["N/A", "Select"], pa.array([None, None], pa.string()), pa.nulls(3)])
@pytest.mark.parametrize("value", [True, False])
def test_an_empty_outcome(values: object, value: bool):  # noqa: FBT001 - a parameter
    with pytest.raises(NoOutcomeError, match="is empty in every row"):
        read(values, value=value)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["$1,200", "900", ""], [1200, 900, np.nan]),
        (["1.200,50 €", "12,00 €"], [1200.5, 12]),
        ([0, 250, None], [0, 250, np.nan]),
        ([0, 1, 1], [0, 1, 1]),
        (list(range(1000, 1060)), list(range(1000, 1060))),
        ([7, 7, 7], [7, 7, 7]),
    ],
)
def test_amounts(values: list[object], expected: list[float]):
    target = read(values, value=True)
    same(target, expected)
    assert (target.task, target.won) == (Task.VALUE, None)


def test_words_are_no_amounts():
    with pytest.raises(
        OutcomeNotAnAmountError, match="needs an outcome of amounts, but 'Outcome' holds category values"
    ):
        read(["red", "blue", "red"], value=True)
