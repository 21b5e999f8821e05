"""One readable file of dated, sourced rules per country or union; adding a country is adding a file and its name here."""

from typing import Final

JURISDICTIONS: Final = (
    "china.toml",
    "europe.toml",
    "japan.toml",
    "korea.toml",
    "nordics.toml",
    "saudi.toml",
    "singapore.toml",
    "switzerland.toml",
    "taiwan.toml",
    "thailand.toml",
    "turkiye.toml",
    "uae.toml",
    "uk.toml",
)
