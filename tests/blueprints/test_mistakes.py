"""Blueprints that somebody got wrong: each is told where, and nothing gets past."""

import re
import tomllib
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadwise.blueprints.blueprint import BlueprintError, BlueprintNotFoundError, list_blueprints, load_blueprint
from leadwise.blueprints.simulator_process import simulate_tables
from leadwise.domain.errors import LeadwiseError
from leadwise.training.blueprint_check import find_mistakes

FOLDER = resources.files("leadwise.blueprints")
NOW = datetime(2026, 1, 15, tzinfo=UTC)
START = FOLDER.joinpath("starting_point.txt").read_text(encoding="utf-8")
TEXTS = {name: FOLDER.joinpath(f"{name}.toml").read_text(encoding="utf-8") for name in list_blueprints()}
KEY = re.compile(r"^([a-z_]+) = ", re.MULTILINE)


def mistakes_of(folder: Path, content: str | bytes) -> tuple[str, ...]:
    path = folder / "mine.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return find_mistakes(path)


def keys_of(text: str) -> list[tuple[int, str, str]]:
    """The line, table and name of each key that the schema knows, from 1."""
    found, table = [], ""
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := re.match(r"\[\[?([^\]]+)\]", line):
            table = heading[1]
        elif (key := KEY.match(line)) and not re.search(r"\.(shares|effects|factors|by|along|numbers)$", table):
            found.append((number, table, key[1]))
    return found


def edited(text: str, number: int, change) -> str:
    lines = text.splitlines()
    lines[number - 1] = change(lines[number - 1])
    return "\n".join(lines)


def typo(key: str) -> str:
    return key[:-1] + "zz"


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_typo_in_any_key_is_told_with_its_line(name, tmp_path):
    keys = keys_of(TEXTS[name])
    assert len(keys) > 100
    seen = set()
    for number, table, key in keys:
        if (table, key) in seen:
            continue
        seen.add((table, key))
        wrong = edited(TEXTS[name], number, lambda line, key=key: line.replace(key, typo(key), 1))
        told = mistakes_of(tmp_path, wrong)
        assert any(each.startswith(f"line {number}: ") and typo(key) in each for each in told), (number, key, told)


@pytest.mark.parametrize("value", ["true", "[]", "{}", '"words"', "-1e300", "nan", "inf", "1979-05-27", "[[1, 2], 3]"])
def test_a_value_of_the_wrong_type_is_refused_or_fits(value, tmp_path):
    seen = set()
    for number, table, key in keys_of(START):
        if (table, key) in seen:
            continue
        seen.add((table, key))
        wrong = edited(START, number, lambda _, key=key: f"{key} = {value}")
        path = tmp_path / "mine.toml"
        path.write_text(wrong)
        told = find_mistakes(path)
        assert all(each.startswith("line ") for each in told), (number, key, told)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("horizon_days", '"60"'),
        ("horizon_days", "60.5"),
        ("horizon_days", "true"),
        ("horizon_days", "1" + "0" * 30),
        ("horizon_days", "-1"),
        ("entity", "7"),
        ("entity", '""'),
        ("ages_days", '"0, 1"'),
        ("points", "true"),
        ("points", "2.5"),
        ("at_least", '"1"'),
        ("at_least", "true"),
        ("equals", "1"),
        ("feature", '"yes"'),
        ("kind", '"txt"'),
        ("actor", '"customer"'),
        ("median_hours", "0"),
        ("median_hours", "nan"),
        ("never", "1.5"),
        ("draw", '"persons"'),
        ("draw", "7"),
        ("days", "1" + "0" * 5000),
    ],
)
def test_a_wrong_value_is_told_with_its_line_and_what_came(key, value, tmp_path):
    number = next(number for number, _, each in keys_of(START) if each == key)
    told = mistakes_of(tmp_path, edited(START, number, lambda _: f"{key} = {value}"))
    assert told
    assert any(each.startswith(f"line {number}: ") for each in told) or "not TOML" in told[0]


def test_what_was_probably_meant_is_told(tmp_path):
    text = START.replace('segments = ["channel"]', 'segments = ["chanel"]')
    text = text.replace('column = "Phone number given"', 'column = "Phone numbers given"')
    assert "did you mean channel?" in mistakes_of(tmp_path, text)[0]
    text = text.replace('["chanel"]', '["channel"]')
    (told,) = mistakes_of(tmp_path, text)
    line = text.splitlines().index('column = "Phone numbers given"') + 1
    assert told == f"line {line}: there is no feature 'Phone numbers given'; did you mean 'Phone number given'?"


def test_a_feature_that_is_made_of_nothing_is_told(tmp_path):
    text = TEXTS["crm-leads"].replace('of = "Hours to our first reply"', 'of = "Hours to our first answer"')
    line = text.splitlines().index('of = "Hours to our first answer"') + 1
    (told,) = mistakes_of(tmp_path, text)
    assert told.startswith(f"line {line}: there is no feature 'Hours to our first answer'; did you mean 'Hours to our ")


def test_two_features_of_one_name_are_told(tmp_path):
    text = TEXTS["crm-leads"].replace('name = "has_property"', 'name = "property_price"')
    assert any("two features are called 'property_price'" in each for each in mistakes_of(tmp_path, text))


def test_a_title_that_a_feature_of_every_lead_has_is_told(tmp_path):
    told = mistakes_of(tmp_path, START.replace('title = "Budget"', 'title = "Replies in the last 7 days"'))
    assert "Replies in the last 7 days" in told[0]


def test_an_age_beyond_that_of_open_leads_is_told_with_its_line(tmp_path):
    text = START.replace("ages_days = [0, 1, 3, 7, 14]", "ages_days = [0, 31]")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.startswith("ages_days"))
    (told,) = mistakes_of(tmp_path, text)
    assert told.startswith(f"line {line}: ")
    assert "below open_days (30), but has 31" in told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('event = "message_received"', 'event = "message_recieved"', "did you mean message_received?"),
        ('after = "message_received"', 'after = "message_sent_"', "did you mean message_sent?"),
        ("[simulator.fields.budget]", "[simulator.fields.budgets]", "did you mean budget?"),
        ('name = "budget"', 'name = "recorded_at"', "every file of leads has a column of that name"),
        ('name = "message_sent"', 'name = "field_changed"', "that is what changes of fields are called"),
        ('title = "Budget"', 'title = "channel"', "'channel' and 'Channel' differ in capitals or blanks alone"),
        ("effects = { referral = 1.0", "effects = { referal = 1.0", "shares has no such label"),
    ],
)
def test_parts_that_do_not_fit_are_told(before, after, told, tmp_path):
    assert before in START
    assert any(told in each for each in mistakes_of(tmp_path, START.replace(before, after)))


def test_inner_tables_of_repeated_tables_have_their_own_lines(tmp_path):
    extra = '\n[[target.events.numbers]]\nname = "amount"\ntitel = "Amount"\n'
    marker = 'times = "We wrote {value} times"\n'
    text = START.replace(marker, marker + extra)
    line = text.splitlines().index('titel = "Amount"') + 1
    told = mistakes_of(tmp_path, text)
    assert any(each.startswith(f"line {line}: target.events.1.numbers.0.titel") for each in told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "target is needed"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"\x00\x01\x02", "not TOML"),
        (b"title = 'x'\ntitle = 'y'", "not TOML"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"#" * 10_000_000, "10,000,000 bytes"),
        (b"x = 1\n" * 3, "not TOML"),
    ],
)
def test_no_file_is_too_strange_for_a_sentence(content, told, tmp_path):
    found = mistakes_of(tmp_path, content)
    assert any(told in each for each in found)
    assert all(len(each) < 400 for each in found)


def test_a_thousand_mistakes_are_told_as_some_and_how_many_more(tmp_path):
    told = mistakes_of(tmp_path, START + "".join(f"\nunknown_{number} = 1" for number in range(1000)))
    assert told[-1] == "and 950 mistakes more"


@pytest.mark.parametrize("name", ["\0", "a" * 5000, "no/such/file.toml", "", ".", "/", "%s{0}\n\x1b[2J", "marketplace"])
def test_a_hostile_name_is_no_blueprint(name):
    with pytest.raises((BlueprintNotFoundError, BlueprintError)) as caught:
        load_blueprint(name)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("word", ["'; DROP TABLE leads; --", '<script>alert("x")</script>', "שלום", "🏡 {value} {0}"])
def test_names_that_look_like_programs_are_only_names(word, tmp_path):
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    text = START.replace('title = "Budget"', f'title = "{escaped}"').replace('"message_sent"', f'"{escaped}"')
    assert mistakes_of(tmp_path, text) == ()
    assert load_blueprint(tmp_path / "mine.toml").target.fields[2].title == word


def test_names_that_command_a_terminal_are_refused(tmp_path):
    told = mistakes_of(tmp_path, START.replace('title = "Budget"', 'title = "\\u001b[2J"'))
    assert "must be words to read" in told[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_cut_out_or_put_in_there_is_a_blueprint_or_a_sentence(tmp_path, data):
    text = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 200)))
    path = tmp_path / "mine.toml"
    path.write_text(text[:start] + data.draw(st.text(max_size=20)) + text[end:], errors="replace")
    try:
        assert isinstance(find_mistakes(path), tuple)
    except LeadwiseError as error:
        pytest.fail(str(error))


EXTREMES = ("0", "1e-9", "0.5", "1", "20", "50", "-50", "99999", "9e8", "-9")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_settings_that_are_accepted_can_be_simulated_however_extreme(tmp_path, data):
    name = data.draw(st.sampled_from(sorted(TEXTS)))
    text = TEXTS[name]
    numbers = [
        (number, key)
        for number, table, key in keys_of(text)
        if table.startswith("simulator") and re.search(r"= -?[0-9.]+\b", text.splitlines()[number - 1])
    ]
    for _ in range(data.draw(st.integers(1, 3))):
        number, key = data.draw(st.sampled_from(numbers))
        value = data.draw(st.sampled_from(EXTREMES))
        text = edited(text, number, lambda _, key=key, value=value: f"{key} = {value}")
    path = tmp_path / "mine.toml"
    path.write_text(text)
    try:
        blueprint = load_blueprint(path)
    except BlueprintError:
        return
    tables = simulate_tables(blueprint, 20, 1, NOW)
    assert tables.leads.num_rows == 20
    chance = tables.truth["probability"].to_numpy()
    assert ((chance >= 0) & (chance <= 1)).all()


def test_the_starting_point_has_no_mistakes(tmp_path):
    assert mistakes_of(tmp_path, START) == ()
    assert tomllib.loads(START)


@pytest.mark.parametrize(
    ("market", "wrong"),
    [
        ('market = ["make", "modell"]', "market: the target has no label 'modell'; did you mean model?"),
        ('market = ["make", "mileage_km"]', "market: the target has no label 'mileage_km'"),
        ('market = ["make"]\nfeature = false', "market: asking_price must be a number that is learnt from"),
    ],
)
def test_a_market_is_of_labels_and_of_a_number_that_is_learnt_from(tmp_path, market, wrong):
    usual = 'market = ["make", "model"] # '
    line = next(n for n, text in enumerate(TEXTS["marketplace-auto"].splitlines(), 1) if text.startswith(usual))
    told = mistakes_of(tmp_path, TEXTS["marketplace-auto"].replace(usual, f"{market} # "))
    assert told[0].startswith(f"line {line}: {wrong}")
