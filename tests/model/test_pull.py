import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest

from tampu.errors import BadSetting, DamagedFile, LicenceRequired, ModelError, ModelMissing, NetworkUnavailable
from tampu.model.hub import find_snapshot
from tampu.model.names import HubName
from tampu.model.pull import Hub, check, look_up, pull
from tampu.settings import Secret
from tests.model.fake_hub import FakeHub, serving

REPOSITORY = "someone/Tiny-Llama"
CHECKPOINT = {
    "config.json": b"{}",
    "generation_config.json": b'{"eos_token_id": 1}',
    "tokenizer.json": b'{"model": {}}',
    "model.safetensors": bytes(range(256)) * 400,
    "README.md": b"# hello",
    "LICENSE.txt": b"be kind",
    "pytorch_model.bin": b"a pickle",
    "consolidated.safetensors": b"twice the same",
    "original/consolidated.00.pth": b"another pickle",
}
WANTED = {"config.json", "generation_config.json", "tokenizer.json", "model.safetensors", "LICENSE.txt"}
GGUFS = {"a-Q4_K_M.gguf": b"GGUF" + bytes(50), "a-Q8_0.gguf": b"GGUF" + bytes(90), "README.md": b"# hello"}


@pytest.fixture
def fake() -> Iterator[FakeHub]:
    with serving(FakeHub(REPOSITORY, dict(CHECKPOINT))) as hub:
        yield hub


def hub_of(fake: FakeHub, cache: Path, token: str = "") -> Hub:
    return Hub(fake.endpoint, cache, Secret(token) if token else None, pause=0)


def silent(phase: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def test_a_checkpoint_is_fetched_without_what_it_does_not_need(fake: FakeHub, tmp_path: Path) -> None:
    directory = pull(REPOSITORY, hub_of(fake, tmp_path), silent)
    fetched = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert fetched == {name: CHECKPOINT[name] for name in WANTED}


def test_progress_counts_the_bytes_of_each_phase(fake: FakeHub, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    pull(REPOSITORY, hub_of(fake, tmp_path), lambda *step: seen.append(step))
    size = sum(len(CHECKPOINT[name]) for name in WANTED)
    assert [step for step in seen if step[0] == "downloading"][-1] == ("downloading", size, size)
    assert [step for step in seen if step[0] == "checking"][-1] == ("checking", 102_400, size)


def test_what_is_here_is_not_fetched_again(fake: FakeHub, tmp_path: Path) -> None:
    hub = hub_of(fake, tmp_path)
    first = pull(REPOSITORY, hub, silent)
    fake.requests.clear()
    assert look_up(REPOSITORY, hub).missing == 0
    assert pull(REPOSITORY, hub, silent) == first
    assert fake.downloads() == []


def asked_ranges(fake: FakeHub) -> list[str]:
    return [line.rpartition("=")[2] for line in fake.downloads() if "model.safetensors" in line]


def test_a_connection_that_breaks_is_taken_up_again(fake: FakeHub, tmp_path: Path) -> None:
    fake.break_after = 60_000
    directory = pull(REPOSITORY, hub_of(fake, tmp_path), silent)
    assert (directory / "model.safetensors").read_bytes() == CHECKPOINT["model.safetensors"]
    assert asked_ranges(fake) == ["0-", "60000-"]


def test_an_interrupted_pull_goes_on_where_it_stopped(fake: FakeHub, tmp_path: Path) -> None:
    hub = hub_of(fake, tmp_path)

    def interrupt(_phase: str, done: int, _total: int) -> None:
        if done >= 60_000:
            raise KeyboardInterrupt

    fake.break_after = 60_000
    with pytest.raises(KeyboardInterrupt):
        pull(REPOSITORY, hub, interrupt)
    fake.break_after = 0
    fake.requests.clear()
    directory = pull(REPOSITORY, hub, silent)
    assert (directory / "model.safetensors").read_bytes() == CHECKPOINT["model.safetensors"]
    assert asked_ranges(fake) == ["60000-"]


def test_a_hub_that_knows_no_ranges_sends_the_file_afresh(fake: FakeHub, tmp_path: Path) -> None:
    fake.break_after, fake.ranges = 60_000, False
    with pytest.raises(NetworkUnavailable, match="goes on from there"):
        pull(REPOSITORY, hub_of(fake, tmp_path), silent)
    fake.break_after = 0
    directory = pull(REPOSITORY, hub_of(fake, tmp_path), silent)
    assert (directory / "model.safetensors").read_bytes() == CHECKPOINT["model.safetensors"]


def test_two_pulls_at_once_do_not_write_one_file(fake: FakeHub, tmp_path: Path) -> None:
    hub = hub_of(fake, tmp_path)

    def pull_too(_phase: str, _done: int, _total: int) -> None:
        pull(REPOSITORY, hub, silent)

    with pytest.raises(ModelError, match="Another process is fetching"):
        pull(REPOSITORY, hub, pull_too)


def test_a_half_fetched_model_is_not_found(fake: FakeHub, tmp_path: Path) -> None:
    hub = hub_of(fake, tmp_path)
    fake.corrupt = True
    with pytest.raises(DamagedFile):
        pull(REPOSITORY, hub, silent)
    assert find_snapshot(HubName(REPOSITORY), tmp_path) is None


def test_no_file_of_the_hub_leaves_the_directory_of_its_model(fake: FakeHub, tmp_path: Path) -> None:
    fake.files["../../../out.gguf"] = b"GGUF"
    with pytest.raises(ModelMissing, match="is not one GGUF file of its repository"):
        pull(f"{REPOSITORY}/../../../out.gguf", hub_of(fake, tmp_path), silent)


def test_the_hubs_own_library_finds_what_was_fetched(fake: FakeHub, tmp_path: Path) -> None:
    pull(REPOSITORY, hub_of(fake, tmp_path), silent)
    found = huggingface_hub.try_to_load_from_cache(REPOSITORY, "model.safetensors", cache_dir=tmp_path)
    assert isinstance(found, str)
    assert Path(found).read_bytes() == CHECKPOINT["model.safetensors"]


def test_what_does_not_answer_like_a_hub_is_told_apart(fake: FakeHub, tmp_path: Path) -> None:
    hub = Hub(f"{fake.endpoint}/{REPOSITORY}/resolve/main/README.md?", tmp_path)
    with pytest.raises(NetworkUnavailable, match="not as a Hugging Face hub does"):
        pull(REPOSITORY, hub, silent)


def test_a_file_with_another_hash_is_deleted_and_named(fake: FakeHub, tmp_path: Path) -> None:
    fake.corrupt = True
    with pytest.raises(DamagedFile, match="was deleted"):
        pull(REPOSITORY, hub_of(fake, tmp_path), silent)
    fake.corrupt = False
    directory = pull(REPOSITORY, hub_of(fake, tmp_path), silent)
    assert (directory / "model.safetensors").read_bytes() == CHECKPOINT["model.safetensors"]


def test_without_a_token_the_licence_is_explained_before_the_first_byte(fake: FakeHub, tmp_path: Path) -> None:
    fake.gated = True
    with pytest.raises(LicenceRequired) as caught:
        pull(REPOSITORY, hub_of(fake, tmp_path), silent)
    message = str(caught.value)
    assert f'{fake.endpoint}/{REPOSITORY}   and press "Agree"' in message
    assert f"tampu pull {REPOSITORY}     again" in message
    assert "Found: no token." in message
    assert fake.downloads() == []


def test_a_token_without_approval_gets_other_help(fake: FakeHub, tmp_path: Path) -> None:
    fake.gated = True
    with pytest.raises(LicenceRequired, match="Your token is valid, but access to this repository is not approved yet"):
        pull(REPOSITORY, hub_of(fake, tmp_path, "hf_secret"), silent)


def test_an_approved_token_opens_the_repository(fake: FakeHub, tmp_path: Path) -> None:
    fake.gated, fake.readers = True, ("hf_secret",)
    assert (pull(REPOSITORY, hub_of(fake, tmp_path, "hf_secret"), silent) / "config.json").exists()


def test_a_repository_that_is_not_there_is_missing(fake: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="has no model someone/Else, or it is private"):
        pull("someone/Else", hub_of(fake, tmp_path), silent)


def test_a_name_that_is_none_gets_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"Did you mean llama3\.1:8b, "):
        pull("llama3.1:8", Hub("http://127.0.0.1:9", tmp_path), silent)


def test_a_name_that_is_like_none_is_told_what_names_look_like(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"Names look like llama3\.1:8b or owner/repository"):
        pull("zzz", Hub("http://127.0.0.1:9", tmp_path), silent)


def test_an_endpoint_that_is_no_address_is_a_bad_setting(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="HF_ENDPOINT='hub' is not an address"):
        Hub.find({"HF_ENDPOINT": "hub", "HF_HOME": str(tmp_path)})


def test_no_network_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(NetworkUnavailable, match=r"127\.0\.0\.1:9 did not answer\."):
        pull(REPOSITORY, Hub("http://127.0.0.1:9", tmp_path), silent)


def test_a_hub_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent_hub:  # takes the connection and says nothing
        endpoint = f"http://127.0.0.1:{silent_hub.getsockname()[1]}"
        with pytest.raises(NetworkUnavailable, match=r"did not answer within 0\.2 s"):
            pull(REPOSITORY, Hub(endpoint, tmp_path, timeout=0.2), silent)


def test_a_hub_in_trouble_is_no_missing_model(fake: FakeHub, tmp_path: Path) -> None:
    fake.status = 503
    with pytest.raises(NetworkUnavailable, match="answered with status 503"):
        pull(REPOSITORY, hub_of(fake, tmp_path), silent)


def test_offline_means_not_even_a_try(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        hub = Hub(f"http://127.0.0.1:{listener.getsockname()[1]}", tmp_path, offline=True)
        with pytest.raises(NetworkUnavailable, match="HF_HUB_OFFLINE is set"):
            pull(REPOSITORY, hub, silent)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_full_disk_is_noticed_before_the_first_byte(fake: FakeHub, tmp_path: Path) -> None:
    hub = hub_of(fake, tmp_path)
    plan = replace(look_up(REPOSITORY, hub), missing=10**18)
    with pytest.raises(ModelError, match="needs 1000000 TB of disk in"):
        check(REPOSITORY, plan, hub)
    assert fake.downloads() == []


def test_a_model_beyond_the_memory_is_refused_unless_forced(fake: FakeHub, tmp_path: Path) -> None:
    hub = hub_of(fake, tmp_path)
    plan = replace(look_up(REPOSITORY, hub), parameters=10**15)
    with pytest.raises(ModelError, match="needs 1100 TB of memory as int8"):
        check(REPOSITORY, plan, hub)
    check(REPOSITORY, plan, hub, force=True)


def test_one_gguf_file_of_many_is_chosen_by_its_quantisation_or_its_name(fake: FakeHub, tmp_path: Path) -> None:
    fake.files = dict(GGUFS)
    hub = hub_of(fake, tmp_path)
    assert pull(f"{REPOSITORY}:q4_k_m", hub, silent).name == "a-Q4_K_M.gguf"
    assert pull(f"{REPOSITORY}/a-Q8_0.gguf", hub, silent).read_bytes() == GGUFS["a-Q8_0.gguf"]


def test_a_choice_of_gguf_files_is_shown_when_none_was_made(fake: FakeHub, tmp_path: Path) -> None:
    fake.files = dict(GGUFS)
    with pytest.raises(ModelMissing, match=r"Choose one:\n\n  tampu pull someone/Tiny-Llama/a-Q4_K_M\.gguf"):
        pull(REPOSITORY, hub_of(fake, tmp_path), silent)
    with pytest.raises(ModelMissing, match="is not one GGUF file of its repository"):
        pull(f"{REPOSITORY}:Q5_K_M", hub_of(fake, tmp_path), silent)


def test_a_repository_of_pickles_is_refused(fake: FakeHub, tmp_path: Path) -> None:
    fake.files = {"config.json": b"{}", "pytorch_model.bin": b"a pickle"}
    with pytest.raises(ModelMissing, match="neither safetensors nor GGUF"):
        pull(REPOSITORY, hub_of(fake, tmp_path), silent)


def test_the_hub_comes_from_the_environment(tmp_path: Path) -> None:
    hub = Hub.find({"HF_ENDPOINT": "http://127.0.0.1:9/", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)})
    assert (hub.endpoint, hub.host, hub.offline, hub.cache) == (
        "http://127.0.0.1:9",
        "127.0.0.1:9",
        True,
        tmp_path / "hub",
    )
