"""Settings come from flags, the environment, or their defaults, and say what is wrong with them."""

import pytest

from tampu.errors import BadSetting
from tampu.settings import EngineSettings, Paths, Secret, ServerSettings, load, read_count


def test_a_flag_wins_over_the_environment_and_the_environment_over_the_default() -> None:
    environment = {"TAMPU_THREADS": "3", "TAMPU_MAX_QUEUE": "7"}
    settings = load(EngineSettings, {"threads": 2, "quant": None}, environment)
    assert (settings.threads, settings.max_queue, settings.quant) == (2, 7, "auto")


def test_values_of_the_environment_take_the_type_of_their_setting() -> None:
    settings = load(ServerSettings, {}, {"TAMPU_DRAIN": "2.5", "TAMPU_VLLM_METRICS": "true", "TAMPU_API_KEY": "sk"})
    assert (settings.drain, settings.vllm_metrics, settings.api_key.reveal()) == (2.5, True, "sk")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"TAMPU_THREADS": "many"}, ["TAMPU_THREADS", "many", "whole number"]),
        ({"TAMPU_THREADS": "-1"}, ["threads", "0", "1024", "-1"]),
        ({"TAMPU_QUANT": "int3"}, ["quant", "int8", "int3"]),
        ({"TAMPU_PREFIX_CACHING": "perhaps"}, ["TAMPU_PREFIX_CACHING", "perhaps", "true"]),
    ],
)
def test_a_bad_value_names_its_source_and_what_would_do(environment: dict[str, str], words: list[str]) -> None:
    with pytest.raises(BadSetting) as raised:
        load(EngineSettings, {}, environment)
    assert [word for word in words if word not in str(raised.value)] == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("512", 512),
        ("32k", 32_000),
        ("32K", 32_768),
        ("25.6k", 25_600),
        ("4G", 4 * 2**30),
        ("-3", -3),
        ("9007199254740993", 2**53 + 1),
    ],
)
def test_numbers_may_have_a_unit(text: str, number: int) -> None:
    assert read_count(text) == number


@pytest.mark.parametrize("text", ["", "k", "2.5", "1.0001k", "x", "1e3", "infk", "nank", "4T"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        read_count(text)


def test_the_environment_takes_the_units_and_switches_that_flags_take() -> None:
    environment = {"TAMPU_KV_MEMORY": "4G", "TAMPU_PREFIX_CACHING": "off", "TAMPU_THREADS": ""}
    settings = load(EngineSettings, {}, environment)
    assert (settings.kv_memory, settings.prefix_caching, settings.threads) == (4 * 2**30, False, 0)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (EngineSettings, {"threads": "2"}, "threads must be a whole number such as 512, 32k or 4G, not str"),
        (EngineSettings, {"threads": True}, "threads must be a whole number such as 512, 32k or 4G, not bool"),
        (EngineSettings, {"prefix_caching": "no"}, "prefix_caching must be one of 1, true"),
        (EngineSettings, {"model": b"cria"}, "model must be a string, not bytes"),
        (ServerSettings, {"drain": "long"}, "drain must be a number such as 0.5, not str"),
        (ServerSettings, {"api_key": "sk-very-secret"}, "api_key must be a Secret, not str"),
    ],
)
def test_a_value_of_another_type_is_refused_and_not_repeated(kind: type, given: dict[str, object], words: str) -> None:
    with pytest.raises(BadSetting, match=words) as raised:
        load(kind, given, {})
    assert "very" not in str(raised.value)


def test_an_unknown_setting_gets_the_nearest_name() -> None:
    with pytest.raises(BadSetting, match=r"thread.*Did you mean threads"):
        load(EngineSettings, {"thread": 1}, {})
    with pytest.raises(BadSetting, match=r"There is no setting foo. There are model, quant"):
        load(EngineSettings, {"foo": 1}, {})


def test_a_secret_shows_itself_only_when_asked() -> None:
    settings = load(ServerSettings, {"api_key": Secret("sk-very-secret")}, {})
    assert "very" not in f"{settings!r} {settings.api_key} {settings.api_key!r}"
    assert settings.api_key.reveal() == "sk-very-secret"


def test_tampu_home_moves_every_folder() -> None:
    paths = Paths.find({"TAMPU_HOME": "/somewhere"})
    assert {str(path) for path in (paths.config, paths.data, paths.state, paths.cache)} == {
        "/somewhere/config",
        "/somewhere/data",
        "/somewhere/state",
        "/somewhere/cache",
    }


@pytest.mark.parametrize("key", ["", " ", "k\u00e9y\u20ac", "a-key ", " a-key", "key\n", "\x7f", "k" * 4097])
def test_a_key_that_no_client_can_send_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(BadSetting, match="api_key must be 1 to 4096 visible ASCII characters") as raised:
        load(ServerSettings, {"api_key": Secret(key)}, {})
    assert not key.strip() or key not in str(raised.value)
