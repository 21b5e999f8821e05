"""A shop lives in little memory, on the small computer of a gift shop. How fast it opens is measured: make bench."""

import subprocess
import sys
from pathlib import Path

START = r"""
import re
from pathlib import Path
from souvenir import Shop
with Shop.open({url!r}) as shop:
    shop.asgi()
    shop.followers.catch_up()
    print(int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


def test_a_shop_with_its_four_schemas_starts_in_under_120_megabytes(tmp_path: Path) -> None:
    script = START.format(url=f"sqlite:///{tmp_path / 'shop.db'}")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 120


def test_the_money_words_import_without_the_rest() -> None:
    """Who only counts money pays for nothing else."""
    code = "import sys, souvenir.kernel.money; print('strawberry' in sys.modules, 'sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "False"]
