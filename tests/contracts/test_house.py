"""What holds for the whole house: sizes, and documents that say what is true."""

import ast
import re
from pathlib import Path

import pytest
import typer
from tests.in_process import cli

from leadwise.app.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "leadwise"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
README = (ROOT / "README.md").read_text()
COMMANDS = typer.main.get_command(cli).commands  # type: ignore[attr-defined]


def lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = ast.get_docstring(function) is not None
    first = function.body[0]
    spent = (first.end_lineno or 0) - first.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - spent


def share_below(sizes: list[int], limit: int) -> float:
    return sum(size < limit for size in sizes) / len(sizes)


def test_modules_are_small():
    sizes = [path.read_text().count("\n") for path in MODULES]
    assert len(sizes) > 100
    assert share_below(sizes, 120) >= 0.5
    assert share_below(sizes, 350) >= 0.9
    assert max(sizes) <= 500


def test_functions_are_short():
    sizes = [
        lines_without_docstring(node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert share_below(sizes, 10) >= 0.5
    assert share_below(sizes, 30) >= 0.9
    assert max(sizes) <= 60


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_readme_knows_each_command(command):
    assert re.search(rf"leadwise {command}\b", README)


def test_the_readme_knows_no_other_command():
    named = set(re.findall(r"uv run leadwise (\w+)", README))
    assert named
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("command", ["check", "fit", "score", "recalibrate"])
def test_the_readme_knows_each_option(command):
    options = {name for option in COMMANDS[command].params for name in option.opts if name.startswith("--")}
    assert [name for name in sorted(options) if name not in README] == []


def test_the_readme_knows_each_setting():
    names = {f"LEADWISE_{name.upper()}" for name in ("database_url", "data_folder")}
    names |= {name.upper() for name in Settings.model_fields if name.startswith("db_")}
    assert [name for name in sorted(names) if name not in README] == []


def test_each_decision_says_why_and_what_was_rejected():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text()
        for part in ("Context", "Decision", "Consequences", "Rejected"):
            assert part.casefold() in text.casefold(), f"{page.name} lacks {part}"
