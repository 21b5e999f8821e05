"""The package installs light; what is missing is said by the name of the extra that brings it."""

from typing import Final

EXTRA_OF: Final = {
    "fontTools": "fonts",
    "justmytype": "fonts",
    "openpyxl": "documents",
    "psycopg": "postgres",
    "psycopg_pool": "postgres",
    "py_ecc": "draws",
    "reportlab": "documents",
    "segno": "documents",
    "stripe": "stripe",
    "uvicorn": "serve",
    "xlsxwriter": "documents",
}


def not_installed(error: BaseException | None) -> str | None:
    """What to say where a module of an extra was missing; None for any other error, which is a defect."""
    if not isinstance(error, ModuleNotFoundError):
        return None
    extra = EXTRA_OF.get((error.name or "").partition(".")[0])
    return extra and f"This needs more than was installed: pip install 'souvenir[{extra}]'."
