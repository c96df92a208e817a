"""Refuses dependencies with known vulnerabilities: pip-audit on what `uv.lock` says that a user installs.

Exit status 1 if any is known. Where nobody can be asked (no network, a registry behind a proxy that does not know of
vulnerabilities), it says that nothing was audited and lets CI go on. Whether whoever was asked knows anything is
found out by a package that must be reported.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BAIT = ("flask", "0.5")
"""Known to be vulnerable since 2018, and no dependency of ours."""
EXPORT = "uv export --locked --quiet --no-emit-project --no-hashes --no-annotate --no-header --all-extras"
EXPORT += " --no-default-groups --output-file"
AUDIT = "pip-audit --vulnerability-service pypi --no-deps --disable-pip --format json --progress-spinner off -r"


def main() -> int:
    """The exit status, once all is said."""
    with tempfile.TemporaryDirectory() as folder:
        locked = Path(folder) / "requirements.txt"
        subprocess.run([*EXPORT.split(), str(locked)], check=True, stdout=subprocess.DEVNULL)
        with locked.open("a") as file:
            file.write("\n{}=={}\n".format(*BAIT))
        done = subprocess.run([*AUDIT.split(), str(locked)], check=False, capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except ValueError:
        found = []
    lines, status = judge(found)
    print("\n".join(lines))
    if not found:
        print("pip-audit:", (done.stderr.strip().splitlines() or ["said nothing"])[-1])
    return status


def judge(found: Sequence[Mapping[str, Any]]) -> tuple[list[str], int]:
    """What to say of pip-audit's dependencies, the bait among them, and the exit status."""
    audited = [each for each in found if "vulns" in each]
    bait = [each for each in audited if (each["name"], each["version"]) == BAIT]
    ours = [each for each in audited if each not in bait]
    lines = [
        f"VULNERABLE: {each['name']} {each['version']}: {vulnerability['id']}, mended in "
        f"{', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for each in ours
        for vulnerability in each["vulns"]
    ]
    if lines:
        return [*lines, "Raise these versions (uv lock --upgrade-package NAME)."], 1
    if not any(each["vulns"] for each in bait):
        said = "nobody was reached who knows of vulnerabilities (pypi.org is needed, a proxy of it may not do)"
        return [f"NOT AUDITED: {said}. Nothing is known of {len(found) or 'all'} dependencies."], 0
    skipped = [each["name"] for each in found if "vulns" not in each]
    lines = [f"{len(ours)} dependencies have no known vulnerability."]
    return lines + ([f"NOT AUDITED: {', '.join(skipped)}: not known at pypi.org."] if skipped else []), 0


if __name__ == "__main__":
    sys.exit(main())
