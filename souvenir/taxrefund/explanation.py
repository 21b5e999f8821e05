"""Explanation: an assessment in words: what comes back, what does not and why, by which law, for any language to say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money
from souvenir.taxrefund.assessment import Assessment, Excluded, Purchase, PurchaseLine, Quote, assess
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
from souvenir.taxrefund.formulas import RateOnGross, ShareOfVat
from souvenir.taxrefund.languages import Language, Place
from souvenir.taxrefund.rulebook import ANY, Regime, Rule, RuleBook, subject_of

GROUNDS: Final[Mapping[type[SouvenirError], str]] = {
    SchemeWithdrawn: "scheme",
    SchemeNotInForce: "scheme",
    ModeNotOffered: "payout",
    StoreNotInScheme: "payout",
    DocumentNotAccepted: "document",
    OwnNationalsExcluded: "own_nationals",
    TravellerTooYoung: "minimum_age",
    LastEntryUnknown: "stay_limit",
    InvoiceBeforeEntry: "stay_limit",
    StayTooLong: "stay_limit",
    GoodsNotRefundable: "refund",
    TooManyReceipts: "most_receipts",
    BelowMinimumPurchase: "minimum_purchase",
    AboveGoodsMaximum: "goods_maximum",
    AboveInstantCap: "instant_maximum",
    AboveTripLimit: "trip_maximum",
    AboveYearLimit: "year_maximum",
    AmountOutsideTiers: "refund",
    DepartureWindowClosed: "departure_window",
}
"""Every reason against a refund, and the rule it rests on."""

IN_THE_STORES_LIST: Final = {"en": "named in the store's list", "zh-Hans": "商店清单所列"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing said, by the name of its sentence and its facts or in a rule's own words, and the rule that says so."""

    says: str | LocalizedText
    facts: Mapping[str, Any] = field(default_factory=dict)
    rule: Rule | None = None

    def read(self, language: Language) -> str:
        """The words in a language."""
        return language.say(self.says, self.facts) if isinstance(self.says, str) else language.text(self.says)


@dataclass(frozen=True, slots=True)
class LineExplained:
    """One line of the purchase. `refund` is its share of the form's, before the fee; None if it gets none."""

    line_no: int
    gross: Money
    refund: Money | None
    why: Statement


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer. `grounds` are the rules it rests on, each with its sources; weak ones are marked there."""

    place: Place
    purchase: Purchase
    assessment: Assessment
    lines: tuple[LineExplained, ...]
    problems: tuple[Statement, ...]
    terms: tuple[Statement, ...]
    conditions: tuple[Statement, ...]
    grounds: tuple[Rule, ...]

    @property
    def uncertain(self) -> tuple[Rule, ...]:
        """The grounds that rest on weak sources: to be verified before anyone relies on the answer."""
        return tuple(rule for rule in self.grounds if rule.confidence == "low")


def explain(book: RuleBook, purchase: Purchase) -> Explanation:
    """Assess a purchase and say why it comes out as it does. What-if is the same with another date, place or mode."""
    store = purchase.store
    regime = book.regime(store.jurisdiction, store.region, purchase.mode, purchase.purchased_on)
    found = assess(book, purchase)
    problems = tuple(_problem(regime, purchase, problem) for problem in found.problems)
    lines = tuple(_lines(regime, purchase, found))
    terms = tuple(_terms(regime, purchase, found.quote)) if found.quote else ()
    conditions = (
        tuple(Statement(rule.value, rule=rule) for rule in regime.all("condition")) if not found.problems else ()
    )
    used = {rule.version: rule for rule in (*_used(book, regime, purchase, found.quote), *_of(problems, lines, terms))}
    return Explanation(
        place=Place(store.region, regime.jurisdiction.name),
        purchase=purchase,
        assessment=found,
        lines=lines,
        problems=problems,
        terms=terms,
        conditions=conditions,
        grounds=tuple({**used, **{rule.version: rule for rule in _of(conditions)}}.values()),
    )


def differences(before: Explanation, after: Explanation) -> tuple[tuple[Rule | None, Rule | None], ...]:
    """The rules in which two answers differ, kind by kind: what the other date or place changed."""
    left = {(rule.name, rule.applies_to): rule for rule in before.grounds}
    right = {(rule.name, rule.applies_to): rule for rule in after.grounds}
    return tuple(
        (left.get(key), right.get(key))
        for key in dict.fromkeys((*left, *right))
        if (left[key].version if key in left else None) != (right[key].version if key in right else None)
    )


def _problem(regime: Regime, purchase: Purchase, problem: SouvenirError) -> Statement:
    facts = dict(problem.facts)
    for name in facts.keys() & {"region", "jurisdiction"}:
        facts[name] = Place(facts[name], regime.jurisdiction.name)
    if "reasons" in facts:
        facts["reasons"] = tuple(facts["reasons"].split(", "))
    if "per" in facts:
        facts["per"] = facts["per"].replace(" ", "_")
    name = GROUNDS[type(problem)]
    traveller = purchase.traveller
    subjects = {
        "goods_maximum": facts.get("goods", ANY),
        "document": traveller.document_kind,
        "own_nationals": traveller.nationality,
    }
    return Statement(type(problem).__name__, facts, regime.find(name, str(subjects.get(name, ANY))))


def _lines(regime: Regime, purchase: Purchase, found: Assessment) -> Iterator[LineExplained]:
    excluded = {line.line_no: line for line in found.excluded}
    listed = {line.line_no: line.refund for line in found.quote.lines} if found.quote else {}
    for line in purchase.lines:
        rule = regime.find("refund", subject_of(line.vat_rate))
        if line.line_no in excluded:
            why = _why_not(regime, line, excluded[line.line_no])
        elif rule is None or line.line_no not in listed:
            why = Statement("stands", rule=rule)
        else:
            why = _why(line, rule)
        yield LineExplained(line.line_no, line.gross, listed.get(line.line_no), why)


def _why(line: PurchaseLine, rule: Rule) -> Statement:
    formula, vat = rule.value, line.vat_rate
    if isinstance(formula, RateOnGross):
        return Statement("rate_on_gross", {"rate": formula.rate, "vat": vat}, rule)
    if isinstance(formula, ShareOfVat):
        tax = line.gross.tax_within(vat)
        return Statement("share_of_vat", {"rate": formula.share, "tax": tax, "vat": vat}, rule)
    return Statement("tier_table", rule=rule)


def _why_not(regime: Regime, line: PurchaseLine, excluded: Excluded) -> Statement:
    if excluded.reason != "excluded_goods":
        return Statement(excluded.reason, {"vat": line.vat_rate})
    rule = regime.find("excluded_goods", line.goods)
    return Statement("excluded_goods", {"goods": rule.value if rule else IN_THE_STORES_LIST}, rule)


def _terms(regime: Regime, purchase: Purchase, quote: Quote) -> Iterator[Statement]:
    facts = {
        "net": quote.net,
        "refund": quote.refund,
        "fee": quote.fee,
        "charged": quote.charged,
        "promised_by": quote.promised_by,
        "capture_by": quote.capture_by,
        "ports": quote.ports,
        "last_departure_on": quote.last_departure_on,
        "tenders": quote.tenders,
    }
    fee = ("net", "fee") if quote.fee_known else ("fee_unknown", "operator_fee")
    for key, rule in (
        fee,
        (quote.payout, "payout"),
        ("leave_by", "departure_window"),
        (quote.confirmation, "confirmation"),
    ):
        yield Statement(key, facts, regime.find(rule))
    deposit = regime.find("deposit")
    if deposit is not None:
        yield Statement("deposit", {"deposit": quote.guarantee}, deposit)
    if (claim := regime.find("claim_window")) is not None:
        yield Statement("claim_within", {"months": claim.value.months}, claim)
    if not quote.cash_allowed:
        yield Statement("no_cash", facts, regime.find("cash_ceiling"))
    details, standard = regime.find("item_details_from"), regime.find("standard_vat")
    if details is not None:
        yield Statement("item_details", {"amount": details.value}, details)
    if standard is not None:
        for rate in {line.vat_rate: None for line in purchase.lines if line.vat_rate != standard.value}:
            yield Statement("unusual_vat", {"vat": rate, "standard": standard.value}, standard)


def _used(book: RuleBook, regime: Regime, purchase: Purchase, quote: Quote | None) -> Iterator[Rule]:
    """The rules a quote names, found again; without a quote, those that say whether there is a scheme at all."""
    if quote is None:
        return
    issued = purchase.issued_on or purchase.purchased_on
    store = purchase.store
    later = book.regime(store.jurisdiction, store.region, purchase.mode, issued)
    versions = set(quote.rule_versions)
    for rule in regime.jurisdiction.rules:
        if rule.version in versions and (rule.in_force(regime.on) or rule.in_force(later.on)):
            yield rule


def _of(*groups: tuple[Statement, ...] | tuple[LineExplained, ...]) -> Iterator[Rule]:
    for group in groups:
        for one in group:
            rule = one.why.rule if isinstance(one, LineExplained) else one.rule
            if rule is not None:
                yield rule
