"""Who may import whom: the contracts hold, and each of them has been seen to fail on a planted violation."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

PLANTED = [
    ("layers", "souvenir/kernel/money.py", "import souvenir.sales.order"),
    ("layers", "souvenir/eventlog/log.py", "import souvenir.sales.order"),
    ("layers", "souvenir/sales/order.py", "import souvenir.editions.piece"),
    ("layers", "souvenir/licensing/licence.py", "from souvenir.sites import outlet"),
    ("layers", "souvenir/banking/transfer.py", "from souvenir.payments.provider import Outcome"),
    ("layers", "souvenir/ledger/journal.py", "import souvenir.documents.trial_balance"),
    ("layers", "souvenir/shop.py", "import souvenir.api.http.view"),
    ("layers", "souvenir/api/http/view.py", "from souvenir.cli import main"),
    ("layers", "souvenir/processes/sell.py", "from souvenir.shop import Shop"),
    ("layers", "souvenir/utilities.py", "import souvenir.kernel.money"),
    ("event-log", "souvenir/sales/order.py", "from souvenir.eventlog import Transaction"),
    ("event-log", "souvenir/documents/receipt.py", "from souvenir.eventlog.log import EventLog"),
    ("event-log", "souvenir/api/http/view.py", "from souvenir.eventlog import EventLog"),
    ("event-sourcing-library", "souvenir/sales/order.py", "from eventsourcing.domain import Aggregate"),
    ("databases", "souvenir/ledger/journal.py", "import sqlite3"),
    ("databases", "souvenir/processes/__init__.py", "import psycopg"),
    ("http", "souvenir/cli.py", "from starlette.applications import Starlette"),
    ("stripe", "souvenir/payments/payment.py", "import stripe"),
    ("server", "souvenir/shop.py", "import uvicorn"),
    ("audiences", "souvenir/api/pos/schema.py", "import souvenir.api.finance.books"),
    ("audiences", "souvenir/api/http/plan.py", "import souvenir.api.storefront.schema"),
    ("graphql", "souvenir/shop.py", "import strawberry"),
    ("graphql", "souvenir/documents/receipt.py", "from graphql import parse"),
]


def lint(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The verdict of import-linter on a tree: exit status 0 when its contracts are kept."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache", *options],
        cwd=tree,
        env={"COLUMNS": "500", "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What import-linter says of each contract when every violation is planted in a copy of the package."""
    tree = tmp_path_factory.mktemp("planted")
    shutil.copytree(ROOT / "souvenir", tree / "souvenir", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    for _, path, violation in PLANTED:
        with (tree / path).open("a") as file:
            file.write(f"\n{violation}\n")
    found = lint(tree)
    assert found.returncode == 1, found.stdout + found.stderr
    report = found.stdout[found.stdout.index("Broken contracts") :]
    places = sorted((report.index(f"\n{contract['name']}\n"), contract["id"]) for contract in CONTRACTS)
    ends = [place for place, _ in places[1:]] + [len(report)]
    return {id: report[begin:end] for (begin, id), end in zip(places, ends, strict=True)}


def test_the_tree_keeps_its_contracts() -> None:
    verdict = lint(ROOT)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.parametrize(("contract", "path", "violation"), PLANTED)
def test_a_planted_violation_is_found(verdict: dict[str, str], contract: str, path: str, violation: str) -> None:
    room = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    imported = violation.split()[1]
    known = imported if imported.startswith("souvenir") else imported.partition(".")[0]
    assert f"- {room} -> {known}" in verdict[contract] or f"- {room}\n" in verdict[contract]


def test_every_contract_has_been_seen_to_fail() -> None:
    assert {contract["id"] for contract in CONTRACTS} == {contract for contract, _, _ in PLANTED}
