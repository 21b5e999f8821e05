"""What is missing is named by its extra, and every extra's module belongs to one that pyproject declares."""

import tomllib
from pathlib import Path

import pytest

from souvenir.kernel.extras import EXTRA_OF, not_installed


def test_a_missing_module_of_an_extra_is_said_in_a_sentence() -> None:
    missing = ModuleNotFoundError("No module named 'reportlab.pdfgen'", name="reportlab.pdfgen")
    assert not_installed(missing) == "This needs more than was installed: pip install 'souvenir[documents]'."


@pytest.mark.parametrize("error", [None, KeyError("reportlab"), ModuleNotFoundError(name="souvenir.misspelt")])
def test_any_other_error_is_a_defect(error: BaseException | None) -> None:
    assert not_installed(error) is None


def test_the_extras_are_those_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {*EXTRA_OF.values(), "all"} == set(project["optional-dependencies"])
