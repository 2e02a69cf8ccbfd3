import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tampu.model.machine import available_memory, free_disk, human_size, total_memory


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (2_140_000, "2.1 MB"),
        (9_960_000, "10 MB"),
        (999_400_000, "999 MB"),
        (999_600_000, "1.0 GB"),
        (16_060_522_496, "16 GB"),
    ],
)
def test_sizes_have_two_figures_or_more(num_bytes: int, text: str) -> None:
    assert human_size(num_bytes) == text


def test_memory_that_is_free_is_part_of_what_there_is() -> None:
    assert 0 < available_memory() <= total_memory()


def test_the_disk_of_a_directory_to_come_is_that_of_its_parent(tmp_path: Path) -> None:
    assert free_disk(tmp_path / "not" / "yet") == free_disk(tmp_path)


def test_a_limit_of_the_process_bounds_what_it_may_take() -> None:
    limit = 2 * 10**9
    program = "from tampu.model.machine import available_memory; print(available_memory())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        check=True,
    )
    assert 0 < int(done.stdout) < limit
