"""Where to listen: who may, on which port, and who is there already."""

import errno
import ipaddress
import os
import socket
from pathlib import Path

from tampu.errors import BadSetting, PortTaken
from tampu.settings import ServerSettings

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTEN = "0A"  # a state in those tables


def check_bind(settings: ServerSettings) -> None:
    """Raise BadSetting for an address beyond loopback without a key."""
    if not is_loopback(settings.host) and not settings.api_key.reveal():
        raise BadSetting(
            f"Listening at {settings.host} lets others use this model. Give them a key first:\n\n"
            f'  TAMPU_API_KEY="$(openssl rand -hex 24)" tampu serve --host {settings.host}\n\n'
            f"or listen on this machine only: tampu serve --host 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortTaken with a free port in the message, BadSetting for an unknown address."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            free = free_port(host)
            raise PortTaken(
                f"Port {port} is taken: {holder(port)} listens there. Port {free} is free:\n\n"
                f"  tampu serve --port {free}"
            ) from None
        raise BadSetting(f"Cannot listen at {host}, port {port}: {error.strerror or error}.") from None
    return listener


def free_port(host: str) -> int:
    """A port that nobody listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def holder(port: int) -> str:
    """The program that listens on a port, as far as this user may know it."""
    try:
        rows = [line.split() for table in TABLES for line in table.read_text().splitlines()[1:]]
    except OSError:
        return "another program"
    inodes = {f"socket:[{row[9]}]" for row in rows if row[3] == LISTEN and row[1].endswith(f":{port:04X}")}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(link) in inodes for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
        except OSError:
            continue  # gone meanwhile, or another user's
    return "another program"


def url(listener: socket.socket) -> str:
    """Where a client on this machine finds the server."""
    host, port = listener.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"
