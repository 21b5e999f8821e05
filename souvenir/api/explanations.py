"""A refund explained before anybody shows a passport: what comes back, what does not and why, by which law."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

import strawberry

from souvenir.api.claims import RefundQuote, quoted
from souvenir.api.desk import desk
from souvenir.api.grounds import MONEY
from souvenir.api.refusals import at as about
from souvenir.api.refusals import question
from souvenir.api.types import Info, LocalizedText, Money, MoneyInput, visit
from souvenir.kernel.errors import MalformedInput
from souvenir.taxrefund import explanation as explaining
from souvenir.taxrefund.assessment import Purchase, PurchaseLine, Store, Traveller
from souvenir.taxrefund.languages import Language, language_for
from souvenir.taxrefund.rulebook import Rule, RuleBook, UnknownJurisdiction

MOST_LINES: Final = 100


@strawberry.input
class ExplainedGoodsInput:
    gross: MoneyInput = strawberry.field(description="Tax included.")
    vat_rate: Decimal = strawberry.field(description="A fraction: 0.13 for 13 %.")
    quantity: int = 1
    goods: str = strawberry.field(default="general", description="The class of goods, where a scheme knows classes.")
    refundable: bool = True
    exempt: bool = strawberry.field(default=False, description="Sold without VAT.")


@strawberry.input(description="Nothing in it says who the traveller is.")
class ExplainRefundInput:
    place: str = strawberry.field(description="ISO 3166 code of the store's region: CN-BJ, JP, DE.")
    on: date = strawberry.field(description="The day of the purchase; ask with another day for what would be.")
    goods: list[ExplainedGoodsInput]
    mode: str = strawberry.field(default="departure", description="departure, instant_store, instant_centralised, …")
    document_kind: str = "passport"
    last_entry: date | None = None
    age: int | None = None
    language: str | None = strawberry.field(
        default=None,
        description="The traveller's (BCP 47): ja, fr-CA, zh-TW, …; without it, those the request prefers. Else English.",
    )
    what_if: "WhatIfInput | None" = strawberry.field(
        default=None, description="Compare with another day, place or mode."
    )


@strawberry.input(description="What is not given stays as it is.")
class WhatIfInput:
    on: date | None = None
    place: str | None = strawberry.field(default=None, description="Of the same currency.")
    mode: str | None = None


@strawberry.type(description="A dated rule, and where it is written.")
class RefundRule:
    version: str = strawberry.field(description="Names the rule for ever.")
    sources: list[str]
    uncertain: bool = strawberry.field(description="Rests on a weak source: verify before relying on it.")


@strawberry.type(description="One thing said, and the rule that says so.")
class RefundReason:
    text: LocalizedText
    rule: RefundRule | None


@strawberry.type(description="One line: what it brings, or why nothing.")
class ExplainedLine:
    line_no: int
    gross: Money
    refund: Money | None
    why: RefundReason


@strawberry.type(description="A rule in which two answers differ; null where the other has none.")
class ChangedRule:
    before: RefundRule | None
    after: RefundRule | None


@strawberry.type(description="What would be on the other day, at the other place or by the other mode.")
class WhatIf:
    quote: RefundQuote | None
    problems: list[RefundReason]
    changed: list[ChangedRule] = strawberry.field(description="The rules that make the difference.")


@strawberry.type(description="The whole answer, in the reader's language.")
class RefundExplanation:
    place: LocalizedText
    quote: RefundQuote | None
    problems: list[RefundReason] = strawberry.field(description="Every reason why nothing comes back.")
    lines: list[ExplainedLine]
    terms: list[RefundReason]
    conditions: list[RefundReason] = strawberry.field(description="What is asked of the traveller besides.")
    grounds: list[RefundRule] = strawberry.field(description="The rules the answer rests on.")
    what_if: WhatIf | None = strawberry.field(description="If it was asked.")


@strawberry.type
class ExplanationQuery:
    @question(MalformedInput, UnknownJurisdiction, *MONEY)
    def explain_refund(self, info: Info, input: ExplainRefundInput) -> RefundExplanation:
        """What a purchase would bring a traveller on a day, line by line, with the law. Records nothing."""
        asked = (input.language, *visit(info).languages) if input.language else visit(info).languages
        said = _Said(*language_for(asked))
        rules, purchase = desk(info).shop.rules, _purchase(input)
        found = explaining.explain(rules, purchase)
        quote = found.assessment.quote
        return RefundExplanation(
            place=said.text(said.language.place(found.place)),
            quote=quoted(quote) if quote else None,
            problems=[said.reason(one) for one in found.problems],
            lines=[
                ExplainedLine(
                    line_no=line.line_no,
                    gross=Money.of(line.gross),
                    refund=Money.of(line.refund) if line.refund is not None else None,
                    why=said.reason(line.why),
                )
                for line in found.lines
            ],
            terms=[said.reason(one) for one in found.terms],
            conditions=[said.reason(one) for one in found.conditions],
            grounds=[_rule(rule) for rule in found.grounds],
            what_if=_what_if(rules, purchase, found, input.what_if, said) if input.what_if else None,
        )


def _what_if(
    rules: RuleBook,
    purchase: Purchase,
    found: explaining.Explanation,
    asked: WhatIfInput,
    said: "_Said",
) -> WhatIf:
    place = asked.place or purchase.store.region
    other = replace(
        purchase,
        store=Store(place.split("-")[0], place),
        mode=asked.mode or purchase.mode,
        purchased_on=asked.on or purchase.purchased_on,
    )
    with about("input", "whatIf"):
        then = explaining.explain(rules, other)
    quote = then.assessment.quote
    return WhatIf(
        quote=quoted(quote) if quote else None,
        problems=[said.reason(one) for one in then.problems],
        changed=[
            ChangedRule(before=_rule(before) if before else None, after=_rule(after) if after else None)
            for before, after in explaining.differences(found, then)
        ],
    )


def _purchase(input: ExplainRefundInput) -> Purchase:
    if not 1 <= len(input.goods) <= MOST_LINES:
        raise MalformedInput(expected=f"1 to {MOST_LINES} lines of goods", value=str(len(input.goods))).at(
            "input", "goods"
        )
    with about("input", "goods"):
        lines = tuple(_line(number, goods) for number, goods in enumerate(input.goods, start=1))
    return Purchase(
        store=Store(input.place.split("-")[0], input.place),
        mode=input.mode,
        traveller=Traveller(input.document_kind, input.last_entry, input.age),
        lines=lines,
        purchased_on=input.on,
    )


def _line(number: int, goods: ExplainedGoodsInput) -> PurchaseLine:
    if not 0 <= goods.vat_rate < 1 or goods.quantity < 1:
        raise MalformedInput(expected="VAT rate below 1, and a quantity of at least 1", value=str(goods.vat_rate))
    gross = goods.gross.money()
    if gross.minor <= 0:
        raise MalformedInput(expected="price above nothing", value=str(gross))
    return PurchaseLine(
        number,
        gross,
        goods.vat_rate,
        quantity=goods.quantity,
        exempt=goods.exempt,
        refundable=goods.refundable,
        goods=goods.goods,
    )


@dataclass(frozen=True)
class _Said:
    """An explanation in one language."""

    language: Language
    is_fallback: bool

    def text(self, words: str) -> LocalizedText:
        return LocalizedText(text=words, language=self.language.tag, is_fallback=self.is_fallback)

    def reason(self, said: explaining.Statement) -> RefundReason:
        return RefundReason(text=self.text(said.read(self.language)), rule=_rule(said.rule) if said.rule else None)


def _rule(rule: Rule) -> RefundRule:
    return RefundRule(version=rule.version, sources=list(rule.sources), uncertain=rule.confidence == "low")
