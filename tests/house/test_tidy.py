"""The house rules a reader relies on, checked over the whole tree. Each rule says why it is one."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "souvenir"
MODULES = sorted(PACKAGE.rglob("*.py"))
CODE = [path for room in ("souvenir", "tests", "examples") for path in sorted((ROOT / room).rglob("*.py"))]
TEXTS = [
    path
    for path in sorted(ROOT.rglob("*"))
    if path.is_file()
    and path.suffix in {".py", ".md", ".toml", ".yml", ".graphql", ".json", ".html", ".css", ".js", ""}
    and not set(path.relative_to(ROOT).parts[:-1]) & {"var", "site", "build", "dist", "node_modules"}
    and not any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts)
]

LONGEST_FILE = {"souvenir": 500, "examples": 200, "tests": 600}
LONGEST_FUNCTION = 60

NAMELESS = {"utils", "util", "helpers", "common", "misc", "base", "managers", "services", "models"}

FLOATS_ALLOWED = {
    "souvenir/privacy/keyring.py": "seconds a key may stay in memory",
    "souvenir/eventlog": "seconds to sleep and to wait",
    "souvenir/documents/pdf.py": "points on paper",
    "souvenir/documents/paper.py": "points on paper",
    "souvenir/documents/drawing.py": "millimetres",
    "souvenir/documents/rosette.py": "millimetres",
    "souvenir/documents/certificate.py": "millimetres",
    "souvenir/api": "seconds, and weights of query cost",
    "souvenir/serving.py": "seconds to wait for a start",
    "souvenir/console": "positions in a plot",
    "souvenir/cli.py": "seconds, for people to read",
    "souvenir/demo": "seconds, for people to read",
}
"""Where a float may stand, and what it counts. Never money: a tenth has no exact float."""

PRINTS_ALLOWED = {"souvenir/cli.py", "souvenir/demo", "souvenir/api/export.py"}

CLOCKS_READ = {
    "souvenir/kernel/clock.py": "the one clock",
    "souvenir/demo": "people watch it by the clock on the wall",
}

AMERICAN = (
    "color|favor|honor|labor|behavior|neighbor|center|centered|meter|liter|defense|license|catalog|dialog|canceled|"
    "canceling|labeled|traveler|traveled|fulfill|enrollment|gray|jewelry|analyze|organization|recognize|authorize|"
    "finalize|summarize|utilize"
)
SPELLING = re.compile(rf"(?<![a-z])(?i:{AMERICAN})(?![a-rt-zD])|(?<=[a-z])({AMERICAN.title()})(?![a-rt-z])")
SPELLED_SO_BY_OTHERS = re.compile(
    r"\.HexColor\b|\btextColor\b|\.set(Fill|Stroke)Color\b|reportlab\.lib import colors|authorized? \(RFC|[\"'`]authorization[\"'`]|(color|background-color)\s*:|[a-z]-color|text-align:\s*center"
    r"|align-items:\s*center|justify-content:\s*center|license_files|^license|[\"'._]canceled\b|canceled_at|\.fulfillRequest",
    re.IGNORECASE,
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def under(path: Path, places: object) -> bool:
    """Whether a file is, or lies in, one of the places."""
    return any(name_of(path) == place or name_of(path).startswith(f"{place}/") for place in places)  # type: ignore[attr-defined]


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 20
    assert {"README.md", "Makefile", ".ci/run", "souvenir/kernel/money.py"} <= {name_of(path) for path in TEXTS}


def test_the_published_contract_holds_no_python() -> None:
    """A module in graphql/ would shadow the installed graphql-core."""
    assert list((ROOT / "graphql").rglob("*.py")) == []


def test_modules_are_named_for_what_they_hold() -> None:
    assert [name_of(path) for path in MODULES if NAMELESS & set(path.relative_to(ROOT).with_suffix("").parts)] == []


def test_a_file_is_one_sitting() -> None:
    lengths = {name_of(path): path.read_text(encoding="utf-8").count("\n") for path in CODE}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE[name.split("/")[0]]} == {}


def test_a_function_fits_a_screen() -> None:
    assert [
        f"{name_of(path)}:{function.lineno} {function.name} has {length} lines"
        for path in CODE
        for function in functions(tree_of(path))
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ] == []


def test_the_first_line_of_a_module_is_its_promise() -> None:
    first_lines = {name_of(path): (ast.get_docstring(tree_of(path)) or "").partition("\n")[0] for path in CODE}
    assert [name for name, line in first_lines.items() if not re.search(r"[.:!?。]\W*$", line)] == []


def test_money_is_never_a_float() -> None:
    assert [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        if not under(path, FLOATS_ALLOWED)
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
    ] == []


def test_only_the_command_prints() -> None:
    assert [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        if not under(path, PRINTS_ALLOWED)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ] == []


def test_only_the_clock_tells_the_time() -> None:
    """So that tests and the demonstration can set it, and a replay next year answers the same."""
    asks = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|time\.time(_ns)?)\(")
    assert [
        f"{name_of(path)}:{number}"
        for path in MODULES
        if not under(path, CLOCKS_READ)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if asks.search(line)
    ] == []


def test_evolving_never_refuses() -> None:
    """The body of an `@event` method also runs on replay: a rule there makes yesterday's history unloadable."""
    assert [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for function in functions(tree_of(path))
        if any(
            isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "event"
            for decorator in function.decorator_list
        )
        for node in ast.walk(function)
        if isinstance(node, ast.Raise | ast.Assert)
    ] == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|NotImplementedError)\b|# *XXX|pytest\.(mark\.)?(skip|xfail)|@unittest\.skip")
    assert [
        f"{name_of(path)}:{number}"
        for path in CODE
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if later.search(line)
    ] == []


def test_the_tree_knows_no_particular_machine() -> None:
    places = re.compile(r"(?<![\w.])/(work|home|root|Users)/|\b(pypi|pythonhosted|npmjs)\.(org|com)\b")
    assert [
        f"{name_of(path)}:{number}"
        for path in TEXTS
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if places.search(line)
    ] == []


def test_spelling_is_british() -> None:
    assert [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in TEXTS
        if path.suffix in {".py", ".md", ".graphql"} and path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if SPELLING.search(SPELLED_SO_BY_OTHERS.sub("", line))
    ] == []


@pytest.mark.parametrize("word", ["color", "Color", "a_color", "sealColor", "colors", "LICENSE", "traveler_id"])
def test_american_spelling_is_seen_inside_names(word: str) -> None:
    assert SPELLING.search(word)


@pytest.mark.parametrize("word", ["colour", "parameter", "catalogue", "centre", "licence", "licensed", "LICENSED"])
def test_british_spelling_is_left_alone(word: str) -> None:
    assert not SPELLING.search(word)
