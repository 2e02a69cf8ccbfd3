"""`python -m tests.server.serve_fake SECONDS_PER_TOKEN DRAIN [failing]`: a real server process over a fake engine."""

import asyncio
import sys

from uvicorn.loops.auto import auto_loop_factory

from tampu.engine.card import ModelCard
from tampu.errors import ModelError
from tampu.server.logs import configure
from tampu.server.ports import bind
from tampu.server.serve import run
from tampu.settings import ServerSettings
from tests.fakes import FakeUpstream


class Unloadable(FakeUpstream):
    """An engine that cannot load."""

    async def ready(self) -> ModelCard:
        """Fail after a while."""
        await asyncio.sleep(0.1)
        raise ModelError("model.safetensors is truncated")


def main(seconds_per_token: str, drain: str, *failing: str) -> None:
    """Serve at a free port and announce it on standard output."""
    kind = Unloadable if failing else FakeUpstream
    upstream = kind(*[f"{number} " for number in range(20)], delay=float(seconds_per_token))
    configure("line")
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        settings = ServerSettings(drain=float(drain))
        runner.run(run(upstream, settings, bind("127.0.0.1", 0), lambda line, **_: print(line, flush=True)))
    print("stopped" if upstream.stopped else "not stopped", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
