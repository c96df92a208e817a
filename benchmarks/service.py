"""How many predictions a second the service answers, against an empty endpoint of its own and against peers.

One web process, wrk with kept connections, everything in one run on one machine:

* an empty JSON endpoint of the same server, behind the same guard: the same body comes in, `{}` goes out;
* `POST /api/v1/predict` with contributions that add up and a row in the ledger that is durable before the answer;
* `POST /api/v1/predict/batch` with 10,000 rows;
* a plain Flask service with a pickled random forest, and `mlflow models serve` of the same forest, on the same rows,
  from the environment that --peers names (its group is `bench`): without contributions, calibration or ledger.

    uv run python benchmarks/service.py [--seconds 10] [--peers /path/to/environment] [--predictions 1000000] [--write]

Needs wrk (https://github.com/wg/wrk).
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import httpx
import numpy as np
import psutil
import pyarrow as pa

from leadwise.models.margins import sigmoid
from leadwise.registry.versions import ModelVersions
from leadwise.store.database import open_database
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

HERE = Path(__file__).parent
RESULTS = HERE.parent / "docs" / "results" / "service.md"
TARGET, LEARNT_FROM, BATCH = "converted", 1_500, 10_000
PEER = HERE / "service_peers.py"


class Measured(NamedTuple):
    """What wrk says: answers a second, and the slowest of a hundred in milliseconds."""

    rate: float
    p99: float


def leads(rows: int, seed: int = 0) -> pa.Table:
    """Leads with the eleven features that the lead scoring service knows."""
    random = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {
        "lead_source_score": random.integers(0, 100, rows),
        "response_time_minutes": random.gamma(2, 60, rows).round(1),
        "inbound_messages_count": random.poisson(4, rows),
        "outbound_messages_count": random.poisson(3, rows),
        "appointments_count": random.poisson(1, rows),
        "has_property": random.integers(0, 2, rows),
        "property_price": random.lognormal(12, 0.5, rows).round(),
        "property_has_photos": random.integers(0, 2, rows),
        "engagement_rate": random.gamma(2, 1, rows).round(2),
        "days_since_creation": random.integers(0, 60, rows),
        "market_activity_score": random.integers(0, 100, rows),
    }
    signal = 0.3 * columns["inbound_messages_count"] + 0.8 * columns["appointments_count"]
    signal = signal - 0.004 * columns["response_time_minutes"] + 0.01 * columns["lead_source_score"] - 3
    columns["won"] = random.random(rows) < sigmoid(signal)
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def rows_of(table: pa.Table) -> list[dict[str, float]]:
    """The features of each lead."""
    return [dict(row) for row in table.drop_columns(["won"]).to_pylist()]


def wrk(url: str, bodies: list[bytes], seconds: float, connections: int) -> Measured:
    """Ask with these bodies in turn."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "ask.lua")
        quoted = ",".join("[==[" + body.decode() + "]==]" for body in bodies)
        script.write_text(
            f"local bodies = {{{quoted}}}; local at = 0\n"
            'wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"\n'
            "request = function() at = at % #bodies + 1; return wrk.format(nil, nil, nil, bodies[at]) end\n"
        )
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds:g}s",
            "--timeout",
            "30s",
            "--latency",
            "-s",
            str(script),
        ]
        said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"Some requests to {url} were refused:\n{said}")
    rate = float(re.search(r"Requests/sec: +([0-9.]+)", said).group(1))  # type: ignore[union-attr]
    number, unit = re.search(r"99% +([0-9.]+)(us|ms|s|m)", said).groups()  # type: ignore[union-attr]
    return Measured(rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit])


@contextmanager
def process(command: list[str], ready: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server, from when it answers at `ready` on."""
    variables = os.environ | {"OMP_NUM_THREADS": "1"} | environment
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        try:
            with httpx.Client(timeout=5) as client:
                wait_for(client, ready, started)
            yield started
        finally:
            started.terminate()


def wait_for(client: httpx.Client, ready: str, started: subprocess.Popen[bytes]) -> None:
    """Return when the server answers."""
    deadline = time.monotonic() + 180
    while True:
        with suppress(httpx.TransportError):
            if client.get(ready).status_code < 500:
                return
        if time.monotonic() > deadline or started.poll() is not None:
            raise SystemExit(f"Nobody answers at {ready}")
        time.sleep(0.02)


@contextmanager
def collector() -> Iterator[str]:
    """What takes traces and forgets them; gives its address."""

    class Forgetting(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Forgetting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def cold_start(folder: Path, port: int) -> tuple[float, float]:
    """Seconds from the command `leadwise serve` to the first answer, and to the first prediction by the model."""
    url, body = f"http://127.0.0.1:{port}", {"features": {"appointments_count": 1}}
    command = [sys.executable, "-m", "leadwise", "serve", "--open", "--port", str(port)]
    started = time.perf_counter()
    bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    with process(command, f"{url}/health", LEADWISE_DATA_FOLDER=str(folder), **bytecode):
        healthy = time.perf_counter() - started
        httpx.post(f"{url}/api/v1/predict", json=body, timeout=30).raise_for_status()
        return healthy, time.perf_counter() - started


def starts(folder: Path, port: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """The very first start, when Python compiles all code, and the middle of three later ones."""
    return cold_start(folder, port), sorted(cold_start(folder, port) for _ in range(3))[1]


def serve(port: int) -> list[str]:
    """Our service, with an empty endpoint beside its own."""
    return [sys.executable, str(HERE / "service_with_empty.py"), str(port)]


def measure(folder: Path, seconds: float, connections: int, predictions: int) -> dict[str, Any]:
    """Our own figures."""
    port, table = 8731, leads(BATCH, seed=1)
    rows = rows_of(table)
    single = [json.dumps({"features": row}).encode() for row in rows[:500]]
    batch = json.dumps({"leads": rows}).encode()
    found: dict[str, Any] = {"starts": starts(folder, port)}
    url = f"http://127.0.0.1:{port}"
    with process(serve(port), f"{url}/ready", LEADWISE_DATA_FOLDER=str(folder)) as server:
        wrk(f"{url}/api/v1/predict", single, 3, connections)
        runs = [
            (
                wrk(f"{url}/empty", single, seconds, connections),
                wrk(f"{url}/api/v1/predict", single, seconds, connections),
            )
            for _ in range(3)
        ]
        found["empty"], found["predict"] = (middle(each) for each in zip(*runs, strict=True))
        found["alone"] = wrk(f"{url}/api/v1/predict", single, seconds, 1)
        started = time.perf_counter()
        for _ in range(5):
            httpx.post(f"{url}/api/v1/predict/batch", content=batch, timeout=120).raise_for_status()
        found["batch_rows"] = 5 * BATCH / (time.perf_counter() - started)
        if predictions:
            found["memory"] = memory(server.pid, url, batch, predictions)
    found["traces"] = cost_of_traces(folder, seconds, connections, single)
    return found


def cost_of_traces(folder: Path, seconds: float, connections: int, bodies: list[bytes]) -> tuple[float, float]:
    """Predictions a second without and with traces: two services on one database, asked in turns."""
    urls = [f"http://127.0.0.1:{port}" for port in (8734, 8735)]
    data = {"LEADWISE_DATA_FOLDER": str(folder)}
    with (
        collector() as address,
        process(serve(8734), f"{urls[0]}/ready", **data),
        process(serve(8735), f"{urls[1]}/ready", OTEL_EXPORTER_OTLP_ENDPOINT=address, **data),
    ):
        runs = [[wrk(f"{url}/api/v1/predict", bodies, seconds, connections).rate for url in urls] for _ in range(4)][1:]
    plain, traced = (median(rates) for rates in zip(*runs, strict=True))
    return plain, traced


def middle(runs: Iterable[Measured]) -> Measured:
    """The middle rate and the middle p99."""
    return Measured(*(median(figures) for figures in zip(*runs, strict=True)))


def memory(pid: int, url: str, batch: bytes, predictions: int) -> list[float]:
    """Megabytes of the web process after each tenth of so many predictions."""
    used = []
    for _ in range(10):
        for _ in range(predictions // 10 // BATCH):
            httpx.post(f"{url}/api/v1/predict/batch", content=batch, timeout=120).raise_for_status()
        used.append(psutil.Process(pid).memory_info().rss / 1e6)
    return used


def measure_peers(python: Path, folder: Path, seconds: float, connections: int) -> dict[str, Measured]:
    """The peers, each with one process."""
    table = leads(LEARNT_FROM)
    (folder / "rows.json").write_text(json.dumps({"rows": rows_of(table), "won": table["won"].to_pylist()}))
    subprocess.run([python, PEER, "fit", folder], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rows, found = rows_of(leads(500, seed=1)), {}
    with process([str(python), str(PEER), "flask", str(folder)], "http://127.0.0.1:8732/health"):
        bodies = [json.dumps({"features": row}).encode() for row in rows]
        found["Flask with a pickled random forest"] = wrk("http://127.0.0.1:8732/predict", bodies, seconds, connections)
    command = [str(python.parent / "mlflow"), "models", "serve", "-m", str(folder / "mlflow"), "--env-manager", "local"]
    with process(
        [*command, "-p", "8733", "--workers", "1"],
        "http://127.0.0.1:8733/ping",
        PATH=f"{python.parent}:{os.environ['PATH']}",
    ):
        bodies = [json.dumps({"dataframe_records": [row]}).encode() for row in rows]
        found["mlflow models serve"] = wrk("http://127.0.0.1:8733/invocations", bodies, seconds, connections)
    return found


def prepare(folder: Path) -> str:
    """A model that is active for the organisation `default`; gives its algorithm."""
    options = FitOptions(outcome="won", ordered=True, budget_seconds=120)
    model = fit(leads(LEARNT_FROM), options)
    with open_database(None, folder) as database, database.transaction() as connection:
        versions = ModelVersions(connection, TARGET)
        versions.activate(versions.add(model), "benchmark")
    return (
        f"{model.card.algorithm} ({', '.join(sorted({row.algorithm for row in model.card.leaderboard if row.chosen}))})"
    )


def describe(algorithm: str, ours: dict[str, Any], peers: dict[str, Measured], connections: int, load: float) -> str:
    """The page of results."""
    empty, predict, alone = ours["empty"], ours["predict"], ours["alone"]
    (first, usual), (plain, traced) = ours["starts"], ours["traces"]
    batch, share = ours["batch_rows"], predict.rate / empty.rate
    lines = [
        "# Speed of the service",
        "",
        f"`benchmarks/service.py`: one web process, wrk with {connections} kept connections on the same two cores, the",
        f"middles of three runs; load {load:.1f} when it began. The model is the winner on {LEARNT_FROM:,} leads with",
        f"eleven features: {algorithm}. Each prediction has contributions that add up, and its row in the ledger is",
        "durable before it is answered.",
        "",
        "| | answers a second | p99, ms | of the empty endpoint | rows a second |",
        "| --- | ---: | ---: | ---: | ---: |",
        f"| an empty JSON endpoint of the same server | {empty.rate:,.0f} | {empty.p99:.1f} | 1 | |",
        f"| `POST /api/v1/predict` | {predict.rate:,.0f} | {predict.p99:.1f} | {share:.2f} | {predict.rate:,.0f} |",
        f"| the same with one connection | {alone.rate:,.0f} | {alone.p99:.1f} | | {alone.rate:,.0f} |",
        f"| `POST /api/v1/predict/batch`, {BATCH:,} rows | | | | {batch:,.0f} |",
        *(f"| {name} | {found.rate:,.0f} | {found.p99:.1f} | | {found.rate:,.0f} |" for name, found in peers.items()),
        "",
        f"* Predictions reach {share:.2f} of the empty endpoint's rate (0.6 asked for).",
        f"* Their p99 is {predict.p99 / empty.p99:.1f} times its p99 (3 allowed).",
        f"* A batch brings {batch / alone.rate:.1f} times the rows a second of single calls one after another, and",
        f"  {batch / predict.rate:.1f} times those of {connections} callers at once (20 asked for).",
        *(
            f"* {predict.rate / found.rate:.1f} times the answers a second of {name} (10 asked for)."
            for name, found in peers.items()
        ),
        f"* From `leadwise serve` to the first answer {usual[0]:.1f} s, to the first prediction by the model",
        f"  {usual[1]:.1f} s; the middle of three (3 allowed). The very first time, when Python compiles all code,",
        f"  {first[0]:.1f} and {first[1]:.1f} s.",
        f"* With traces, whose spans a collector takes, {traced / plain:.2f} of the predictions a second without.",
    ]
    if "memory" in ours:
        steps = ", ".join(f"{each:.0f}" for each in ours["memory"])
        lines.append(f"* Memory of the web process after each tenth of the predictions, MB: {steps}.")

    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and write where asked."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--predictions", type=int, default=0, help="how many to make while memory is watched")
    options.add_argument("--peers", type=Path, help="the environment of the group `bench`")
    options.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    chosen = options.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="lw-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        algorithm = prepare(folder)
        ours = measure(folder, chosen.seconds, chosen.connections, chosen.predictions)
        python = chosen.peers / "bin" / "python" if chosen.peers else None
        peers = measure_peers(python, folder, chosen.seconds, chosen.connections) if python else {}
    text = describe(algorithm, ours, peers, chosen.connections, load)
    print(text)
    if chosen.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
