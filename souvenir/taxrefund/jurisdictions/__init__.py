"""One readable file of dated, sourced rules per country; adding a country is adding a file and its name here."""

from typing import Final

JURISDICTIONS: Final = ("china.toml", "japan.toml", "korea.toml", "taiwan.toml", "uae.toml", "uk.toml")
