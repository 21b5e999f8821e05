"""One file per way to a bank, and which of them a shop has."""

from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import Final

from souvenir.banking.bank import Bank

FOLDER_SETTING: Final = "SOUVENIR_BANK_FOLDER"
"""The folder that holds `accounts.json`, and takes the orders in `out/` and the bank's reports in `in/`."""


def set_up_bank(settings: Mapping[str, str] = environ) -> Bank | None:
    """Files for the bank where their folder is set; else none, and nothing is paid."""
    if folder := settings.get(FOLDER_SETTING):
        from souvenir.banking.banks.files import BankFiles

        return BankFiles.at(Path(folder))
    return None
