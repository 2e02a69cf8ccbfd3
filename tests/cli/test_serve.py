import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tampu.cli.station import BackgroundServer, greeting
from tampu.settings import Paths, ServerSettings
from tests.cli.conftest import Tampu


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path, port: int) -> None:
    for name, value in (("MODEL", model), ("HOME", tmp_path), ("PORT", port), ("THREADS", 1)):
        monkeypatch.setenv(f"TAMPU_{name}", str(value))


def models_at(port: int) -> list[str]:
    """The names of /v1/models, once the server is ready."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/v1/models") as answer:
                return [entry["id"] for entry in json.load(answer)["data"]]
        except (URLError, ConnectionError):
            assert time.monotonic() < deadline, "the server did not answer"
            time.sleep(0.05)


@pytest.mark.usefixtures("variables")
def test_serve_answers_until_it_is_told_to_stop(port: int) -> None:
    with subprocess.Popen([sys.executable, "-m", "tampu", "serve"], stderr=subprocess.PIPE, env=os.environ) as server:
        assert models_at(port) == ["tiny"]
        server.send_signal(signal.SIGTERM)
        assert server.stderr is not None
        assert b"Traceback" not in server.stderr.read()
        assert server.wait(30) == 0


@pytest.mark.usefixtures("variables")
def test_port_0_takes_a_free_port_and_says_which_to_people_and_to_programs() -> None:
    command = [sys.executable, "-m", "tampu", "serve", "--port", "0", "--log-format", "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ) as server:
        assert server.stderr is not None
        listening, ready = (json.loads(server.stderr.readline()) for _ in range(2))
        assert listening["url"] == ready["url"] == f"http://127.0.0.1:{listening['port']}"
        assert listening["url"] in listening["message"] and ready["model"] == "tiny"
        assert models_at(listening["port"]) == ["tiny"]
        server.send_signal(signal.SIGTERM)
        assert json.loads(server.stderr.read().splitlines()[-1])["message"] == "stopped"


def test_a_port_that_is_taken_is_exit_code_7(tampu: Tampu) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = tampu("serve", "--port", str(other.getsockname()[1]))
    assert result.exit_code == 7
    assert "is taken" in result.stderr


@pytest.mark.usefixtures("variables")
def test_tampu_alone_serves_in_the_background_while_it_runs(port: int, tmp_path: Path) -> None:
    with BackgroundServer(ServerSettings(port=port), Paths.find()) as server:
        assert server.where().startswith(f"Serving at http://127.0.0.1:{port}/v1")
        assert models_at(port) == ["tiny"]
    with pytest.raises(URLError):
        urlopen(f"http://127.0.0.1:{port}/v1/models")
    assert (tmp_path / "state" / "serve.log").stat().st_size > 0


@pytest.mark.usefixtures("variables")
def test_tampu_alone_says_which_port_was_free() -> None:
    with BackgroundServer(ServerSettings(port=0), Paths.find()) as server:
        where = server.where()
        port = int(where.partition("127.0.0.1:")[2].partition("/")[0])
        assert models_at(port) == ["tiny"]


@pytest.mark.usefixtures("variables")
def test_a_server_that_cannot_start_leaves_the_chat_alone(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMPU_MAX_BODY", "many")
    with BackgroundServer(ServerSettings(port=port), Paths.find()) as server:
        where = server.where()
    assert where.startswith("Nothing is served. TAMPU_MAX_BODY='many'")
    assert where.endswith(f"Log: {Paths.find().state / 'serve.log'}")


@pytest.mark.usefixtures("variables")
def test_without_a_place_for_the_log_it_serves_all_the_same(port: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where the directory should be")
    paths = Paths.find({"TAMPU_HOME": str(tmp_path / "file")})
    with BackgroundServer(ServerSettings(port=port), paths) as server:
        assert server.where() == f"Serving at http://127.0.0.1:{port}/v1 (OpenAI API). Log: none can be written"


def test_a_taken_port_leaves_the_chat_alone(port: int) -> None:
    with (
        socket.create_server(("127.0.0.1", port)),
        BackgroundServer(ServerSettings(port=port), Paths.find()) as server,
    ):
        assert server.where() == f"Port {port} is taken, so nothing is served. `TAMPU_PORT=N tampu` uses another one."


def test_the_greeting_says_what_runs_and_what_could() -> None:
    line = greeting("cria", 9_500_000)
    assert line.startswith("Running cria (9.5 MB, trained on our own small dialogues; it shows how things work).")
    assert "`tampu pull llama3.1:8b` gets the real one: 16 GB to fetch, 8.0 GB in memory; you have" in line
    assert greeting("llama3.1:8b", 8_030_000_000) == "Running llama3.1:8b (8.0 GB)."
