"""The line that says where a figure was measured; not a benchmark."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path


def machine() -> str:
    """Processor, cores that this process may use, memory, system, Python, and today's date."""
    cpu_info = Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", cpu_info)
    flags = re.search(r"flags\s*: (.*)", cpu_info)
    known = ("amx_int8", "avx512_vnni", "avx512_bf16", "avx512f", "avx2")
    sets = [flag for flag in known if flags and flag in flags[1].split()]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{name[1] if name else platform.machine()}, {len(os.sched_getaffinity(0))} cores ({', '.join(sets)}), "
        f"{memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )
