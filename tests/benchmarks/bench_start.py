"""How long a shop takes to be ready with its four schemas, against importing the libraries it is made of.

Each in an interpreter of its own, timed from its start; and how long `souvenir serve` takes until `/readyz` has answered.

Run: python tests/benchmarks/bench_start.py
"""

import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

RUNS = 11
LIBRARIES = "import cryptography.x509, eventsourcing.domain, graphql, pydantic, starlette.applications, strawberry"
SHOP = "from souvenir import Shop; app = Shop.open({url!r}).asgi()"
USED = "import resource as r; u = r.getrusage(r.RUSAGE_SELF); print(u.ru_utime + u.ru_stime, u.ru_maxrss, flush=True)"


class Start(NamedTuple):
    """What one process took until it was ready."""

    wall: float
    processor: float
    megabytes: float


def start(code: str) -> Start:
    """Run a program until it says what it used."""
    begun = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", f"{code}\n{USED}"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.readline()
        ready = time.perf_counter() - begun
    assert process.returncode == 0, code
    processor, kilobytes = said.split()
    return Start(ready, float(processor), int(kilobytes) / 1024)


def serve(url: str) -> float:
    """Run a server until it has said that it is ready."""
    port = _free_port()
    begun = time.perf_counter()
    command = [sys.executable, "-m", "souvenir", "serve", "--db", url, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        while not _ready(f"http://127.0.0.1:{port}/readyz"):
            assert server.poll() is None, "the server stopped"
            time.sleep(0.005)
        ready = time.perf_counter() - begun
        server.terminate()
    return ready


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _ready(address: str) -> bool:
    try:
        with urlopen(address, timeout=10) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'shop.db'}"
        shop = SHOP.format(url=url)
        start(shop), serve(url)  # which makes the shop, and compiles what was not compiled
        rounds = [(start(LIBRARIES), start(shop), serve(url)) for _ in range(RUNS)]
    libraries, shops, servers = zip(*rounds, strict=True)
    for what, starts in (("its libraries", libraries), ("a shop", shops)):
        wall, processor, megabytes = (sorted(figures) for figures in zip(*starts, strict=True))
        print(
            f"{what:<14} {median(wall):.2f} s wall ({wall[0]:.2f} to {wall[-1]:.2f})   "
            f"{median(processor):.2f} s of processor time   {median(megabytes):.0f} MB"
        )
    print(f"{'a server':<14} {median(servers):.2f} s wall ({min(servers):.2f} to {max(servers):.2f}), first answer")
    print(f"ratio of processor times {median(shop.processor / lib.processor for lib, shop, _ in rounds):.1f}")


if __name__ == "__main__":
    main()
