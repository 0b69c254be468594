from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gan_doctor.core import ConfigError, Finding, MissingExtraError, MonitorWarning
from gan_doctor.report import alerts as module
from gan_doctor.report.alerts import Alerts

FINDING = Finding(
    "GD301", "mode-collapse", "warning", "The samples are one image.", onset=24, alarm=120
)
CRITICAL = replace(FINDING, severity="critical")


def told(tell: Alerts, *findings: Finding) -> float:
    """Seconds that the loop was held up for."""
    begun = time.perf_counter()
    for finding in findings:
        tell(finding)
    seconds = time.perf_counter() - begun
    tell.close()
    return seconds


MANY = [replace(FINDING, slug=f"s{n}") for n in range(20)]


class Server:
    """A webhook on this machine."""

    def __init__(self) -> None:
        self.got: list[dict] = []
        self.delay, self.status = 0.0, 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(outer.delay)
                outer.got.append(json.loads(body))
                try:
                    self.send_response(outer.status)
                    self.end_headers()
                except OSError:  # the client has not waited
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self._http.server_port}/hook"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def test_each_finding_arrives_once_and_again_when_it_gets_worse(server: Server) -> None:
    with Alerts([server.url], run="runs/dcgan") as tell:
        for finding in (FINDING, FINDING, CRITICAL, FINDING, replace(FINDING, player="A")):
            tell(finding)
    titles = [message["title"] for message in server.got]
    assert titles == [
        "gan_doctor: mode-collapse (warning)",
        "gan_doctor: mode-collapse (critical)",
        "gan_doctor: mode-collapse (warning) in A",
    ]
    text = server.got[0]["message"]
    assert text.startswith("runs/dcgan: The samples are one image. Began at 24, noticed at 120.")


def test_what_merely_informs_is_not_sent(server: Server) -> None:
    with Alerts([server.url]) as tell:
        tell(replace(FINDING, severity="info"))
    assert server.got == []


def test_several_places_are_all_told(server: Server, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Alerts(
        [server.url, server.url], f"{sys.executable} -c {WRITE!r} {out} {{message}}"
    ) as tell:
        tell(FINDING)
    assert len(server.got) == 2
    assert out.exists()


WRITE = "import sys; open(sys.argv[1], 'a').write(repr(sys.argv[2:]))"


def test_a_command_gets_the_message_as_one_argument_and_no_shell_reads_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    evil = replace(FINDING, message="$(touch x); `id` \"'\n--flag \x1b[2J")
    with Alerts(command=f"{sys.executable} -c {WRITE!r} {out} {{message}}") as tell:
        tell(evil)
    (message,) = eval(out.read_text())
    assert message.startswith("gan_doctor: mode-collapse (warning): $(touch x); `id` \"'\\n--flag")
    assert "\x1b" not in message


def test_a_server_that_is_down_costs_one_warning_and_the_loop_no_time(server: Server) -> None:
    server.stop()
    tell = Alerts([server.url])
    with pytest.warns(MonitorWarning, match="an alert did not reach json://") as warned:
        seconds = told(tell, *MANY)
    assert seconds < 0.1
    assert len(warned) == 1


def test_a_server_that_refuses_costs_one_warning(server: Server) -> None:
    server.status = 500
    with pytest.warns(MonitorWarning, match="did not reach") as warned:
        told(Alerts([server.url]), FINDING, CRITICAL)
    assert len(warned) == 1
    assert len(server.got) == 2


def test_a_slow_server_holds_up_neither_the_loop_nor_the_end(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_CLOSE", 0.3)
    server.delay = 2.0
    tell = Alerts([server.url])
    begun = time.perf_counter()
    tell(FINDING)
    assert time.perf_counter() - begun < 0.1
    with pytest.warns(MonitorWarning, match="not all alerts could be sent") as warned:
        tell.close()
    assert time.perf_counter() - begun < 1.0
    assert len(warned) == 1


def test_a_full_queue_drops_with_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 2)
    monkeypatch.setattr(module, "AT_CLOSE", 0.1)
    tell = Alerts(command=f"{sys.executable} -c 'import time; time.sleep(2)' {{message}}")
    with pytest.warns(MonitorWarning) as warned:
        told(tell, *MANY)
    assert sorted(str(w.message)[:30] for w in warned) == [
        "gan_doctor: 2 alerts wait alre",
        "gan_doctor: not all alerts cou",
    ]


@pytest.mark.parametrize("program", ["no-such-program", "false"])
def test_a_command_that_is_not_there_or_fails_costs_one_warning(program: str) -> None:
    with pytest.warns(MonitorWarning, match=f"the command {program}") as warned:
        told(Alerts(command=f"{program} {{message}}"), FINDING, CRITICAL)
    assert len(warned) == 1


@pytest.mark.filterwarnings("error")
def test_where_warnings_are_errors_nothing_is_raised_into_the_loop(server: Server) -> None:
    server.stop()
    with Alerts([server.url]) as tell:
        tell(FINDING)


def test_a_password_in_a_url_is_not_told(server: Server) -> None:
    url = server.url.replace("json://", "json://me:secret@")
    server.status = 500
    with pytest.warns(MonitorWarning) as warned:
        told(Alerts([url]), FINDING)
    assert "secret" not in str(warned[0].message)


def test_what_is_queued_is_sent_though_nobody_closes(server: Server) -> None:
    tell = Alerts([server.url])
    tell(FINDING)
    del tell
    gc.collect()
    assert len(server.got) == 1


def test_what_is_queued_is_sent_though_the_program_ends(server: Server) -> None:
    code = (
        "from gan_doctor.core import Finding\nfrom gan_doctor.report.alerts import Alerts\n"
        f"tell = Alerts([{server.url!r}])\n"
        "tell(Finding('GD1', 'x', 'critical', 'm', 1, 2))\nraise SystemExit(3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert len(server.got) == 1


def test_after_closing_nothing_is_sent(server: Server) -> None:
    tell = Alerts([server.url])
    tell.close()
    tell(FINDING)
    tell.close()
    assert server.got == []


@pytest.mark.parametrize("url", ["nonsense", "nothing://x", "", "slack://"])
def test_a_url_that_nobody_knows_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="No service of apprise"):
        Alerts([url])


@pytest.mark.parametrize("command", ["echo", "", "echo 'open"])
def test_a_command_that_cannot_be_used_is_refused(command: str) -> None:
    with pytest.raises(ConfigError, match="The command"):
        Alerts(command=command)


def test_without_apprise_a_url_names_the_extra_and_a_command_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gan-doctor\[alerts\]'"):
        Alerts(["json://localhost"])
    with Alerts(command="true {message}") as tell:
        tell(FINDING)
