"""Retention: how long each kind of record is kept in each country, as dated data with its source; then it goes."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Final, Literal, Self

from pydantic import ConfigDict, Field, ValidationError

from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError
from souvenir.privacy.subject import Purpose, Term

ANYWHERE: Final = "*"
Record = Literal["refund_form", "purchase_evidence", "invoice", "accounting_voucher", "online_order"]


class RetentionFileRefused(SouvenirError):
    message = "The retention schedule is not usable at {where}: {problem}."
    where: str
    problem: str


class NoRetentionRule(SouvenirError):
    message = "The retention schedule says nothing of {record} in {jurisdiction} on {on}."
    record: str
    jurisdiction: str
    on: date


class Retention(Value):
    """One rule: for how many years a kind of record is kept, from when, and by whose order."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    record: Record
    jurisdiction: str
    """A country by ISO 3166-1, or * where it has no rule of its own."""
    years: int = Field(ge=0, le=100)
    counted_from: Literal["end_of_year", "day"]
    """Of the last entry in the record."""
    purpose: Purpose | None = None
    """Whose sealed data, or index, goes with the record; None where it names people by pseudonyms only."""
    by_law: bool = True
    """Whether a law orders to keep it so long; else the shop itself promises to keep it no longer."""
    since: date = Field(alias="from")
    until: date | None = Field(None, alias="to")
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)
    confidence: Literal["high", "medium", "low"]

    @property
    def version(self) -> str:
        """Names the rule for ever, such as "CN/refund_form@2002-10-15"."""
        return f"{self.jurisdiction}/{self.record}@{self.since}"

    def term(self, last_entry: date) -> Term:
        """What the rule means for a record: the first day on which its personal data may go, and must."""
        if self.counted_from == "end_of_year":
            ends = date(last_entry.year + self.years + 1, 1, 1)
        else:
            year, leap_day = last_entry.year + self.years, (last_entry.month, last_entry.day) == (2, 29)
            ends = date(year, 3, 1) if leap_day else last_entry.replace(year=year)
        return Term(self.reason, ends, self.by_law)

    def in_force(self, on: date) -> bool:
        """Whether the rule holds that day."""
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True)
class RetentionSchedule:
    """All rules. Read once; never changes while the shop is open."""

    rules: tuple[Retention, ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a schedule and check it whole: shapes, sources, dates that overlap. Raises RetentionFileRefused."""
        try:
            rules = tuple(Retention.model_validate(row) for row in tomllib.loads(text)["retention"])
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise RetentionFileRefused(where=where, problem=first["msg"]) from None
        except (KeyError, tomllib.TOMLDecodeError) as error:
            raise RetentionFileRefused(where="the TOML", problem=str(error)) from None
        _refuse_overlaps(rules)
        return cls(rules)

    def rule(self, record: Record, jurisdiction: str, on: date) -> Retention:
        """The rule for a kind of record in a country on a day, or the general one. Raises NoRetentionRule."""
        for place in (jurisdiction, ANYWHERE):
            for rule in self.rules:
                if (rule.record, rule.jurisdiction) == (record, place) and rule.in_force(on):
                    return rule
        raise NoRetentionRule(record=record, jurisdiction=jurisdiction, on=on)

    def of(self, jurisdiction: str, on: date) -> list[Retention]:
        """Every rule that applies in a country on a day, one per kind of record."""
        found = {rule.record: rule for rule in self.rules if rule.jurisdiction == ANYWHERE and rule.in_force(on)}
        found |= {rule.record: rule for rule in self.rules if rule.jurisdiction == jurisdiction and rule.in_force(on)}
        return [found[record] for record in sorted(found)]


def _refuse_overlaps(rules: Iterable[Retention]) -> None:
    last: dict[tuple[str, str], Retention] = {}
    for rule in sorted(rules, key=lambda rule: rule.since):
        before = last.get((rule.record, rule.jurisdiction))
        if before is not None and before.in_force(rule.since):
            raise RetentionFileRefused(where=rule.version, problem=f"{before.version} is in force on the same day")
        last[rule.record, rule.jurisdiction] = rule


@cache
def open_schedule() -> RetentionSchedule:
    """The schedule that comes with souvenir, read and checked once."""
    return RetentionSchedule.read((resources.files("souvenir.privacy") / "retention.toml").read_text("utf-8"))
