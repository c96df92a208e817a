import signal
import socket
from contextlib import ExitStack

import pytest

from leadwise.app.demo import DemoOptions
from leadwise.app.demo_serving import AddressUnusableError, PortTakenError, address_of, listen, orderly_termination
from leadwise.app.demo_session import Address, run_demo


def test_a_taken_port_is_told_before_any_work_with_the_next_step(monkeypatch, tmp_path):
    monkeypatch.setenv("LEADWISE_DATA_FOLDER", str(tmp_path / "never made"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"--port {port + 1}"):
            run_demo(DemoOptions(400), Address("127.0.0.1", port))
    assert not (tmp_path / "never made").exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host.invalid"])
def test_an_address_of_another_machine_is_refused_with_the_reason(host):
    with pytest.raises(AddressUnusableError, match="--host 127"):
        listen(host, 0)


def test_the_address_can_be_typed_into_a_browser():
    with listen("127.0.0.1", 0) as listening:
        assert address_of(listening) == f"http://localhost:{listening.getsockname()[1]}"


def test_a_polite_kill_leaves_through_all_clean_up():
    cleaned: list[str] = []
    work = ExitStack()
    work.callback(cleaned.append, "database")
    with pytest.raises(SystemExit) as left, orderly_termination(), work:
        signal.raise_signal(signal.SIGTERM)
    assert (left.value.code, cleaned) == (143, ["database"])
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
