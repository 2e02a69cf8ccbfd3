"""Settings come from flags, the environment, or their defaults, and say what is wrong with them."""

import pytest

from tampu.errors import BadSetting
from tampu.settings import EngineSettings, Paths, Secret, ServerSettings, load


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
        ({"TAMPU_THREADS": "many"}, ["TAMPU_THREADS", "many", "int"]),
        ({"TAMPU_THREADS": "-1"}, ["threads", "0", "1024", "-1"]),
        ({"TAMPU_QUANT": "int3"}, ["quant", "int8", "int3"]),
        ({"TAMPU_PREFIX_CACHING": "perhaps"}, ["TAMPU_PREFIX_CACHING", "perhaps", "bool"]),
    ],
)
def test_a_bad_value_names_its_source_and_what_would_do(environment: dict[str, str], words: list[str]) -> None:
    with pytest.raises(BadSetting) as raised:
        load(EngineSettings, {}, environment)
    assert [word for word in words if word not in str(raised.value)] == []


def test_an_unknown_setting_gets_the_nearest_name() -> None:
    with pytest.raises(BadSetting, match=r"thread.*Did you mean threads"):
        load(EngineSettings, {"thread": 1}, {})


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
