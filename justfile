# The commands that people use. `uv tool install rust-just`, or `uv run just`.

# List the commands.
default:
    @just --list

# Install everything that developers need.
install:
    uv sync --extra spark --extra otel --group browser --group checks
    uv run pre-commit install

# Lint, types, import contracts.
check:
    uv run ruff check
    uv run ruff format --check
    uv run mypy
    uv run lint-imports

# Mend what can be mended by itself.
tidy:
    uv run ruff check --fix
    uv run ruff format

# Dependencies with known vulnerabilities.
audit:
    uv run python .ci/audit.py

# The quick tests.
test *arguments:
    uv run pytest {{ arguments }}

# The slow tests: minutes and gigabytes.
test-slow:
    uv run pytest -m slow

# The simulated dealership at http://localhost:8000.
demo *arguments:
    uv run leadwise demo {{ arguments }}

# Quality on the tables in a folder, against named references.
bench *arguments:
    uv run --no-default-groups --group bench python benchmarks/quality.py {{ arguments }}

# Everything that CI does.
ci:
    bash .ci/run
