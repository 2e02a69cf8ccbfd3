"""Where to listen: who may, and what a taken port's message says."""

import os

import pytest

from tampu.errors import BadSetting, PortTaken
from tampu.server.ports import bind, check_bind, holder, is_loopback, url
from tampu.settings import Secret, ServerSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"])
def test_loopback_needs_no_key(host: str) -> None:
    assert is_loopback(host)
    check_bind(ServerSettings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "llama.example", ""])
def test_beyond_loopback_a_key_is_needed_and_the_message_has_the_fix(host: str) -> None:
    with pytest.raises(BadSetting, match=r"TAMPU_API_KEY=.* tampu serve --host"):
        check_bind(ServerSettings(host=host))
    check_bind(ServerSettings(host=host, api_key=Secret("llama-key")))


def test_a_taken_port_is_named_with_a_free_one() -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            bind("127.0.0.1", port)
    message = str(caught.value)
    free = int(message.rsplit(" ", 1)[1])
    assert f"Port {port} is taken: " in message and f"(process {os.getpid()}) listens there." in message
    assert free != port
    bind("127.0.0.1", free).close()


def test_an_address_that_is_not_ours_is_a_bad_setting() -> None:
    with pytest.raises(BadSetting, match=r"Cannot listen at 203\.0\.113\.1, port 8267"):
        bind("203.0.113.1", 8267)


def test_the_banner_has_an_address_that_works_on_this_machine() -> None:
    with bind("0.0.0.0", 0) as listener:
        assert url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_port_that_nobody_holds_is_held_by_nobody_in_particular() -> None:
    assert holder(1) == "another program"
