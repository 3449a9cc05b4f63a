"""Memory: what is free goes back to the system, and what a process does not need is not loaded."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def run(program: str, *arguments: str) -> str:
    """What a Python of its own prints."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


HEAPS = """
import ctypes, sys, threading
from partner_insights.server.process.memory import use_one_heap
if sys.argv[1] == "one":
    use_one_heap()
together = threading.Barrier(4)
def allocate():
    kept = [bytes(1000) for _ in range(1000)]
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""
RESIDENT = """
import os
from partner_insights.server.process.memory import give_back
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
many = [bytes(5000) for _ in range(10_000)]
kept = many[::10]
full = resident()
del many
free = resident()
give_back()
print(full, free, resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_threads_share_a_heap(tmp_path: Path) -> None:
    """Each thread would have a heap of its own, with its own free pieces in it."""
    heaps = {}
    for name in ("one", "each its own"):
        run(HEAPS, name, str(tmp_path / name))
        heaps[name] = (tmp_path / name).read_text().count("<heap nr=")
    if heaps["each its own"] == 0:
        pytest.skip("another C library than glibc")
    assert heaps["one"] == 1 < heaps["each its own"]


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_free_memory_is_given_back() -> None:
    """Between pieces in use, too."""
    full, free, after = map(int, run(RESIDENT).split())
    assert full - after > 30e6
    assert free >= after


SUPERVISED = """
import sys
from partner_insights.cli import main
from partner_insights.server.process import serve
def no_serving(*arguments, **options):
    print("LOADED", *sys.modules)
    return 0
serve.serve = no_serving
main(["serve", "--allow-host", "fake.example", "--cors-origin", "*"], standalone_mode=False)
"""


def test_the_supervisor_loads_nothing_that_only_workers_need() -> None:
    """It is there as long as they are, and every megabyte of it is for nothing."""
    loaded = set(run(SUPERVISED).split())
    assert {"LOADED", "multiprocessing", "partner_insights.server.process.worker"} <= loaded
    assert not {"asyncio", "flask", "werkzeug", "numpy", "jsonschema", "rich", "uvloop", "httptools"} & loaded
    assert not {"jwt", "cryptography", "http.client", "ssl"} & loaded
