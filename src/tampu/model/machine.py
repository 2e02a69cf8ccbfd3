"""What this machine has: memory and disk."""

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path


def total_memory() -> int:
    """Bytes of memory that a process may use at most: the machine's, or what its control group allows."""
    limit = _read("/sys/fs/cgroup/memory.max").strip()
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(machine, int(limit)) if limit.isdigit() else machine


def available_memory() -> int:
    """Bytes that this process may still take: what the machine has free, or what its control group allows."""
    return min(_memory_bounds())


def _memory_bounds() -> Iterator[int]:
    yield total_memory()
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024
    limit = _read("/sys/fs/cgroup/memory.max").strip()
    if limit.isdigit():
        yield int(limit) - _anonymous_memory()
    # What `ulimit -v` and a service manager's LimitAS allow: address space, whether it is touched or not.
    addresses, _ = resource.getrlimit(resource.RLIMIT_AS)
    if addresses != resource.RLIM_INFINITY:
        yield max(0, addresses - _address_space())


def _address_space() -> int:
    """Bytes of addresses that this process has taken."""
    pages = _read("/proc/self/statm").split()
    return int(pages[0]) * os.sysconf("SC_PAGE_SIZE") if pages else 0


def _anonymous_memory() -> int:
    """Bytes that the control group's processes hold and the system cannot simply drop, as it can mapped files."""
    for line in _read("/sys/fs/cgroup/memory.stat").splitlines():
        if line.startswith("anon "):
            return int(line.split()[1])
    return 0


def free_disk(directory: Path) -> int:
    """Bytes free where this directory is, or will be once it is made."""
    while not directory.exists():
        directory = directory.parent
    return shutil.disk_usage(directory).free


def human_size(num_bytes: int) -> str:
    """A number of bytes for people, in powers of 1000: `2.1 MB`, `16 GB`."""
    size, units = float(num_bytes), iter(("bytes", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 999.5 and unit != "TB":
        size, unit = size / 1000, next(units)
    return f"{size:.0f} {unit}" if size >= 9.95 or unit == "bytes" else f"{size:.1f} {unit}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
