from dataclasses import fields

import pytest

from tampu.cli import options
from tampu.errors import BadSetting, InvalidRequest
from tampu.request import SamplingParams
from tampu.settings import EngineSettings, ServerSettings, environment_name
from tests.cli.conftest import Tampu


@pytest.mark.parametrize("kind", [EngineSettings, ServerSettings])
def test_every_setting_is_a_flag_of_serve_and_names_its_variable(
    kind: type[EngineSettings] | type[ServerSettings], tampu: Tampu
) -> None:
    words = " ".join(tampu("serve", "--help").stdout.split())
    for item in fields(kind):
        assert f"--{item.name.replace('_', '-')}" in words
        assert f"[{environment_name(item.name)}" in words


def test_flags_that_only_matter_to_a_server_are_refused_elsewhere(tampu: Tampu) -> None:
    assert [tampu(command, "--max-queue", "1", "x").exit_code for command in ("chat", "generate", "bench")] == [2, 2, 2]


def test_every_sampling_parameter_is_a_flag_of_chat(tampu: Tampu) -> None:
    words = tampu("chat", "--help").stdout
    flags = [
        f"--{item.name.replace('_', '-')}" for item in fields(SamplingParams) if item.name not in options.NOT_FLAGS
    ]
    assert [flag for flag in flags if f"{flag} " not in words] == []


def test_a_flag_comes_before_the_environment_and_that_before_a_commands_own_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert options.settings(EngineSettings, {}, max_num_seqs=1).max_num_seqs == 1
    monkeypatch.setenv("TAMPU_MAX_NUM_SEQS", "5")
    assert options.settings(EngineSettings, {}, max_num_seqs=1).max_num_seqs == 5
    assert options.settings(EngineSettings, {"max_num_seqs": "7"}, max_num_seqs=1).max_num_seqs == 7


def test_settings_ignore_the_flags_of_others() -> None:
    flags = {"temperature": "0.5", "port": "9000", "host": None, "prefix_caching": False}
    assert options.settings(ServerSettings, flags).port == 9000
    assert options.settings(EngineSettings, flags).prefix_caching is False


def test_a_key_stays_a_secret() -> None:
    key = options.settings(ServerSettings, {"api_key": "hush"}).api_key
    assert (key.reveal(), repr(key)) == ("hush", "Secret(***)")


def test_a_value_out_of_range_is_a_bad_setting() -> None:
    with pytest.raises(BadSetting, match="block_size must be between 32 and 256"):
        options.settings(EngineSettings, {"block_size": "4K"})
    with pytest.raises(BadSetting, match="block_size must be a multiple of 32, got 48"):
        options.settings(EngineSettings, {"block_size": "48"})


def test_sampling_flags_become_the_types_of_the_parameters() -> None:
    flags = {
        "temperature": "0.5",
        "seed": "7",
        "max_tokens": "1k",
        "top_p": None,
        "stop": ["a", "b"],
        "stop_token_ids": ["3"],
        "logit_bias": ["5=-2.5", "6=1"],
        "port": "9000",
    }
    assert options.sampling(flags) == {
        "temperature": 0.5,
        "seed": 7,
        "max_tokens": 1000,
        "stop": ("a", "b"),
        "stop_token_ids": (3,),
        "logit_bias": {5: -2.5, 6: 1.0},
    }


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"temperature": "warm"}, "--temperature must be a number such as 0.5, got 'warm'"),
        ({"max_tokens": "2.5"}, "--max-tokens must be a whole number .*got '2.5'"),
        ({"stop_token_ids": ["x"]}, "--stop-token-ids must be a whole number"),
        ({"logit_bias": ["5"]}, "--logit-bias must be TOKEN_ID=BIAS"),
    ],
)
def test_a_flag_that_cannot_be_read_is_wrong_usage(flags: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        options.sampling(flags)
