"""Assessment: given a purchase, a traveller and a day, what comes back and by when, or why nothing does. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import CurrencyMismatch, Money, Rounding, total
from souvenir.taxrefund.eligibility import (
    AboveGoodsMaximum,
    AboveInstantCap,
    AboveTripLimit,
    AboveYearLimit,
    AmountOutsideTiers,
    BelowMinimumPurchase,
    DepartureWindowClosed,
    DocumentNotAccepted,
    GoodsNotRefundable,
    InvoiceBeforeEntry,
    LastEntryUnknown,
    ModeNotOffered,
    OwnNationalsExcluded,
    SchemeNotInForce,
    SchemeWithdrawn,
    StayTooLong,
    StoreNotInScheme,
    TooManyReceipts,
    TravellerTooYoung,
)
from souvenir.taxrefund.form import ClaimLine, Confirmation
from souvenir.taxrefund.formulas import OutsideTiers, Taxed, rounded, shares
from souvenir.taxrefund.rulebook import ANY, ROUNDINGS, Regime, Rule, RuleBook, subject_of
from souvenir.taxrefund.working_days import working_days_after

WhyExcluded = Literal["vat_exempt", "excluded_goods", "no_refund_at_this_vat_rate"]
Sampling = Literal["every_form", "random_sample"]


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """One line of an invoice, as refunds see it. `refundable` is false for goods a law keeps out of the scheme."""

    line_no: int
    gross: Money
    vat_rate: Decimal
    quantity: int = 1
    exempt: bool = False
    refundable: bool = True
    order_id: UUID | None = None
    order_line_no: int | None = None
    goods: str = "general"
    """The class of goods, where a scheme knows classes: "consumables" in Japan until 2026-10-31."""


@dataclass(frozen=True, slots=True)
class Traveller:
    """What eligibility asks about a person; nothing that says who it is. An age of None was not asked."""

    document_kind: str
    last_entry: date | None
    age: int | None = None
    nationality: str = ""
    """As a passport's zone has it (ICAO 9303-3): CHN. Empty where it was not read."""


@dataclass(frozen=True, slots=True)
class Store:
    """Where the goods were bought, and the store's standing that day."""

    jurisdiction: str
    region: str
    registered: bool = True
    instant: bool = True


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase to assess. Earlier totals are of the same traveller and route: by day and store, by trip, by year."""

    store: Store
    mode: str
    traveller: Traveller
    lines: tuple[PurchaseLine, ...]
    purchased_on: date
    issued_on: date | None = None
    earlier_today: Money | None = None
    earlier_instant: Money | None = None
    earlier_this_trip: Money | None = None
    earlier_this_year: Money | None = None
    agency: str = ANY


@dataclass(frozen=True, slots=True)
class Excluded:
    """A line that gets no refund, and why."""

    line_no: int
    reason: WhyExcluded


@dataclass(frozen=True, slots=True)
class Promise:
    """By when, and through which ports, the traveller must leave; and the last day to capture if they do not."""

    promised_by: date
    capture_by: date
    ports: tuple[str, ...]
    rules: Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Quote:
    """What the traveller gets. `net` is what is paid or advanced; `charged` is what the goods cost at the till."""

    gross: Money
    refund: Money
    fee: Money
    net: Money
    charged: Money
    payout: str
    lines: tuple[ClaimLine, ...]
    last_departure_on: date
    promised_by: date | None
    capture_by: date | None
    ports: tuple[str, ...]
    cash_allowed: bool
    tenders: tuple[str, ...]
    confirmation: Confirmation
    nationality_class: str
    stay_days: int
    rule_versions: tuple[str, ...]
    uncertain: tuple[str, ...]
    """Versions among them that rest on weak sources."""
    fee_known: bool
    """False where the operator sets a fee that the rule book does not know."""
    guarantee: Money
    """What must be secured before an advance: the net refund, or the deposit that is asked, if that is more."""
    agency_share: Decimal = Decimal(1)
    """The agency's part of the fee; all of it where no contract gives the shop any."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer: a quote, or the problems that stand in its way, most basic first."""

    problems: tuple[SouvenirError, ...]
    excluded: tuple[Excluded, ...]
    eligible_gross: Money
    quote: Quote | None

    def require(self) -> Quote:
        """The quote, or the first problem raised."""
        if self.quote is None:
            raise self.problems[0]
        return self.quote


class _Reading:
    """The rules of one assessment, remembering which were read, so that the claim can name them."""

    def __init__(self, regime: Regime) -> None:
        self.regime = regime
        self.read: dict[str, Rule] = {}

    def find(self, name: str, applies_to: str = ANY) -> Rule | None:
        rule = self.regime.find(name, applies_to)
        if rule is not None:
            self.read[rule.version] = rule
        return rule

    def rounding(self) -> Rounding:
        rule = self.find("rounding")
        return ROUNDINGS[rule.value] if rule else Rounding.HALF_UP


def assess(book: RuleBook, purchase: Purchase) -> Assessment:
    """Decide what a purchase gets back, by the rules of the day of its invoice.

    Refuses nothing itself but malformed input (UnknownJurisdiction, CurrencyMismatch): reasons come as `problems`.
    """
    store, on = purchase.store, purchase.purchased_on
    rules = _Reading(book.regime(store.jurisdiction, store.region, purchase.mode, on))
    currency = rules.regime.jurisdiction.currency
    for line in purchase.lines:
        if line.gross.currency != currency:
            raise CurrencyMismatch(left=str(line.gross), right=currency)
    kept, excluded = _sorted_out(rules, purchase.lines)
    eligible = total((line.gross for line, _ in kept), currency)
    if no_scheme := tuple(_scheme_problems(rules, purchase)):
        return Assessment(no_scheme, excluded, eligible, None)
    problems = [
        *_traveller_problems(rules, purchase),
        *_amount_problems(rules, purchase, kept, excluded, eligible),
    ]
    if problems:
        return Assessment(tuple(problems), excluded, eligible, None)
    try:
        quote = _quote(book, rules, purchase, kept, eligible)
    except SouvenirError as problem:
        return Assessment((problem,), excluded, eligible, None)
    return Assessment((), excluded, eligible, quote)


def promise_of(book: RuleBook, store: Store, mode: str, issued_on: date, last_departure_on: date) -> Promise | None:
    """What an advance makes the traveller promise, by the rules of the day the form is issued; None without one."""
    regime = book.regime(store.jurisdiction, store.region, mode, issued_on)
    if last_departure_on not in regime.remembered:
        regime.remembered[last_departure_on] = _promise(regime, issued_on, last_departure_on)
    promise: Promise | None = regime.remembered[last_departure_on]
    return promise


def _promise(regime: Regime, issued_on: date, last_departure_on: date) -> Promise | None:
    rules = _Reading(regime)
    payout = rules.find("payout")
    if payout is None or payout.value != "advance":
        return None
    window, capture = rules.find("instant_window"), rules.find("capture_working_days")
    rules.find("recognised_regions")
    promised_by = min(window.value.last_day(issued_on), last_departure_on) if window else last_departure_on
    return Promise(
        promised_by=promised_by,
        capture_by=working_days_after(regime.jurisdiction.calendar, promised_by, capture.value if capture else 0),
        ports=tuple(port.code for port in regime.ports),
        rules=rules.read,
    )


def sampling(book: RuleBook, store: Store, mode: str, form_gross: Money, departure_on: date) -> Sampling:
    """Whether customs looks at every such form or at a random sample; the day of departure decides."""
    rule = book.regime(store.jurisdiction, store.region, mode, departure_on).find("inspection")
    return "every_form" if rule is None or form_gross >= rule.value.every_form_from else "random_sample"


def _scheme_problems(rules: _Reading, purchase: Purchase) -> Iterable[SouvenirError]:
    store, on, mode = purchase.store, purchase.purchased_on, purchase.mode
    scheme = rules.find("scheme")
    if scheme is None:
        yield SchemeNotInForce(region=store.region, on=on)
    elif scheme.value == "withdrawn":
        yield SchemeWithdrawn(region=store.region, since=scheme.since)
    else:
        payout = rules.find("payout")
        if payout is None:
            yield ModeNotOffered(region=store.region, mode=mode, on=on)
        elif not store.registered or (payout.value == "advance" and not store.instant):
            yield StoreNotInScheme(region=store.region, mode=mode, on=on)


def _traveller_problems(rules: _Reading, purchase: Purchase) -> Iterable[SouvenirError]:
    traveller = purchase.traveller
    if rules.find("document", traveller.document_kind) is None:
        yield DocumentNotAccepted(jurisdiction=purchase.store.jurisdiction, document_kind=traveller.document_kind[:40])
    if traveller.document_kind == "passport" and rules.find("own_nationals", traveller.nationality or "-") is not None:
        yield OwnNationalsExcluded(jurisdiction=purchase.store.jurisdiction)
    least = rules.find("minimum_age")
    if least is not None and traveller.age is not None and traveller.age < least.value:
        yield TravellerTooYoung(age=traveller.age, least=least.value)
    stay = rules.find("stay_limit")
    if traveller.last_entry is None:
        if stay is not None:
            yield LastEntryUnknown(limit=stay.value.days)
        return
    days = (purchase.purchased_on - traveller.last_entry).days
    if days < 0:
        yield InvoiceBeforeEntry(purchased_on=purchase.purchased_on, last_entry=traveller.last_entry)
    elif stay is not None and days > stay.value.days:
        yield StayTooLong(days=days, limit=stay.value.days)


def _sorted_out(
    rules: _Reading, lines: Sequence[PurchaseLine]
) -> tuple[list[tuple[PurchaseLine, Rule]], tuple[Excluded, ...]]:
    """The lines that get a refund, each with its formula, and those that do not, each with the reason."""
    kept: list[tuple[PurchaseLine, Rule]] = []
    excluded: list[Excluded] = []
    for line in lines:
        if line.exempt:
            excluded.append(Excluded(line.line_no, "vat_exempt"))
        elif not line.refundable or rules.find("excluded_goods", line.goods) is not None:
            excluded.append(Excluded(line.line_no, "excluded_goods"))
        elif not line.vat_rate or (rule := rules.find("refund", subject_of(line.vat_rate))) is None:
            excluded.append(Excluded(line.line_no, "no_refund_at_this_vat_rate"))
        else:
            kept.append((line, rule))
    return kept, tuple(excluded)


def _amount_problems(
    rules: _Reading,
    purchase: Purchase,
    kept: Sequence[tuple[PurchaseLine, Rule]],
    excluded: Sequence[Excluded],
    eligible: Money,
) -> Iterable[SouvenirError]:
    if not kept:
        yield GoodsNotRefundable(reasons=", ".join(dict.fromkeys(line.reason for line in excluded)) or "no goods")
        return
    receipts = len({line.order_id for line in purchase.lines if line.order_id is not None})
    most = rules.find("most_receipts")
    if most is not None and receipts > most.value:
        yield TooManyReceipts(most=most.value, receipts=receipts)
    zero = Money.zero(eligible.currency)
    minimum = rules.find("minimum_purchase")
    if minimum is not None:
        spent = eligible if minimum.value.base == "gross" else eligible - _tax_within(kept, rules.rounding())
        spent = spent + (purchase.earlier_today or zero)
        if spent < minimum.value.amount:
            yield BelowMinimumPurchase(spent=spent, minimum=minimum.value.amount)
    yield from _above_a_maximum(rules, purchase, kept, eligible)


def _above_a_maximum(
    rules: _Reading, purchase: Purchase, kept: Sequence[tuple[PurchaseLine, Rule]], eligible: Money
) -> Iterable[SouvenirError]:
    zero = Money.zero(eligible.currency)
    for goods in {line.goods: None for line, _ in kept}:
        limit = rules.find("goods_maximum", goods)
        if limit is not None:
            of_class = [(line, rule) for line, rule in kept if line.goods == goods]
            spent = total((line.gross for line, _ in of_class), eligible.currency)
            if limit.value.base == "net":
                spent = spent - _tax_within(of_class, rules.rounding())
            if spent > limit.value.amount:
                yield AboveGoodsMaximum(goods=goods, maximum=limit.value.amount, spent=spent)
    payout = rules.find("payout")
    if payout is None or payout.value == "after_customs":
        return
    maximum = rules.find("instant_maximum")
    if maximum is not None:
        earlier = zero if maximum.value.per == "purchase" else purchase.earlier_instant or zero
        if eligible + earlier > maximum.value.amount:
            yield AboveInstantCap(
                maximum=maximum.value.amount, spent=eligible + earlier, per=maximum.value.per.replace("_", " ")
            )
    trip, year = rules.find("trip_maximum"), rules.find("year_maximum")
    if trip is not None and (spent := eligible + (purchase.earlier_this_trip or zero)) > trip.value:
        yield AboveTripLimit(maximum=trip.value, spent=spent)
    if year is not None and (spent := eligible + (purchase.earlier_this_year or zero)) > year.value:
        yield AboveYearLimit(maximum=year.value, spent=spent)


def _quote(
    book: RuleBook, rules: _Reading, purchase: Purchase, kept: Sequence[tuple[PurchaseLine, Rule]], gross: Money
) -> Quote:
    refund = _refund(rules, kept, gross)
    fee = _fee(rules, gross, refund, purchase.agency)
    net = refund - fee
    payout = rules.find("payout")
    confirmation = rules.find("confirmation")
    document = rules.find("document", purchase.traveller.document_kind)
    assert payout is not None
    assert document is not None
    last_departure = _last_departure(rules, purchase, kept)
    issued_on = purchase.issued_on or purchase.purchased_on
    promise = promise_of(book, purchase.store, purchase.mode, issued_on, last_departure)
    cash_allowed, tenders = _tenders(rules, net, refund)
    fee_known = rules.find("operator_fee") is None
    deposit = _deposit(rules, gross, refund)
    versions = {**rules.read, **(promise.rules if promise else {})}
    entry, share = purchase.traveller.last_entry, rules.regime.find("agency_share", purchase.agency)
    return Quote(
        gross=gross,
        refund=refund,
        fee=fee,
        net=net,
        charged=gross - net if payout.value == "at_till" else gross,
        payout=payout.value,
        lines=_shared(kept, refund, fee),
        last_departure_on=last_departure,
        promised_by=promise.promised_by if promise else None,
        capture_by=promise.capture_by if promise else None,
        ports=promise.ports if promise else (),
        cash_allowed=cash_allowed,
        tenders=tenders,
        confirmation=confirmation.value if confirmation else "by_quantity",
        nationality_class=document.value,
        stay_days=(purchase.purchased_on - entry).days if entry else 0,
        rule_versions=tuple(versions),
        uncertain=tuple(version for version, rule in versions.items() if rule.confidence == "low"),
        fee_known=fee_known,
        guarantee=max(net, deposit),
        agency_share=share.value if share else Decimal(1),
    )


def _by_rate(lines: Iterable[PurchaseLine], currency: str) -> list[Taxed]:
    """One sum per VAT rate, since tax is rounded once per rate."""
    sums: dict[Decimal, Money] = {}
    for line in lines:
        sums[line.vat_rate] = sums.get(line.vat_rate, Money.zero(currency)) + line.gross
    return [Taxed(gross, rate) for rate, gross in sums.items()]


def _tax_within(kept: Sequence[tuple[PurchaseLine, Rule]], rounding: Rounding) -> Money:
    currency = kept[0][0].gross.currency
    parts = _by_rate((line for line, _ in kept), currency)
    return total((part.gross.tax_within(part.vat_rate, rounding) for part in parts), currency)


def _refund(rules: _Reading, kept: Sequence[tuple[PurchaseLine, Rule]], gross: Money) -> Money:
    """The refund of the form: exact per formula, summed, and rounded once."""
    rounding = rules.rounding()
    by_formula: dict[str, tuple[Rule, list[PurchaseLine]]] = {}
    for line, rule in kept:
        by_formula.setdefault(rule.version, (rule, []))[1].append(line)
    exact = Decimal(0)
    for rule, lines in by_formula.values():
        try:
            exact += rule.value.exact(_by_rate(lines, gross.currency), rounding)
        except OutsideTiers:
            raise AmountOutsideTiers(spent=gross) from None
    return rounded(exact, gross.currency, rounding)


def _fee(rules: _Reading, gross: Money, refund: Money, agency: str) -> Money:
    rule = rules.find("fee", agency)
    if rule is None:
        return Money.zero(gross.currency)
    return rounded(rule.value.exact(gross, refund), gross.currency, rules.rounding())


def _deposit(rules: _Reading, gross: Money, refund: Money) -> Money:
    rule = rules.find("deposit")
    if rule is None:
        return Money.zero(gross.currency)
    return rounded(rule.value.exact(gross, refund), gross.currency, rules.rounding())


def _shared(kept: Sequence[tuple[PurchaseLine, Rule]], refund: Money, fee: Money) -> tuple[ClaimLine, ...]:
    """The form's lines, each with its share of refund and fee: lines add up to the form."""
    rates = [getattr(rule.value, "rate", line.vat_rate / (1 + line.vat_rate)) for line, rule in kept]
    refunds = shares(
        refund, [int(line.gross.minor * rate * 10_000) for (line, _), rate in zip(kept, rates, strict=True)]
    )
    fees = shares(fee, [line.gross.minor for line, _ in kept])
    return tuple(
        ClaimLine(
            line_no=line.line_no,
            gross=line.gross,
            vat_rate=line.vat_rate,
            refund=refunds[index],
            fee=fees[index],
            quantity=line.quantity,
            refund_rate=getattr(rule.value, "rate", None),
            order_id=line.order_id,
            order_line_no=line.order_line_no,
        )
        for index, (line, rule) in enumerate(kept)
    )


def _last_departure(rules: _Reading, purchase: Purchase, kept: Sequence[tuple[PurchaseLine, Rule]]) -> date:
    """The last day to leave with the goods: by each class of them, and by the longest stay, whichever is soonest."""
    windows = [rules.find("departure_window", goods) for goods in {line.goods: None for line, _ in kept}]
    stay = rules.find("stay_limit")
    ends = [window.value.last_day(purchase.purchased_on) for window in windows if window is not None]
    if stay is not None and purchase.traveller.last_entry is not None:
        ends.append(purchase.traveller.last_entry + timedelta(days=stay.value.days))
    last = min(ends, default=purchase.purchased_on)
    issued_on = purchase.issued_on or purchase.purchased_on
    if issued_on > last:
        raise DepartureWindowClosed(last_departure_on=last, on=issued_on)
    return last


def _tenders(rules: _Reading, net: Money, refund: Money) -> tuple[bool, tuple[str, ...]]:
    ceiling, tenders = rules.find("cash_ceiling"), rules.find("tenders")
    compared = refund if ceiling is not None and ceiling.value.compared == "refund" else net
    cash_allowed = ceiling is None or compared <= ceiling.value.amount
    return cash_allowed, (*(("cash",) if cash_allowed else ()), *(tenders.value if tenders else ()))
