"""The rule book: every number of every refund scheme as dated, sourced data, found by place, route and day."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Rounding
from souvenir.taxrefund.form import Confirmation
from souvenir.taxrefund.formulas import Amount, FeeFormula, Rate, RefundFormula
from souvenir.taxrefund.jurisdictions import JURISDICTIONS
from souvenir.taxrefund.working_days import DatedCalendar

ANY: Final = "*"
Confidence = Literal["high", "medium", "low"]


class RuleFileRefused(SouvenirError):
    message = "The rule file {file} is not usable at {where}: {problem}."
    file: str
    where: str
    problem: str


class RuleWithoutSource(SouvenirError):
    message = (
        "In {file}, the rule {rule} from {since} names no source of its own list. Every number says where it is from."
    )
    file: str
    rule: str
    since: date


class RuleDatesOverlap(SouvenirError):
    message = "In {file}, {first} and {second} are in force on the same days. End the first before the second begins."
    file: str
    first: str
    second: str


class UnknownJurisdiction(SouvenirError):
    message = "The rule book has no jurisdiction {jurisdiction!r}. It has {known}."
    jurisdiction: str
    known: str


class Window(Value):
    """A stretch of time counted from a day, the last day included."""

    days: int = 0
    months: int = 0
    to_end_of_month: bool = False
    first_day: Literal[0, 1] = 0
    """The number of the starting day itself: 0 in China (a difference of dates), 1 where it already counts."""

    def last_day(self, start: date) -> date:
        """The last day inside the window."""
        day = start + timedelta(days=self.days - self.first_day if self.days else 0)
        if not self.months:
            return day
        years, month = divmod(day.month - 1 + self.months, 12)
        first = date(day.year + years, month + 1, 1)
        month_end = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return month_end if self.to_end_of_month else min(month_end, first + timedelta(days=day.day - 1))


class Minimum(Value):
    """The least a traveller must buy, in one store on one day, of refundable goods."""

    amount: Amount
    base: Literal["gross", "net"] = "gross"


class InstantMaximum(Value):
    """The most that one instant refund may cover, and over which purchases it is summed."""

    amount: Amount
    per: Literal["purchase", "traveller_day", "traveller_store_day"]


class GoodsMaximum(Value):
    """The most of one class of goods that a store may sell a traveller in a day within the scheme."""

    amount: Amount
    base: Literal["gross", "net"] = "gross"


class CashCeiling(Value):
    """The most that may be paid in cash. Which amount is compared is a reading of the law, and so a rule."""

    amount: Amount
    compared: Literal["net", "refund"] = "net"


class Inspection(Value):
    """The sales amount on a form from which customs looks at every form; below it, at a random sample."""

    every_form_from: Amount


KINDS: Final[dict[str, Any]] = {
    "scheme": Literal["open", "withdrawn"],
    "payout": Literal["after_customs", "advance", "at_till"],
    "document": Literal["foreign", "hk_macao", "taiwan"],
    "own_nationals": Literal["excluded"],
    "stay_limit": Window,
    "minimum_age": int,
    "condition": LocalizedText,
    "minimum_purchase": Minimum,
    "most_receipts": int,
    "excluded_goods": LocalizedText,
    "goods_maximum": GoodsMaximum,
    "item_details_from": Amount,
    "standard_vat": Rate,
    "refund": RefundFormula,
    "fee": FeeFormula,
    "operator_fee": Literal["set_by_operator"],
    "agency_share": Rate,
    "deposit": FeeFormula,
    "rounding": Literal["half_up", "down", "up"],
    "cash_ceiling": CashCeiling,
    "tenders": tuple[str, ...],
    "departure_window": Window,
    "claim_window": Window,
    "instant_window": Window,
    "instant_maximum": InstantMaximum,
    "trip_maximum": Amount,
    "year_maximum": Amount,
    "recognised_regions": tuple[str, ...],
    "capture_working_days": int,
    "inspection": Inspection,
    "confirmation": Confirmation,
    "settlement_day": int,
    "store_ratings": tuple[str, ...],
}
"""What kinds of rule there are, and the form of the value each takes."""

_VALUES: Final = {name: TypeAdapter(kind) for name, kind in KINDS.items()}


class _RuleText(Value):
    """One [[rule]] as written."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    rule: Literal[tuple(KINDS)]  # type: ignore[valid-type]
    value: Any
    applies_to: tuple[str, ...] = Field((ANY,), alias="for")
    regions: tuple[str, ...] = (ANY,)
    modes: tuple[str, ...] = (ANY,)
    since: date = Field(alias="from")
    until: date | None = Field(None, alias="to")
    source: tuple[str, ...] = ()
    confidence: Confidence
    note: str = ""


class _PortText(Value):
    code: str
    name: LocalizedText
    region: str
    source: tuple[str, ...]


class _DayOffText(Value):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    since: date = Field(alias="from")
    until: date | None = Field(None, alias="to")
    source: tuple[str, ...]


class _FileText(Value):
    """One rule file as written."""

    jurisdiction: str
    name: LocalizedText
    currency: str
    time_zone: str
    sources: dict[str, str]
    weekend: tuple[int, ...] = (6, 7)
    holidays_announced_to: date | None = None
    rule: tuple[_RuleText, ...]
    port: tuple[_PortText, ...] = ()
    holiday: tuple[_DayOffText, ...] = ()
    worked_weekend: tuple[_DayOffText, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in force from one day to another, both included, at one place, on one route."""

    name: str
    value: Any
    version: str
    """Names the rule for ever, such as "CN-BJ/instant_maximum/instant_store@2025-05-15"; claims keep it."""
    applies_to: str
    region: str
    mode: str
    since: date
    until: date | None
    sources: tuple[str, ...]
    confidence: Confidence
    note: str

    def in_force(self, on: date) -> bool:
        """Whether the rule holds that day."""
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Port:
    """A place where travellers leave and customs looks."""

    code: str
    name: LocalizedText
    region: str


class Regime:
    """The rules of one place, route and day; the most particular rule wins: by region, then route, then subject."""

    def __init__(self, jurisdiction: "Jurisdiction", region: str, mode: str, on: date) -> None:
        self.jurisdiction, self.region, self.mode, self.on = jurisdiction, region, mode, on
        self.remembered: dict[date, Any] = {}
        """What an assessment works out from these rules alone, so that the next one need not."""
        self._found: dict[tuple[str, str], Rule | None] = {}

    def find(self, name: str, applies_to: str = ANY) -> Rule | None:
        """The rule of that name, about a VAT rate or a kind of document where it is about one."""
        try:
            return self._found[name, applies_to]
        except KeyError:
            found = self.jurisdiction.find(name, self.region, self.mode, applies_to, self.on)
            self._found[name, applies_to] = found
            return found

    def all(self, name: str) -> tuple[Rule, ...]:
        """Every rule of that name in force here, one per subject: the conditions a desk asks about, for one."""
        subjects = dict.fromkeys(rule.applies_to for rule in self.jurisdiction.rules if rule.name == name)
        return tuple(rule for subject in subjects if (rule := self.find(name, subject)) is not None)

    @property
    def ports(self) -> tuple[Port, ...]:
        """The ports at which an instant refund of this region may be closed."""
        rule = self.find("recognised_regions")
        regions = rule.value if rule else (self.region,)
        return tuple(port for port in self.jurisdiction.ports if ANY in regions or port.region in regions)


@dataclass(frozen=True)
class Jurisdiction:
    """One country's rules, ports and working days."""

    code: str
    name: LocalizedText
    currency: str
    time_zone: str
    ports: tuple[Port, ...]
    calendar: DatedCalendar
    rules: tuple[Rule, ...]
    _by_key: dict[tuple[str, str, str, str], list[Rule]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.rules:
            self._by_key.setdefault((rule.name, rule.region, rule.mode, rule.applies_to), []).append(rule)

    def find(self, name: str, region: str, mode: str, applies_to: str, on: date) -> Rule | None:
        """The most particular rule of that name in force on a day."""
        for place in dict.fromkeys((region, ANY)):
            for route in dict.fromkeys((mode, ANY)):
                for subject in dict.fromkeys((applies_to, ANY)):
                    for rule in self._by_key.get((name, place, route, subject), ()):
                        if rule.in_force(on):
                            return rule
        return None


class RuleBook:
    """All jurisdictions. Read once; never changes while the shop is open."""

    MOST_REGIMES: Final = 4096

    def __init__(self, jurisdictions: Iterable[Jurisdiction]) -> None:
        self.jurisdictions = {jurisdiction.code: jurisdiction for jurisdiction in jurisdictions}
        self._regimes: dict[tuple[str, str, str, date], Regime] = {}

    @classmethod
    def read(cls, files: Mapping[str, str]) -> Self:
        """Read rule files, by name. Raises RuleFileRefused, RuleWithoutSource or RuleDatesOverlap."""
        found: dict[str, Jurisdiction] = {}
        for file, text in files.items():
            for jurisdiction in read_jurisdictions(file, text):
                if jurisdiction.code in found:
                    problem = "another file has this jurisdiction already"
                    raise RuleFileRefused(file=file, where=jurisdiction.code, problem=problem)
                found[jurisdiction.code] = jurisdiction
        return cls(found.values())

    def jurisdiction(self, code: str) -> Jurisdiction:
        """One country's rules, by its ISO 3166-1 code. Raises UnknownJurisdiction."""
        try:
            return self.jurisdictions[code]
        except KeyError:
            known = ", ".join(sorted(self.jurisdictions))
            raise UnknownJurisdiction(jurisdiction=code[:40], known=known) from None

    def regime(self, jurisdiction: str, region: str, mode: str, on: date) -> Regime:
        """The rules of one place, route and day."""
        key = (jurisdiction, region, mode, on)
        regime = self._regimes.get(key)
        if regime is None:
            if len(self._regimes) >= self.MOST_REGIMES:
                self._regimes.clear()
            regime = self._regimes[key] = Regime(self.jurisdiction(jurisdiction), region, mode, on)
        return regime


def read_jurisdictions(file: str, text: str) -> list[Jurisdiction]:
    """Read one rule file and check it whole: shapes, sources, dates that overlap.

    A file is one country, or a union: its [[member]]s share the file's rules and add their own.
    """
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleFileRefused(file=file, where="the TOML", problem=str(error)) from None
    shared = {key: value for key, value in written.items() if key != "member"}
    places = [
        {**shared, **member, "rule": [*shared.get("rule", ()), *member.get("rule", ())]}
        for member in written.get("member", [{}])
    ]
    return [_jurisdiction(file, place) for place in places]


def _jurisdiction(file: str, place: Mapping[str, Any]) -> Jurisdiction:
    try:
        written = _FileText.model_validate(place)
    except ValidationError as error:
        raise _refused(file, str(place.get("jurisdiction", "")), error) from None
    dated: tuple[_PortText | _DayOffText, ...] = (*written.port, *written.holiday, *written.worked_weekend)
    for entry in dated:
        if not entry.source or not set(entry.source) <= set(written.sources):
            raise RuleFileRefused(file=file, where=str(entry), problem="it names no source of the list")
    rules = tuple(rule for row in written.rule for rule in _rules_of(file, written, row))
    _refuse_overlaps(file, rules)
    return Jurisdiction(
        code=written.jurisdiction,
        name=written.name,
        currency=written.currency,
        time_zone=written.time_zone,
        ports=tuple(Port(port.code, port.name, port.region) for port in written.port),
        calendar=DatedCalendar(
            weekend=frozenset(written.weekend),
            exceptions={
                day: works
                for rows, works in ((written.holiday, False), (written.worked_weekend, True))
                for row in rows
                for day in _days(row.since, row.until)
            },
            announced_to=written.holidays_announced_to,
        ),
        rules=rules,
    )


def _rules_of(file: str, written: _FileText, row: _RuleText) -> Iterable[Rule]:
    """The rules one [[rule]] stands for: one per region, route and subject it names."""
    if not row.source or not set(row.source) <= set(written.sources):
        raise RuleWithoutSource(file=file, rule=row.rule, since=row.since)
    if row.until is not None and row.until < row.since:
        raise RuleFileRefused(file=file, where=f"{row.rule} from {row.since}", problem="it ends before it begins")
    try:
        value = _VALUES[row.rule].validate_python(row.value, context={"currency": written.currency})
    except (ValidationError, SouvenirError) as error:
        raise _refused(file, f"{row.rule} from {row.since}", error) from None
    for region in row.regions:
        for mode in row.modes:
            for subject in map(subject_of, row.applies_to):
                place = written.jurisdiction if region == ANY else region
                parts = (place, row.rule, *(part for part in (mode, subject) if part != ANY))
                yield Rule(
                    name=row.rule,
                    value=value,
                    version=f"{'/'.join(parts)}@{row.since}",
                    applies_to=subject,
                    region=region,
                    mode=mode,
                    since=row.since,
                    until=row.until,
                    sources=tuple(written.sources[key] for key in row.source),
                    confidence=row.confidence,
                    note=row.note,
                )


@lru_cache(maxsize=1024)
def subject_of(applies_to: str | Decimal) -> str:
    """What a rule is about, as it is looked up: VAT rates without trailing zeros, so that 0.10 is 0.1."""
    try:
        return f"{Decimal(applies_to).normalize():f}"
    except InvalidOperation:
        return str(applies_to)


def _refuse_overlaps(file: str, rules: Iterable[Rule]) -> None:
    last: dict[tuple[str, str, str, str], Rule] = {}
    for rule in sorted(rules, key=lambda rule: rule.since):
        key = (rule.name, rule.region, rule.mode, rule.applies_to)
        before = last.get(key)
        if before is not None and before.in_force(rule.since):
            raise RuleDatesOverlap(file=file, first=before.version, second=rule.version)
        last[key] = rule


def _refused(file: str, where: str, error: ValidationError | SouvenirError) -> RuleFileRefused:
    if isinstance(error, SouvenirError):
        return RuleFileRefused(file=file, where=where, problem=str(error))
    first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    return RuleFileRefused(file=file, where=" ".join(filter(None, (where, path))), problem=first["msg"])


def _days(first: date, last: date | None) -> list[date]:
    return [first + timedelta(days=step) for step in range(((last or first) - first).days + 1)]


@cache
def open_rule_book() -> RuleBook:
    """The rule book that comes with souvenir, read and checked once."""
    folder = resources.files("souvenir.taxrefund.jurisdictions")
    return RuleBook.read({name: (folder / name).read_text("utf-8") for name in JURISDICTIONS})


ROUNDINGS: Final = {"half_up": Rounding.HALF_UP, "down": Rounding.DOWN, "up": Rounding.UP}
