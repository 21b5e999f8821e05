"""What is built is what is meant: one package with its data, one command to test it, dependencies that are used."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
IMPORT_NAMES = {"fonttools": "fontTools", "python-stdnum": "stdnum", "strawberry-graphql": "strawberry"}
LOADED_BY_NAME = {
    "tzdata": "zoneinfo finds time zones in it where the machine has none",
    "justmytype_intl_cjk": "the fonts of documents are read from its files",
    "httptools": "uvicorn parses HTTP with it",
    "uvloop": "uvicorn runs on it",
}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return next(place.glob("*.whl"))


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {
        "souvenir",
        next(n for n in names if "dist-info" in n).split("/")[0],
    }
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "souvenir").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= names


def test_the_package_imports_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import souvenir.kernel.money, souvenir; print(souvenir.__file__, souvenir.__version__)",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert str(tmp_path) in done.stdout
    assert re.search(r"\d+\.\d+\.\d+", done.stdout)


def test_the_wheel_installs_the_souvenir_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (entry_points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert archive.read(entry_points).decode().split("\n")[:2] == ["[console_scripts]", "souvenir = souvenir.cli:main"]


def test_continuous_integration_runs_the_command_the_readme_gives() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "make test"
    assert "    make test " in (ROOT / "README.md").read_text(encoding="utf-8")


def imported() -> set[str]:
    """The first name of everything the package imports."""
    found: set[str] = set()
    for path in (ROOT / "souvenir").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


def required_names(lines: list[str]) -> set[str]:
    """The names of requirements."""
    return {re.split(r"[\[<>=;~! ]", line)[0] for line in lines}


def required() -> set[str]:
    """The import names of everything the package says it needs, extras included."""
    extras = PROJECT["project"]["optional-dependencies"]
    lines = PROJECT["project"]["dependencies"] + [line for name in extras if name != "all" for line in extras[name]]
    return {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in required_names(lines)}


def test_every_dependency_is_used() -> None:
    assert required() - imported() - set(LOADED_BY_NAME) == set()


def test_everything_that_is_used_is_a_dependency() -> None:
    """Also what another dependency would bring along: that is its business and may change."""
    assert imported() - required() - set(sys.stdlib_module_names) - {"souvenir"} - {"graphql", "pydantic_core"} == set()


def test_the_extra_named_all_names_them_all() -> None:
    extras = dict(PROJECT["project"]["optional-dependencies"])
    (everything,) = extras.pop("all")
    assert everything == f"souvenir[{','.join(extras)}]"


def test_a_shop_in_a_file_needs_no_extra(tmp_path: Path) -> None:
    """Extras are for PostgreSQL, printed certificates and serving."""
    extras = required() - {IMPORT_NAMES.get(n, n) for n in required_names(PROJECT["project"]["dependencies"])}
    assert {"psycopg", "segno", "uvicorn"} <= extras
    code = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {extras!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from souvenir import Shop
with Shop.open("sqlite:///shop.db") as shop:
    shop.asgi()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
