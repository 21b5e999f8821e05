"""How long a shop takes to open with its four schemas, from the interpreter's start; against importing what it is made of.

Run: python tests/benchmarks/bench_start.py
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

RUNS = 11
LIBRARIES = "import cryptography.x509, eventsourcing.domain, graphql, pydantic, starlette.applications, strawberry"
SHOP = "from souvenir import Shop; Shop.open('sqlite:///' + {path!r}).asgi()"


class Start(NamedTuple):
    """What one process took, from its start to its end."""

    wall: float
    processor: float
    megabytes: float


def start(code: str) -> Start:
    """Run a program in an interpreter of its own."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code])
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, code
    return Start(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = SHOP.format(path=str(Path(folder) / "shop.db"))
        start(shop)  # which makes the shop, and compiles what was not compiled
        pairs = [(start(LIBRARIES), start(shop)) for _ in range(RUNS)]
    for what, starts in zip(("its libraries", "a shop"), zip(*pairs, strict=True), strict=True):
        wall, processor, megabytes = (sorted(figures) for figures in zip(*starts, strict=True))
        print(
            f"{what:<14} {median(wall):.2f} s wall ({wall[0]:.2f} to {wall[-1]:.2f})   "
            f"{median(processor):.2f} s of processor time   {median(megabytes):.0f} MB"
        )
    print(f"ratio of processor times {median(shop.processor / libraries.processor for libraries, shop in pairs):.1f}")


if __name__ == "__main__":
    main()
