"""Reading accruals for statements: stored entries folded, in one pass, into lines by licence and period.

An entry belongs to the first statement that covers its period and is made after it was recorded. So what arrives after
its own period was stated goes on the next statement, as a prior-period line. The fold reads the stored JSON directly,
skipping what a sum does not need; memory grows with licences, products and rates, never with sales.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import msgspec

from souvenir.kernel.money import Money, total
from souvenir.licensing.accrual import Accrual
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.breach import Breach
from souvenir.licensing.periods import period_of
from souvenir.licensing.sheet import AdjustmentLine, BreachLine, Line, Stated

ACCRUED: Final = Accrual.Accrued.TOPIC
REVERSED: Final = Accrual.Reversed.TOPIC
ADJUSTED: Final = Adjustment.Made.TOPIC
BREACHED: Final = Breach.Reported.TOPIC
TOPICS: Final = (ACCRUED, REVERSED, ADJUSTED, BREACHED)
"""What statements are made of, in the order in which it is read and sealed."""


class _Amount(msgspec.Struct, gc=False):
    minor: int


class _Priced(msgspec.Struct, gc=False):
    minor: int
    currency: str


class _Details(msgspec.Struct, gc=False):
    channel: str
    territory: str | None
    gross: _Amount
    gtin: str | None = None


class _Counted(msgspec.Struct, gc=False):
    period: str
    contract_year: int


class _Entry(msgspec.Struct, gc=False):
    """What a statement needs of an accrual or a return, as it is stored."""

    licence_id: str
    order_id: str
    line_no: int
    product_id: str
    sku: str
    units: int
    base: _Amount
    royalty: _Amount
    marketing_fund: _Amount
    payable: _Amount
    outside: _Amount
    rate: str
    business_date: str
    counted: _Counted
    period: str = ""
    return_id: str | None = None
    details: _Details | None = None


class _Adjusted(msgspec.Struct, gc=False):
    licence_id: str
    amendment_no: str
    contract_year: int
    period: str
    base: _Amount
    rate_before: str
    rate: str
    royalty: _Amount
    marketing_fund: _Amount
    payable: _Amount
    outside: _Amount


class _Breach(msgspec.Struct, gc=False):
    licence_id: str
    sku: str
    units: int
    base: _Priced
    code: str
    business_date: date


_decode_breach = msgspec.json.Decoder(_Breach).decode
_decode_entry = msgspec.json.Decoder(_Entry).decode
_decode_adjusted = msgspec.json.Decoder(_Adjusted).decode


LineKey = tuple[str, str, str | None, str | None, str, str | None]
"""SKU, product, territory, channel, rate, GTIN."""

Sums = dict[str, tuple[Money, Money]]
"""Net sales and the royalty on them that may recoup, by period of sale."""


@dataclass(slots=True)
class _Bucket:
    """The entries of one licence for one period. A line's sums: sold, returned, gross, net, royalty, marketing fund.

    `came_back` is what returned, by period of its sale: net and the royalty that had been recoupable. `years` is what is
    earned that may recoup, by the contract year it belongs to.
    """

    first: int
    lines: dict[LineKey, list[int]] = field(default_factory=dict)
    adjusted: list[_Adjusted] = field(default_factory=list)
    breaches: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    came_back: dict[str, list[int]] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)
    outside: int = 0
    payable: int = 0
    entries: int = 0
    digests: dict[str, Any] = field(default_factory=lambda: {topic: hashlib.sha256() for topic in TOPICS})


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one statement is made of. `payable` is the sum of what the accruals, one by one, made payable.

    `years` is what may recoup, by contract year.
    """

    lines: tuple[Line, ...]
    adjustments: tuple[AdjustmentLine, ...]
    breaches: tuple[BreachLine, ...]
    royalty: Money
    marketing_fund: Money
    outside: Money
    payable: Money
    entries: int
    digest: str
    first_carried: int | None
    sold: Sums
    returned: Sums
    years: Mapping[int, Money]


class Reading:
    """A fold under way, for the licences it is given: hand it stored entries by topic, then ask for a statement's."""

    def __init__(self, stated: Mapping[str, Stated]) -> None:
        self._stated = stated
        self._buckets: dict[str, dict[str, _Bucket]] = {licence_id: {} for licence_id in stated}

    def take(self, topic: str, rows: Iterable[tuple[int, bytes]]) -> None:
        """Fold entries of one topic, in order of position: (position, stored JSON)."""
        if topic == ADJUSTED:
            self._take_adjusted(rows)
        elif topic == BREACHED:
            self._take_breaches(rows)
        else:
            self._take_entries(topic, rows, 1 if topic == ACCRUED else -1)

    def _take_entries(self, topic: str, rows: Iterable[tuple[int, bytes]], sign: int) -> None:
        sold, returned = (1, 0) if sign > 0 else (0, 1)
        licences, stated, bucket_of = self._buckets, self._stated, self._bucket
        for position, state in rows:
            entry = _decode_entry(state)
            licence_id, period = entry.licence_id, entry.period or entry.counted.period
            if licence_id not in licences:
                continue
            to, until, _ = stated[licence_id]
            if position <= until and period <= to:
                continue
            bucket = licences[licence_id].get(period) or bucket_of(licence_id, period, position)
            if position < bucket.first:
                bucket.first = position
            details, base = entry.details, entry.base.minor
            if details is None:
                key: LineKey = (entry.sku, entry.product_id, None, None, entry.rate, None)
                gross = base
            else:
                key = (entry.sku, entry.product_id, details.territory, details.channel, entry.rate, details.gtin)
                gross = details.gross.minor
            line = bucket.lines.get(key)
            if line is None:
                line = bucket.lines[key] = [0, 0, 0, 0, 0, 0]
            line[0] += sold * entry.units
            line[1] += returned * entry.units
            line[2] += sign * gross
            line[3] += sign * base
            line[4] += sign * entry.royalty.minor
            line[5] += sign * entry.marketing_fund.minor
            year, recoupable = entry.counted.contract_year, entry.royalty.minor - entry.outside.minor
            bucket.years[year] = bucket.years.get(year, 0) + sign * recoupable
            if returned:
                back = bucket.came_back.setdefault(entry.counted.period, [0, 0])
                back[0] += base
                back[1] += recoupable
            bucket.outside += sign * entry.outside.minor
            bucket.payable += sign * entry.payable.minor
            bucket.entries += 1
            bucket.digests[topic].update(state)

    def _take_adjusted(self, rows: Iterable[tuple[int, bytes]]) -> None:
        for position, state in rows:
            entry = _decode_adjusted(state)
            bucket = self._bucket_for(entry.licence_id, entry.period, position)
            if bucket is not None:
                bucket.adjusted.append(entry)
                bucket.payable += entry.payable.minor
                bucket.outside += entry.outside.minor
                recoupable = entry.royalty.minor - entry.outside.minor
                bucket.years[entry.contract_year] = bucket.years.get(entry.contract_year, 0) + recoupable
                bucket.entries += 1
                bucket.digests[ADJUSTED].update(state)

    def _take_breaches(self, rows: Iterable[tuple[int, bytes]]) -> None:
        for position, state in rows:
            entry = _decode_breach(state)
            if entry.licence_id not in self._stated:
                continue
            period = period_of(entry.business_date, self._stated[entry.licence_id].months)
            bucket = self._bucket_for(entry.licence_id, period, position)
            if bucket is not None:
                sums = bucket.breaches.setdefault((entry.code, entry.sku, entry.base.currency), [0, 0])
                sums[0] += entry.units
                sums[1] += entry.base.minor
                bucket.entries += 1
                bucket.digests[BREACHED].update(state)

    def _bucket_for(self, licence_id: str, period: str, position: int) -> _Bucket | None:
        """Where an entry counts; nowhere, if its licence is not asked about or an earlier statement has it."""
        stated = self._stated.get(licence_id)
        if stated is None or (position <= stated.until and period <= stated.to):
            return None
        bucket = self._buckets[licence_id].get(period) or self._bucket(licence_id, period, position)
        bucket.first = min(bucket.first, position)
        return bucket

    def _bucket(self, licence_id: str, period: str, position: int) -> _Bucket:
        bucket = self._buckets[licence_id][period] = _Bucket(position)
        return bucket

    def last_period(self, licence_id: str) -> str:
        """The last period of which a licence has entries among those read; empty if it has none."""
        return max(self._buckets[licence_id], default="")

    def recoupable(self, licence_id: str, after: str, currency: str) -> Money:
        """What the entries read of a licence have earned that may recoup, if they are on no statement up to a period."""
        first = after == self._stated[licence_id].to
        minor = sum(
            sum(sums[4] for sums in bucket.lines.values())
            + sum(entry.royalty.minor for entry in bucket.adjusted)
            - bucket.outside
            for name, bucket in self._buckets[licence_id].items()
            if first or name > after
        )
        return Money(minor, currency)

    def gathered(self, licence_id: str, after: str, period: str, currency: str) -> Gathered:
        """What a licence's statement of `period` is made of, where the statement before it was of the period `after`.

        Where several statements are made from one pass, each takes the periods since the one before; the first takes
        also what came late for periods stated earlier.
        """
        buckets = self._buckets[licence_id]
        first = after == self._stated[licence_id].to
        mine = {name: buckets[name] for name in sorted(buckets) if name <= period and (first or name > after)}
        keyed = sorted(
            ((name, key, sums) for name, bucket in mine.items() for key, sums in bucket.lines.items()),
            key=lambda each: (each[0], *(part or "" for part in each[1])),
        )
        breaches = sorted((key, sums) for bucket in mine.values() for key, sums in bucket.breaches.items())
        lines = tuple(_line(number, *each, currency) for number, each in enumerate(keyed, start=1))
        adjustments = tuple(_adjustment(entry, currency) for bucket in mine.values() for entry in bucket.adjusted)
        return Gathered(
            lines=lines,
            adjustments=adjustments,
            royalty=total((*(a.royalty for a in lines), *(b.royalty for b in adjustments)), currency),
            marketing_fund=total(
                (*(a.marketing_fund for a in lines), *(b.marketing_fund for b in adjustments)), currency
            ),
            breaches=tuple(BreachLine(code, sku, n, Money(base, cur)) for (code, sku, cur), (n, base) in breaches),
            outside=Money(sum(bucket.outside for bucket in mine.values()), currency),
            payable=Money(sum(bucket.payable for bucket in mine.values()), currency),
            entries=sum(bucket.entries for bucket in mine.values()),
            digest=_sealed(mine),
            first_carried=min((bucket.first for name, bucket in buckets.items() if name > period), default=None),
            sold={name: _sold(bucket, currency) for name, bucket in mine.items()},
            returned=_returned(mine.values(), currency),
            years=_years(mine.values(), currency),
        )


def _sold(bucket: _Bucket, currency: str) -> tuple[Money, Money]:
    """What was sold in a period, whatever came back in it: net sales, and the royalty that may recoup."""
    net, royalty = (sum(sums[at] for sums in bucket.lines.values()) for at in (3, 4))
    back_net, back_royalty = (sum(back[at] for back in bucket.came_back.values()) for at in (0, 1))
    adjusted_outside = sum(entry.outside.minor for entry in bucket.adjusted)
    recoupable = royalty - (bucket.outside - adjusted_outside)
    return Money(net + back_net, currency), Money(recoupable + back_royalty, currency)


def _returned(buckets: Iterable[_Bucket], currency: str) -> Sums:
    """What came back, by the period it had been sold in."""
    minor: dict[str, list[int]] = {}
    for bucket in buckets:
        for period, (net, royalty) in bucket.came_back.items():
            sums = minor.setdefault(period, [0, 0])
            sums[0], sums[1] = sums[0] + net, sums[1] + royalty
    return {period: (Money(net, currency), Money(royalty, currency)) for period, (net, royalty) in minor.items()}


def _years(buckets: Iterable[_Bucket], currency: str) -> dict[int, Money]:
    """What may recoup, by contract year."""
    minor: Counter[int] = Counter()
    for bucket in buckets:
        minor.update(bucket.years)
    return {number: Money(earned, currency) for number, earned in sorted(minor.items())}


def _sealed(buckets: Mapping[str, _Bucket]) -> str:
    """SHA-256 over the periods in order, and over what was stored of each topic within them."""
    seal = hashlib.sha256()
    for name, bucket in buckets.items():
        seal.update(name.encode())
        for topic in TOPICS:
            seal.update(bucket.digests[topic].digest())
    return seal.hexdigest()


@dataclass(frozen=True, slots=True)
class Source:
    """One accrual or return behind a statement line; a return's amounts are negative. `position` is its place in the log."""

    position: int
    order_id: str
    line_no: int
    return_id: str | None
    business_date: str
    units: int
    net: Money
    royalty: Money


def sources(line: Line, licence_id: str, stated: Stated, topic: str, rows: Iterable[tuple[int, bytes]]) -> list[Source]:
    """The entries among these that a line of a statement is the sum of."""
    found, sign = [], 1 if topic == ACCRUED else -1
    wanted = (licence_id, line.period, line.sku, line.product_id, line.territory, line.channel, line.gtin, line.rate)
    needle = licence_id.encode()
    for position, state in rows:
        if needle not in state:
            continue
        entry = _decode_entry(state)
        details = entry.details
        where = (details.territory, details.channel, details.gtin) if details else (None, None, None)
        period = entry.period or entry.counted.period
        if (entry.licence_id, period, entry.sku, entry.product_id, *where, entry.rate) != wanted:
            continue
        if position <= stated.until and period <= stated.to:
            continue
        amounts = (
            Money(sign * entry.base.minor, line.net.currency),
            Money(sign * entry.royalty.minor, line.net.currency),
        )
        facts = (entry.order_id, entry.line_no, entry.return_id, entry.business_date, sign * entry.units)
        found.append(Source(position, *facts, *amounts))
    return found


def _line(number: int, period: str, key: LineKey, sums: list[int], currency: str) -> Line:
    sku, product, territory, channel, rate, gtin = key
    sold, returned, *minor = sums
    gross, net, royalty, fund = (Money(each, currency) for each in minor)
    where = (sku, product, territory, channel, rate)
    return Line(number, period, *where, sold, returned, gross, net, royalty, fund, gtin)


def _adjustment(entry: _Adjusted, currency: str) -> AdjustmentLine:
    base, royalty, fund = (Money(a.minor, currency) for a in (entry.base, entry.royalty, entry.marketing_fund))
    return AdjustmentLine(entry.amendment_no, entry.period, base, entry.rate_before, entry.rate, royalty, fund)
