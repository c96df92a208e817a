"""The service behind a real reverse proxy that ends TLS, as its headers say."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from tests.flows.test_serve import BODY, serving

from leadwise.app.service.options import ProxyAddressError, check_proxies

PUBLIC = "leads.example.com"
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "date", "server"}


@contextmanager
def proxy_to(service: str) -> Iterator[str]:
    """A proxy on loopback, which tells the service that it was asked for https://leads.example.com by 203.0.113.9."""

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            headers |= {"Host": PUBLIC, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
            answer = httpx.request(self.command, service + self.path, headers=headers, content=body, timeout=60)
            self.send_response(answer.status_code)
            for name, value in answer.headers.multi_items():
                if name not in HOP_BY_HOP | {"content-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = _pass_on  # noqa: N815 - the names that the server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("trusted", "scheme"),
    [("", "http"), ("10.0.0.0/8, 192.0.2.7", "http"), ("10.0.0.1, 127.0.0.0/8", "https")],
)
def test_what_a_proxy_says_is_believed_only_if_it_is_configured(
    tmp_path: Path, empty_url: str, trusted: str, scheme: str
):
    environment = {"LEADWISE_TRUSTED_PROXIES": trusted, "FORWARDED_ALLOW_IPS": "*"}  # the server's own is not heeded
    with (
        serving(tmp_path, "--open", LEADWISE_DATABASE_URL=empty_url, **environment) as (_, url),
        proxy_to(url) as proxy,
        httpx.Client(base_url=proxy, timeout=60) as client,
    ):
        moved = client.get("/docs/")
        assert (moved.status_code, moved.headers["Location"]) == (307, f"{scheme}://{PUBLIC}/docs")
        assert "Lead scoring" in client.get("/docs").text
        assert client.post("/api/v1/predict", json=BODY).status_code == 200


@pytest.mark.parametrize("written", ["proxy.example.com", "10.0.0.1/8", "10.0.0.1;10.0.0.2", "127.0.0.1,,"])
def test_what_is_no_address_is_refused(written: str):
    with pytest.raises(ProxyAddressError, match="LEADWISE_TRUSTED_PROXIES"):
        check_proxies(written)


@pytest.mark.parametrize("written", ["", "*", "::1, 10.0.0.0/8", "192.0.2.7"])
def test_addresses_and_networks_are_taken(written: str):
    assert check_proxies(written) == written.replace(" ", "")
