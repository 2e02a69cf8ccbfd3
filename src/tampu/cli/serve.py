"""Serve a model over HTTP: the OpenAI API at /v1, health at /health, metrics at /metrics, a page at /docs."""

from typing import Any

from tampu.cli import options
from tampu.cli.failure import complain
from tampu.server.serve import serve as serve_engine
from tampu.settings import EngineSettings, ServerSettings

VISIBLE_KEY = (
    "Every user of this machine can see the key in the list of processes. "
    "Use --api-key-file FILE or TAMPU_API_KEY instead."
)


@options.settings_flags(EngineSettings, ServerSettings)
def serve(**flags: Any) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    engine_settings = options.settings(EngineSettings, flags)
    server_settings = options.settings(ServerSettings, flags)
    if flags["api_key"] is not None:
        complain(VISIBLE_KEY)
    serve_engine(engine_settings, server_settings)
