"""What CI says of audits of our dependencies."""

import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit.py"
judge = run_path(str(AUDIT))["judge"]
BAIT = {"name": "flask", "version": "0.5", "vulns": [{"id": "PYSEC-2018-66", "fix_versions": ["0.12.3"]}]}
FINE = {"name": "rich", "version": "15.0.0", "vulns": []}
BAD = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-2019-217", "fix_versions": []}]}
SKIPPED = {"name": "typst", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("found", "sentence", "status"),
    [
        ([FINE, BAIT], "1 dependencies have no known", 0),
        ([FINE, BAD, BAIT], "VULNERABLE: jinja2 2.0: PYSEC-2019-217, mended in no version yet", 1),
        ([FINE, BAD, {**BAIT, "vulns": []}], "VULNERABLE: jinja2", 1),
        ([FINE, {**BAIT, "vulns": []}], "NOT AUDITED: nobody was reached", 0),
        ([SKIPPED], "NOT AUDITED: nobody was reached", 0),
        ([], "NOT AUDITED: nobody was reached", 0),
        ([FINE, SKIPPED, BAIT], "NOT AUDITED: typst", 0),
    ],
)
def test_known_vulnerabilities_are_red_and_an_audit_that_could_not_be_made_says_so(
    found: list[dict[str, Any]], sentence: str, status: int
):
    lines, came = judge(found)
    assert (sentence in "\n".join(lines), came) == (True, status)


PIP_AUDIT = """#!{python}
import json, sys
locked = [line.split(";")[0].strip() for line in open(sys.argv[-1]) if "==" in line]
found = [dict(zip(("name", "version"), each.split("=="))) for each in locked]
for each in found:
    each["vulns"] = [{{"id": "X-1", "fix_versions": ["9"]}}] if each["name"] in ("flask", "jinja2") else []
json.dump({{"dependencies": found}}, sys.stdout)
sys.exit(1)
"""


def test_what_is_locked_is_what_is_audited(tmp_path: Path):
    auditor = tmp_path / "pip-audit"
    auditor.write_text(PIP_AUDIT.format(python=sys.executable))
    auditor.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, str(AUDIT)], env=environment, cwd=AUDIT.parents[1], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "VULNERABLE: jinja2" in done.stdout
    assert "flask" not in done.stdout
