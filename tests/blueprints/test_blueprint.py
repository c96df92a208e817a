from importlib import resources
from pathlib import Path

import pytest

from leadwise.blueprints.blueprint import BlueprintError, BlueprintNotFoundError, list_blueprints, load_blueprint
from leadwise.features.history import definitions

SHIPPED = resources.files("leadwise.blueprints").joinpath("marketplace-auto.toml").read_text(encoding="utf-8")


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes_in(folder: Path, text: str) -> str:
    with pytest.raises(BlueprintError) as caught:
        load_blueprint(written(folder, text))
    assert "mine.toml" in str(caught.value)
    return str(caught.value)


def line_of(text: str, content: str) -> int:
    return text.splitlines().index(content) + 1


def test_these_blueprints_ship() -> None:
    assert list_blueprints() == (
        "b2b-leads",
        "crm-leads",
        "customer-value",
        "marketplace-auto",
        "real-estate-seller",
        "saas-signup",
    )


@pytest.mark.parametrize("name", list_blueprints())
def test_every_rule_of_a_shipped_blueprint_names_a_column_of_its_features(name: str) -> None:
    blueprint = load_blueprint(name)
    columns = {each.name for each in definitions(blueprint.target)}
    assert {rule.column for rule in blueprint.rules} <= columns


@pytest.mark.parametrize("name", list_blueprints())
def test_column_names_of_a_shipped_blueprint_are_unique(name: str) -> None:
    names = [each.name for each in definitions(load_blueprint(name).target)]
    assert len(names) == len(set(names))


def test_a_users_file_works_like_a_shipped_one(tmp_path: Path) -> None:
    assert load_blueprint(written(tmp_path, SHIPPED)) == load_blueprint("marketplace-auto")


def test_people_are_never_learnt_from() -> None:
    target = load_blueprint("marketplace-auto").target
    assert [field.name for field in target.fields if not field.feature] == ["name", "vehicle"]


def test_an_unknown_key_is_reported_with_line_and_nearest_key(tmp_path: Path) -> None:
    text = SHIPPED.replace("horizon_days = 60", "horizon_day = 60")
    message = mistakes_in(tmp_path, text)
    line = line_of(text, "horizon_day = 60")
    assert f"line {line}: target.horizon_day is not a key of a blueprint; did you mean horizon_days?" in message


def test_a_missing_key_is_reported_with_the_line_of_its_table(tmp_path: Path) -> None:
    message = mistakes_in(tmp_path, SHIPPED.replace('C = "Write within a day"\n', ""))
    assert f"line {line_of(SHIPPED, '[actions]')}: actions.C is needed, but is not there" in message


def test_a_mistake_in_a_repeated_table_is_reported_with_the_line_of_that_one(tmp_path: Path) -> None:
    text = SHIPPED.replace("points = -25", 'points = "many"')
    line = line_of(text, 'points = "many"')
    assert f"line {line}: rules.2.points: " in mistakes_in(tmp_path, text)


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = SHIPPED.replace("never = 0.05", "never = 5").replace('entity = "lead"\n', "")
    with pytest.raises(BlueprintError) as caught:
        load_blueprint(written(tmp_path, text))
    assert len(caught.value.mistakes) == 2


def test_a_rule_without_condition_is_refused(tmp_path: Path) -> None:
    assert "one of at_least, at_most and equals" in mistakes_in(tmp_path, SHIPPED.replace("at_least = 120\n", ""))


def test_two_fields_of_one_title_are_refused(tmp_path: Path) -> None:
    text = SHIPPED.replace('title = "Mileage"', 'title = "Make"')
    assert "stand twice: Make" in mistakes_in(tmp_path, text)


def test_broken_toml_is_reported_with_its_line(tmp_path: Path) -> None:
    assert "it is not TOML: " in (message := mistakes_in(tmp_path, 'title = "x"\nrules = ['))
    assert "at " in message


def test_binary_garbage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(BlueprintError, match="not UTF-8"):
        load_blueprint(path)


def test_an_empty_file_is_told_what_it_needs(tmp_path: Path) -> None:
    message = mistakes_in(tmp_path, "")
    assert "title is needed" in message
    assert "target is needed" in message


def test_a_blueprint_that_is_not_there_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(BlueprintNotFoundError, match="Did you mean marketplace-auto"):
        load_blueprint("market-place-auto")


def test_rules_add_up() -> None:
    blueprint = load_blueprint("marketplace-auto")
    assert blueprint.points({}) == 0
    assert blueprint.points({"Test drives booked": 1, "Test drives missed": 1, "Distance to buyer": 300.0}) == -20
