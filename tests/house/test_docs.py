"""The documentation builds without a warning, and every example in it, and in examples/, runs as it stands."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
BLOCK = re.compile(r"^([ ]*)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[int, str]]:
    """The Python examples of a page, each with the line it begins on."""
    text = page.read_text(encoding="utf-8")
    return [(text[: found.start()].count("\n") + 1, textwrap.dedent(found.group(2))) for found in BLOCK.finditer(text)]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python as a user would, in a directory of its own."""
    environment = {**os.environ, "SOUVENIR_DEMO_EXIT": "1", "PYTHONWARNINGS": "error::DeprecationWarning:__main__"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES if blocks(page)])
def test_the_examples_of_a_page_run_one_after_the_other(page: Path, tmp_path: Path) -> None:
    script = tmp_path / "examples.py"
    lines: list[str] = []
    for number, block in blocks(page):  # on the lines they have in the page, so that a traceback leads there
        lines += [""] * (number - len(lines)) + block.splitlines()
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run(str(script), cwd=tmp_path)
    assert done.returncode == 0, f"{page}:\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("example", [pytest.param(example, id=example.name) for example in EXAMPLES])
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    done = run(str(example), cwd=tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.strip(), "an example shows something"


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = run("-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site"), cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "index.html").exists()


def test_every_command_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    usage = run("-m", "souvenir", "--help", cwd=ROOT).stdout
    commands = re.findall(r"^    (\w+) ", usage, re.MULTILINE)
    assert len(commands) >= 7
    assert [command for command in commands if f"\n## {command}\n" not in reference] == []
