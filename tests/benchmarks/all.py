"""Every benchmark, one after the other, on SQLite and on a PostgreSQL server of our own with durable commits.

    make bench

Each figure stands beside its baseline from the same run: compare ratios, not machines.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from own_postgresql import DURABLE, database, server

HERE = Path(__file__).parent
TAKES_A_DATABASE = {
    "bench_commits": "{url}",
    "bench_editions": "{url}",
    "bench_follow": "{url}",
    "bench_replay": "--postgres={url}",
}
"""How a benchmark is told of an empty PostgreSQL database; the others need none."""


def main() -> None:
    with server(*DURABLE) as url:
        for script in sorted(HERE.glob("bench_*.py")):
            print(f"\n{script.stem.removeprefix('bench_')}\n", flush=True)
            with database(url) as empty:
                argument = TAKES_A_DATABASE.get(script.stem, "").format(url=empty)
                subprocess.run([sys.executable, str(script), *filter(None, [argument])], check=True)


if __name__ == "__main__":
    main()
