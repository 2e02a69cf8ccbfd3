"""Serve a model over HTTP: the OpenAI API at /v1, health at /health, metrics at /metrics, a page at /docs."""

from typing import Annotated, Any

import typer

from tampu.cli import options
from tampu.server.serve import serve as serve_engine
from tampu.settings import EngineSettings, Secret, ServerSettings


@options.settings_flags(EngineSettings, ServerSettings)
def serve(
    key_file: Annotated[
        typer.FileText | None, typer.Option("--api-key-file", metavar="FILE", help="Read the key from a file.")
    ] = None,
    **flags: Any,
) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    if key_file is not None:
        flags["api_key"] = Secret(key_file.read().strip())
    engine_settings = options.settings(EngineSettings, flags)
    server_settings = options.settings(ServerSettings, flags)
    serve_engine(engine_settings, server_settings)
