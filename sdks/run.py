"""Starts a server with cria, runs every client's tests against it, and prints what passed, client by client.

scripts/test-sdks makes the environments below .sdks that the clients are in. Arguments choose by parts of files' names.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tampu.server.ports import free_port

ROOT = Path(__file__).parent.parent
SDKS, MADE = ROOT / "sdks", ROOT / ".sdks"
KEY = "My API Key"  # what openai's own tests send
# Those of openai's own tests that ask for what is here, with values that OpenAI takes: see README.md.
OPENAI_TESTS = "not aiohttp and not all_params and (create or (Models and (retrieve or list)))"
OPENAI_FILES = ("chat/test_completions.py", "test_completions.py", "test_models.py")


@dataclass(frozen=True, slots=True)
class Client:
    """A file of tests, the environment it runs in, and the packages that it is about."""

    file: str
    environment: str
    packages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where its tests run."""
        return MADE / "js" / "js" if self.environment == "js" else SDKS / "python"

    def command(self, report: Path) -> list[str]:
        """What runs its tests, and writes a report in JUnit's form."""
        if self.environment == "js":
            return ["node", "--test", "--test-reporter=junit", f"--test-reporter-destination={report}", self.file]
        return [str(MADE / self.environment / "bin" / "python"), "-m", "pytest", f"--junitxml={report}", self.file]


@dataclass(frozen=True, slots=True)
class OpenAITests(Client):
    """The tests that openai has of its own, as far as they ask for what is here."""

    @property
    def folder(self) -> Path:
        """Where its source is."""
        return MADE / "openai-tests"

    def command(self, report: Path) -> list[str]:
        """pytest with the one setting of theirs that matters here, and a choice of tests."""
        python = str(MADE / self.environment / "bin" / "python")
        options = ["-c", os.devnull, "--rootdir", ".", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
        files = [f"tests/api_resources/{file}" for file in OPENAI_FILES]
        return [python, "-m", "pytest", *options, f"--junitxml={report}", "-k", OPENAI_TESTS, *files]


CLIENTS = (
    Client("test_openai.py", "python", ("openai",)),
    OpenAITests("openai's own tests", "python", ("openai",)),
    Client("test_agents.py", "python", ("openai-agents",)),
    Client("test_openrouter.py", "python", ("openrouter",)),
    Client("test_cloudflare.py", "python", ("cloudflare",)),
    Client("test_cloudflare.py", "older", ("cloudflare",)),
    Client("test_langchain.py", "python", ("langchain-openai", "langchain-cloudflare")),
    Client("test_litellm.py", "older", ("litellm",)),
    Client("openai.test.mjs", "js", ("openai",)),
    Client("openrouter.test.mjs", "js", ("@openrouter/sdk",)),
    Client("deepinfra.test.mjs", "js", ("deepinfra",)),
    Client("cloudflare.test.mjs", "js", ("cloudflare",)),
    Client("ai.test.mjs", "js", ("ai", "@ai-sdk/openai", "@ai-sdk/openai-compatible")),
    Client("ai-openrouter.test.mjs", "js", ("@openrouter/ai-sdk-provider",)),
    Client("ai-deepinfra.test.mjs", "js", ("@ai-sdk/deepinfra",)),
    Client("ai-workers.test.mjs", "js", ("workers-ai-provider",)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many tests of a client passed, of how many, in which time, and what they printed."""

    client: Client
    passed: int
    tests: int
    seconds: float
    output: str

    @property
    def good(self) -> bool:
        """Whether there were tests and all passed."""
        return 0 < self.tests == self.passed


def versions() -> dict[tuple[str, str], str]:
    """The version of every package that is pinned, by environment and name."""
    found = {}
    for environment, file in (("python", "requirements.txt"), ("older", "requirements-older.txt")):
        for line in (SDKS / "python" / file).read_text().splitlines():
            name, pinned, rest = line.partition("==")
            if pinned:  # else a hash of the package above
                found[environment, name] = rest.rstrip(" \\")
    wanted = json.loads((SDKS / "package.json").read_text())["dependencies"]
    return found | {("js", name): version for name, version in wanted.items()}


@contextmanager
def station(home: Path) -> Iterator[str]:
    """The address of a server with cria, under the names of names.txt, that asks for the key."""
    port, log = free_port("127.0.0.1"), home / "log"
    names = ",".join((SDKS / "names.txt").read_text().split())
    command = [sys.executable, "-m", "tampu", "serve", "--port", str(port), "--alias", names]
    environment = {**os.environ, "TAMPU_HOME": str(home), "TAMPU_API_KEY": KEY}
    with log.open("w") as stderr, subprocess.Popen(command, stderr=stderr, env=environment) as process:
        try:
            wait_for(process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    """Return once the server says that it is ready; end the program with its log if it does not."""
    deadline = time.monotonic() + seconds
    while "is ready after" not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            sys.exit(f"The server did not start:\n{log.read_text()}")
        time.sleep(0.05)


def surroundings(address: str) -> dict[str, str]:
    """The environment variables of every client's tests."""
    return {
        **os.environ,
        "TAMPU_URL": address,
        "TAMPU_API_KEY": KEY,
        "TAMPU_ADAPTER": str(ROOT / "training" / "adapters" / "chasqui"),
        "TEST_API_BASE_URL": f"{address}/v1",
        # litellm would fetch prices and a tokenizer, openai-agents send what it saw elsewhere.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "HF_HUB_OFFLINE": "1",
        "OPENAI_AGENTS_DISABLE_TRACING": "1",
    }


def run(client: Client, report: Path, environment: Mapping[str, str]) -> Outcome:
    """Run the tests of one client."""
    start = time.monotonic()
    done = subprocess.run(
        client.command(report),
        cwd=client.folder, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    seconds = time.monotonic() - start
    written = report.read_text() if report.exists() else "<testsuites/>"
    cases = list(ElementTree.fromstring(written).iter("testcase"))
    passed = sum(len(case) == 0 for case in cases)
    # A failure outside of every test counts as a test that failed.
    broken = int(done.returncode != 0 and passed == len(cases))
    return Outcome(client, passed, len(cases) + broken, seconds, done.stdout or written)


def row(outcome: Outcome, pinned: Mapping[tuple[str, str], str]) -> str:
    """One row of the table."""
    client = outcome.client
    names = ", ".join(f"{name} {pinned[client.environment, name]}" for name in client.packages)
    kind = "npm" if client.environment == "js" else "PyPI"
    own = ", its own tests" if isinstance(client, OpenAITests) else ""
    return f"{kind:<4}  {names + own:<75} {outcome.passed:>3} of {outcome.tests:<3} passed {outcome.seconds:6.1f} s"


def main(words: list[str]) -> int:
    """Run the clients whose file has one of these words in its name, all without words; 1 if a test failed."""
    clients = [client for client in CLIENTS if not words or any(word in client.file for word in words)]
    if not clients:
        sys.exit(f"None of these has {' or '.join(words)} in its name: {', '.join(each.file for each in CLIENTS)}.")
    pinned, outcomes = versions(), []
    with tempfile.TemporaryDirectory() as directory, station(Path(directory)) as address:
        for number, client in enumerate(clients):
            outcomes.append(run(client, Path(directory) / f"{number}.xml", surroundings(address)))
            print(row(outcomes[-1], pinned), flush=True)
    for outcome in outcomes:
        if not outcome.good:
            print(f"\n{outcome.client.file} in {outcome.client.environment}\n{outcome.output}")
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
