"""Explanation: an assessment in plain words, in Chinese and English: what comes back, what does not and why, by which law."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money, Rounding
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
    SchemeNotInForce,
    SchemeWithdrawn,
    StayTooLong,
    StoreNotInScheme,
    TooManyReceipts,
    TravellerTooYoung,
)
from souvenir.taxrefund.formulas import RateOnGross, ShareOfVat, rounded
from souvenir.taxrefund.rulebook import ANY, Regime, Rule, RuleBook, subject_of

PROBLEMS: Final[Mapping[type[SouvenirError], tuple[str, str]]] = {
    SchemeWithdrawn: ("scheme", "{region}自{since}起已取消旅客退税。"),
    SchemeNotInForce: ("scheme", "规则库中{region}在{on}没有旅客退税制度。"),
    ModeNotOffered: ("payout", "{region}在{on}不提供“{mode}”方式。"),
    StoreNotInScheme: ("payout", "该商店在{on}未在{region}登记“{mode}”方式。"),
    DocumentNotAccepted: ("document", "证件种类“{document_kind}”在{jurisdiction}不能办理退税。"),
    TravellerTooYoung: ("minimum_age", "旅客{age}岁，须年满{least}岁。"),
    LastEntryUnknown: ("stay_limit", "最近入境日期不明，停留不得超过{limit}天。"),
    InvoiceBeforeEntry: ("stay_limit", "发票日期{purchased_on}早于最近入境日期{last_entry}。"),
    StayTooLong: ("stay_limit", "旅客已停留{days}天，最多{limit}天。"),
    GoodsNotRefundable: ("refund", "没有可退税的商品：{reasons}。"),
    TooManyReceipts: ("most_receipts", "一张单最多合并{most}张收据，现有{receipts}张。"),
    BelowMinimumPurchase: ("minimum_purchase", "当日在本店的可退税消费为{spent}，未达到起退点{minimum}。"),
    AboveGoodsMaximum: ("goods_maximum", "“{goods}”类商品每日限额{maximum}，现为{spent}。"),
    AboveInstantCap: ("instant_maximum", "即时退税限额{maximum}（{per}），现为{spent}；请改用离境退税。"),
    AboveTripLimit: ("trip_maximum", "该方式每次旅行限额{maximum}，现为{spent}；请改用离境退税。"),
    AboveYearLimit: ("year_maximum", "该方式每年限额{maximum}，现为{spent}；请改用离境退税。"),
    AmountOutsideTiers: ("refund", "退税机构的价目表中没有{spent}对应的一档。"),
    DepartureWindowClosed: ("departure_window", "商品最迟须于{last_departure_on}携带出境，{on}已不能开单。"),
}
"""Every reason against a refund: the rule it rests on, and its sentence in Chinese; the English one is its own."""

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "rate_on_gross": (
        "refundable: {rate} of the price with tax, as its VAT rate is {vat}",
        "可退：增值税税率{vat}，按含税价的{rate}退税",
    ),
    "share_of_vat": (
        "refundable: {rate} of the {tax} of VAT ({vat}) in its price",
        "可退：价内税{tax}（税率{vat}）的{rate}",
    ),
    "tier_table": ("refundable: by the operator's table", "可退：按退税机构的价目表"),
    "vat_exempt": ("not refundable: sold without VAT, so there is none to give back", "不可退：免税销售，无税可退"),
    "excluded_goods": ("not refundable: the law keeps these goods out: {goods}", "不可退：法规排除的商品：{goods}"),
    "no_refund_at_this_vat_rate": (
        "not refundable: no refund is set for goods taxed at {vat}",
        "不可退：税率{vat}的商品没有规定退税",
    ),
    "stands": ("refundable, but not as things stand: see the reasons below", "商品可退，但目前不能办理：原因见下"),
    "net": (
        "The traveller gets {net}: refund {refund} less fee {fee}.",
        "旅客可得{net}：退税{refund}，扣手续费{fee}。",
    ),
    "fee_unknown": (
        "The operator sets a fee of its own: the traveller gets {net} less that fee.",
        "退税机构自定手续费：旅客可得{net}减去该手续费。",
    ),
    "at_till": ("It is taken off at the till: {charged} is paid for the goods.", "在收银台直接减免：实付{charged}。"),
    "after_customs": ("It is paid at departure, after customs has seen the goods.", "离境时经海关验核后支付。"),
    "advance": (
        "It is advanced now, against a card as guarantee. Promise: leave by {promised_by} through {ports}; "
        "otherwise the card is charged by {capture_by}.",
        "现在以信用卡担保预付。承诺：最迟于{promised_by}经{ports}离境，否则最迟于{capture_by}从卡中扣回。",
    ),
    "deposit": (
        "A deposit of {deposit} is asked of the card meanwhile.",
        "其间须以信用卡交存保证金{deposit}。",
    ),
    "leave_by": ("The goods leave the country by {last_departure_on}.", "商品最迟于{last_departure_on}携带出境。"),
    "no_cash": ("Too much for cash: {tenders}.", "超过现金上限，可用方式：{tenders}。"),
    "all_or_nothing_receipt": (
        "One missing item voids the whole receipt.",
        "缺少任何一件，整张收据作废。",
    ),
    "by_quantity": (
        "Customs confirms by quantity: what is missing gets no refund, the rest does.",
        "海关按数量验核：缺少的部分不退，其余照退。",
    ),
    "item_details": (
        "From a unit price of {amount} without tax, item details are recorded.",
        "单价（不含税）{amount}以上须登记商品明细。",
    ),
    "unusual_vat": (
        "{vat} is not the standard VAT rate of {standard}: check that it is a reduced rate of the country.",
        "税率{vat}不是标准税率{standard}：请确认是该国的低税率。",
    ),
}
"""Sentences by what they say: English and Chinese."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing said, in every language it is said in, and the rule that says so."""

    text: LocalizedText
    rule: Rule | None = None


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

    place: LocalizedText
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
    conditions = tuple(Statement(rule.value, rule) for rule in regime.all("condition")) if not found.problems else ()
    used = {rule.version: rule for rule in (*_used(book, regime, purchase, found.quote), *_of(problems, lines, terms))}
    return Explanation(
        place=regime.jurisdiction.name,
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


def percent(rate: Decimal) -> str:
    """A rate for people: 0.11 is "11%", 0.255 is "25.5%"."""
    return f"{(rate * 100).normalize():f}%"


def _problem(regime: Regime, purchase: Purchase, problem: SouvenirError) -> Statement:
    name, chinese = PROBLEMS[type(problem)]
    subjects = {"goods_maximum": problem.facts.get("goods", ANY), "document": purchase.traveller.document_kind}
    text = {"zh-Hans": chinese.format(**problem.facts), "en": str(problem)}
    return Statement(text, regime.find(name, str(subjects.get(name, ANY))))


def _lines(regime: Regime, purchase: Purchase, found: Assessment) -> Iterator[LineExplained]:
    excluded = {line.line_no: line for line in found.excluded}
    listed = {line.line_no: line.refund for line in found.quote.lines} if found.quote else {}
    for line in purchase.lines:
        rule = regime.find("refund", subject_of(line.vat_rate))
        if line.line_no in excluded:
            why = _why_not(regime, line, excluded[line.line_no])
        elif rule is None or line.line_no not in listed:
            why = _say("stands", rule)
        else:
            why = _why(line, rule)
        yield LineExplained(line.line_no, line.gross, listed.get(line.line_no), why)


def _why(line: PurchaseLine, rule: Rule) -> Statement:
    formula, vat = rule.value, percent(line.vat_rate)
    if isinstance(formula, RateOnGross):
        return _say("rate_on_gross", rule, rate=percent(formula.rate), vat=vat)
    if isinstance(formula, ShareOfVat):
        tax = line.gross.tax_within(line.vat_rate)
        return _say("share_of_vat", rule, rate=percent(formula.share), tax=tax, vat=vat)
    return _say("tier_table", rule)


def _why_not(regime: Regime, line: PurchaseLine, excluded: Excluded) -> Statement:
    rule = regime.find("excluded_goods", line.goods)
    goods = rule.value if rule else {"en": "named in the store's list", "zh-Hans": "商店清单所列"}
    english, chinese = WORDS[excluded.reason]
    facts = {"vat": percent(line.vat_rate)}
    return Statement(
        {
            "zh-Hans": chinese.format(**facts, goods=goods.get("zh-Hans", line.goods)),
            "en": english.format(**facts, goods=goods.get("en", line.goods)),
        },
        rule if excluded.reason == "excluded_goods" else None,
    )


def _terms(regime: Regime, purchase: Purchase, quote: Quote) -> Iterator[Statement]:
    facts = {
        "net": quote.net,
        "refund": quote.refund,
        "fee": quote.fee,
        "charged": quote.charged,
        "promised_by": quote.promised_by,
        "capture_by": quote.capture_by,
        "ports": ", ".join(quote.ports),
        "last_departure_on": quote.last_departure_on,
        "tenders": ", ".join(quote.tenders),
    }
    fee = ("net", "fee") if quote.fee_known else ("fee_unknown", "operator_fee")
    for key, rule in (
        fee,
        (quote.payout, "payout"),
        ("leave_by", "departure_window"),
        (quote.confirmation, "confirmation"),
    ):
        yield _say(key, regime.find(rule), **facts)
    deposit = regime.find("deposit")
    if deposit is not None:
        asked = rounded(deposit.value.exact(quote.gross, quote.refund), quote.gross.currency, Rounding.HALF_UP)
        yield _say("deposit", deposit, deposit=asked)
    if not quote.cash_allowed:
        yield _say("no_cash", regime.find("cash_ceiling"), **facts)
    details, standard = regime.find("item_details_from"), regime.find("standard_vat")
    if details is not None:
        yield _say("item_details", details, amount=details.value)
    if standard is not None:
        for rate in {line.vat_rate: None for line in purchase.lines if line.vat_rate != standard.value}:
            yield _say("unusual_vat", standard, vat=percent(rate), standard=percent(standard.value))


def _say(key: str, rule: Rule | None, **facts: Any) -> Statement:
    english, chinese = WORDS[key]
    return Statement({"zh-Hans": chinese.format(**facts), "en": english.format(**facts)}, rule)


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
