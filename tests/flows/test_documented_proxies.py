"""The configurations of proxies that docs/api.md shows, run as they stand there, with TLS."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from tests.flows.test_serve import serving

import leadwise
from leadwise.app.service.options import RootPathError, check_root_path

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
HOST = "leads.example.com"
LEAD = {"occurred_at": "2026-01-31T12:00:00Z", "fields": {"city": "Porto"}}


def example(first_line: str) -> str:
    """The block of the document that begins so."""
    (found,) = re.findall(rf"```\n# {first_line}[^\n]*\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, port: int, service: str, prefix: str) -> list[str]:
    server = replaced(
        example("nginx"),
        ("443", f"127.0.0.1:{port}"),
        ("http://127.0.0.1:8000", service),
        (f"/etc/ssl/certs/{HOST}.pem", str(folder / "certificate.pem")),
        (f"/etc/ssl/private/{HOST}.key", str(folder / "key.pem")),
        ("location / {", f"location {prefix}/ {{"),
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    beside = f"{user}pid {folder / 'pid'};\ndaemon off;\nerror_log stderr;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{beside}http {{\naccess_log off;\n{temporary}{server}}}\n")
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, service: str, prefix: str) -> list[str]:
    only = f"{prefix}/* " if prefix else ""
    site = replaced(
        example("Caddy"),
        (f"{HOST} {{", f"https://{HOST}:{port} {{\ntls {folder / 'certificate.pem'} {folder / 'key.pem'}"),
        ("reverse_proxy 127.0.0.1:8000", f"reverse_proxy {only}{service.removeprefix('http://')}"),
    )
    (folder / "Caddyfile").write_text("{\nadmin off\nauto_https off\n}\n" + site)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


PROXIES = {"nginx": nginx, "caddy": caddy}


@contextmanager
def proxy_to(name: str, service: str, folder: Path, prefix: str) -> Iterator[tuple[int, ssl.SSLContext]]:
    """The documented proxy on loopback: its port, and what trusts its certificate."""
    _certify(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = PROXIES[name](folder, port, service, prefix)
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | {"HOME": str(folder)}) as process:
        try:
            _wait_for(port, process)
            yield port, ssl.create_default_context(cafile=folder / "certificate.pem")
        finally:
            process.terminate()
            process.wait(30)


def _certify(folder: Path) -> None:
    names = f"subjectAltName=DNS:{HOST},DNS:localhost"
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem"))
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}")
    subprocess.run((*command, "-addext", names, *files), check=True, capture_output=True)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def check_installed(name: str) -> None:
    if shutil.which(name) is None or shutil.which("openssl") is None:
        reason = f"not offered by this machine: {name} or openssl is not installed"
        if os.environ.get("CI") == "true" and name == "nginx":
            pytest.fail(reason)
        pytest.skip(reason)


class ToLoopback(httpx.HTTPTransport):
    """Takes the public host for this machine, as its name server would."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": HOST}
        request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


@pytest.mark.parametrize("prefix", ["", "/leadwise"])
@pytest.mark.parametrize("name", PROXIES)
def test_the_documented_proxy_does_what_clients_need(name: str, prefix: str, data_folder: Path, tmp_path: Path):
    check_installed(name)
    options = ("--root-path", prefix) if prefix else ()
    with (
        serving(data_folder, "--open", *options, LEADWISE_TRUSTED_PROXIES="127.0.0.1") as (_, url),
        proxy_to(name, url, tmp_path, prefix) as (port, trusting),
    ):
        address = f"https://{HOST}:{port}{prefix}"
        with httpx.Client(base_url=address, transport=ToLoopback(verify=trusting), timeout=60) as client:
            tells_addresses_that_callers_know(client, port, prefix)
            passes_on_what_was_sent(client, prefix)
        with leadwise.Client(address, transport=ToLoopback(verify=trusting)) as known:
            job = known.jobs.refresh("car_sold")
            assert [each.state for each in known.jobs.follow(job.id)][-1] == "done"


def tells_addresses_that_callers_know(client: httpx.Client, port: int, prefix: str) -> None:
    moved = client.get("/docs/")
    assert moved.status_code == 307
    assert moved.headers["Location"].replace(f":{port}", "") == f"https://{HOST}{prefix}/docs"
    assert 'href="openapi.json"' in client.get("/docs").text
    assert client.get("/openapi.json").json().get("servers") == ([{"url": prefix}] if prefix else None)
    assert f"stands at {prefix}/docs" in client.get("/api/v2/nowhere").text


def passes_on_what_was_sent(client: httpx.Client, prefix: str) -> None:
    """Identifiers with slashes, and bodies up to the service's own limit."""
    stored = client.put("/api/v2/leads/shop/a%2F%2Fb%20%C3%A9", json=LEAD)
    assert stored.status_code == 201, stored.text
    assert stored.headers["Location"].startswith(f"{prefix}/api/v2/leads/")
    found = client.get(stored.headers["Location"].removeprefix(prefix)).json()
    assert found["external_id"] == "a//b \N{LATIN SMALL LETTER E WITH ACUTE}"
    too_large = client.post("/api/v2/leads", content=b" " * (32 * 2**20 + 1))
    assert (too_large.status_code, too_large.headers["Content-Type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("written", ["leadwise", "https://example.com/leadwise", "/a b", "/leadwise?x=1"])
def test_what_is_no_path_is_refused(written: str):
    with pytest.raises(RootPathError, match="--root-path"):
        check_root_path(written)
