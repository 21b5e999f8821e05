"""The posting rules: for each thing that happens to money, the legs it moves. Pure functions, one per journal case.

Every rule takes amounts above zero and says itself which side they fall on; legs of nothing are left out. The codes
(J01, J08, ...) stay with an entry for ever, so that a reader of the books can find the rule that wrote it. Some cases
nothing here brings about by itself, such as gift cards: a process of a shop's own books them by the same rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money, total
from souvenir.ledger import chart
from souvenir.ledger.journal import Posting

Legs = tuple[Posting, ...]

RULES: Final[Mapping[str, str]] = {
    "J01": "Sale",
    "J01a": "Part of a sale paid",
    "J01b": "Part of a sale given back",
    "J02": "Cost of what was sold",
    "J03": "Royalty and marketing fund accrued",
    "J03d": "Royalty adjusted by an amendment",
    "J03r": "Royalty reclassified by a statement",
    "J04": "Advance paid to a licensor",
    "J04b": "Royalties made up to a guarantee",
    "J05": "Deposit taken",
    "J07": "Deposit forfeited",
    "J08": "Instant refund advanced",
    "J08a": "Refund paid by the agency",
    "J08d": "Deposit taken behind an advance",
    "J08m": "Guarantee held",
    "J09": "Customs verified the goods",
    "J09c": "Commission on a refund the agency advanced",
    "J09d": "Deposit given back",
    "J09m": "Guarantee no longer held",
    "J09p": "Ordinary refund paid for the agency",
    "J10": "Refund agency settled",
    "J10a": "Refund paid by the agency: on its statement, or taken back",
    "J11": "Guarantee captured",
    "J11d": "Rest of a deposit given back",
    "J11v": "Guarantee captured for a voided claim",
    "J12a": "Advance recoverable from the traveller",
    "J12b": "Advance written off",
    "J12c": "Advance paid back by the traveller",
    "J12d": "Paid back too much by the traveller",
    "J12e": "What was paid back too much given back",
    "J13": "Goods returned",
    "J13a": "Claim voided: advance owed by the traveller",
    "J13b": "Stock of returned goods",
    "J13c": "Royalty of returned goods reversed",
    "J13p": "Refund paid back another way",
    "J13s": "Advance set off against returned goods",
    "J14": "Goods returned after the agency settled",
    "J14p": "What came back of the agency's advances paid to it",
    "J15a": "Gift card sold",
    "J15c": "Gift card breakage",
    "J16a": "Float issued to a drawer",
    "J16b": "Cash picked up to the safe",
    "J16c": "Drawer counted",
    "J16e": "Paid out of a drawer",
    "J16f": "Paid into a drawer",
    "J16g": "Drawer emptied to the safe",
    "J18a": "Sale parked: tender unknown",
    "J18b": "Parked sale paid",
    "J19": "Acquirer paid out",
    "J20": "Guarantee shortfall",
    "J21": "Advance impaired",
    "J22": "Dispute opened",
    "J23": "Exchange",
    "J24": "Piece destroyed",
    "J25": "Royalty paid",
    "REV": "Reversal of an entry",
    "MAN": "Entry by the finance desk",
}
"""What each rule is called in the books."""


class UnknownTender(SouvenirError):
    message = "{tender!r} is not a tender the books know. They know: {known}."
    tender: str
    known: str


@dataclass(frozen=True, slots=True)
class Goods:
    """What one order line moves: its price with tax, the tax in it, and what it is, as analytic dimensions."""

    gross: Money
    vat: Money
    dimensions: Mapping[str, str] = field(default_factory=dict)


_TENDERS: Final = {
    "card": chart.CARD,
    "wallet": chart.WALLET,
    "bank_transfer": chart.BANK,
    "gift_card": chart.GIFT_CARDS,
    "store_credit": chart.STORE_CREDIT,
}


def tender_account(tender: str, drawer: str | None = None) -> str:
    """Where a tender stands in the books. Cash is in the drawer named; without one, in the safe."""
    if tender == "cash":
        return drawer or chart.CASH_SAFE
    if tender not in _TENDERS:
        raise UnknownTender(tender=tender[:40], known=", ".join(("cash", *_TENDERS)))
    return _TENDERS[tender]


# Sales.


def sale(paid: Mapping[str, Money], goods: Sequence[Goods], rounding: Money | None = None) -> Legs:
    """J01: what was paid, by account, against sales and the tax in them.

    J06 and J15b are the same rule with a deposit or a gift card among the accounts paid from. J17: `rounding` is what
    the smallest coin left unpaid; the tax stays on the unrounded price.
    """
    received = (dr(account, amount) for account, amount in paid.items())
    unpaid = () if rounding is None else (dr(chart.CASH_ROUNDING, rounding),)
    return _legs(*received, *unpaid, *_income(goods))


def part_paid(tender: str, part: Money) -> Legs:
    """J01a: a part is paid of a sale that is not paid in full; J01b is the same the other way round."""
    return _legs(dr(tender, part), cr(chart.PENDING_SALES, part))


def cost_of_goods(cost: Money, stock: str, dimensions: Mapping[str, str] | None = None) -> Legs:
    """J02: what was sold leaves the stock, at cost."""
    return _legs(dr(chart.COST_OF_GOODS, cost, dimensions), cr(stock, cost, dimensions))


def deposit_taken(tender: str, deposit: Money) -> Legs:
    """J05: a deposit on a piece is owed to the buyer until delivery; it is not revenue."""
    return _legs(dr(tender, deposit), cr(chart.DEPOSITS, deposit))


def deposit_forfeited(deposit: Money) -> Legs:
    """J07: the buyer walked away and the terms let the shop keep the deposit."""
    return _legs(dr(chart.DEPOSITS, deposit), cr(chart.FORFEITED, deposit))


def sale_parked(gross: Money) -> Legs:
    """J18a: the tender has not answered; the sale waits in suspense."""
    return _legs(dr(chart.SUSPENSE, gross), cr(chart.PENDING_SALES, gross))


def parked_sale_paid(tender: str, goods: Sequence[Goods]) -> Legs:
    """J18b: the tender says paid: the parking is undone and the sale booked."""
    gross = total((line.gross for line in goods), goods[0].gross.currency)
    return _legs(dr(chart.PENDING_SALES, gross), cr(chart.SUSPENSE, gross), *sale({tender: gross}, goods))


def goods_returned(repaid: Mapping[str, Money], goods: Sequence[Goods], rounding: Money | None = None) -> Legs:
    """J13 without a refund claim: the price goes back by the accounts named, out of returns and tax.

    `rounding` is what the smallest coin kept of it, as in J17.
    """
    kept = () if rounding is None else (cr(chart.CASH_ROUNDING, rounding),)
    return _legs(*_income_back(goods), *(cr(account, amount) for account, amount in repaid.items()), *kept)


def stock_returned(cost: Money, stock: str, dimensions: Mapping[str, str] | None = None) -> Legs:
    """J13b: returned goods are in stock again, at the cost they left it."""
    return _legs(dr(stock, cost, dimensions), cr(chart.COST_OF_GOODS, cost, dimensions))


def goods_exchanged(
    paid: Mapping[str, Money], back: Sequence[Goods], out: Sequence[Goods], rounding: Money | None = None
) -> Legs:
    """J23: goods back and other goods out at one counter; what is paid, by account, and below zero what is paid back."""
    unpaid = () if rounding is None else (dr(chart.CASH_ROUNDING, rounding),)
    difference = (dr(account, amount) for account, amount in paid.items())
    return _legs(*_income_back(back), *difference, *unpaid, *_income(out))


def gift_card_sold(tender: str, amount: Money) -> Legs:
    """J15a: a multi-purpose gift card is owed to its holder; tax follows when it is spent."""
    return _legs(dr(tender, amount), cr(chart.GIFT_CARDS, amount))


def gift_card_expired(remainder: Money) -> Legs:
    """J15c: what nobody spent becomes income, where the law lets a card expire."""
    return _legs(dr(chart.GIFT_CARDS, remainder), cr(chart.BREAKAGE, remainder))


def piece_destroyed(cost: Money, dimensions: Mapping[str, str] | None = None) -> Legs:
    """J24: a numbered piece was destroyed and the destruction certified."""
    return _legs(dr(chart.SCRAP, cost, dimensions), cr(chart.EDITION_STOCK, cost, dimensions))


# Licences.


def royalty_accrued(licence: str, recouped: Money, payable: Money, marketing_fund: Money) -> Legs:
    """J03a, b, c: a royalty first eats the advance, then is owed; the marketing fund is always its own debt."""
    return _legs(
        dr(chart.ROYALTY_EXPENSE, recouped + payable),
        cr(chart.prepaid_royalty(licence), recouped),
        cr(chart.royalty_payable(licence), payable),
        dr(chart.MARKETING_EXPENSE, marketing_fund),
        cr(chart.marketing_payable(licence), marketing_fund),
    )


def royalty_reversed(licence: str, recouped: Money, payable: Money, marketing_fund: Money) -> Legs:
    """J13b, the royalty: the share of returned goods goes back by the way it came."""
    return _legs(
        dr(chart.prepaid_royalty(licence), recouped),
        dr(chart.royalty_payable(licence), payable),
        cr(chart.ROYALTY_EXPENSE, recouped + payable),
        dr(chart.marketing_payable(licence), marketing_fund),
        cr(chart.MARKETING_EXPENSE, marketing_fund),
    )


def advance_paid(licence: str, advance: Money, withheld: Money) -> Legs:
    """J04: an advance to a licensor, less the tax withheld for the state."""
    return _legs(
        dr(chart.prepaid_royalty(licence), advance),
        cr(chart.BANK, advance - withheld),
        cr(chart.WITHHELD_TAX, withheld),
    )


def made_up_to_guarantee(licence: str, shortfall: Money) -> Legs:
    """J04b: what is due beyond royalties earned is an advance on those to come."""
    return _legs(dr(chart.prepaid_royalty(licence), shortfall), cr(chart.royalty_payable(licence), shortfall))


def royalty_reclassified(licence: str, payable: Money) -> Legs:
    """J03r: so much more of the royalties is payable, and less of them recouped, than accruals one by one had it; or less."""
    return made_up_to_guarantee(licence, payable)


def royalty_paid(licence: str, royalty: Money, marketing_fund: Money, withheld: Money, borne: Money) -> Legs:
    """J25: what was owed to a licensor leaves the bank, less the tax withheld; `borne` is tax the shop bears itself."""
    return _legs(
        dr(chart.royalty_payable(licence), royalty),
        dr(chart.marketing_payable(licence), marketing_fund),
        dr(chart.ROYALTY_EXPENSE, borne),
        cr(chart.BANK, royalty + marketing_fund + borne - withheld),
        cr(chart.WITHHELD_TAX, withheld),
    )


def guarantee_shortfall(licence: str, shortfall: Money) -> Legs:
    """J20: the minimum guarantee exceeds what the licence earned."""
    return _legs(dr(chart.GUARANTEE_SHORTFALL, shortfall), cr(chart.royalty_payable(licence), shortfall))


def advance_impaired(licence: str, unrecouped: Money) -> Legs:
    """J21: this much of the advance will not be recouped."""
    return _legs(dr(chart.IMPAIRMENT, unrecouped), cr(chart.prepaid_royalty(licence), unrecouped))


# Tax refunds. `refund` is the whole refund, `fee` the part of it the traveller does not get.


def refund_advanced(tender: str, refund: Money, fee: Money) -> Legs:
    """J08: the shop pays the traveller before customs has seen the goods; the fee is not earned yet."""
    return _legs(dr(chart.PENDING_CUSTOMS, refund), cr(tender, refund - fee), cr(chart.UNEARNED_FEE, fee))


def guarantee_held(amount: Money) -> Legs:
    """J08, memo: a card guarantee secures the advance. Nothing is receivable until it is captured."""
    return _legs(dr(chart.GUARANTEE_HELD, amount), cr(chart.GUARANTEE_CONTRA, amount))


def guarantee_over(amount: Money) -> Legs:
    """J09, J11, J12a, J13, memo: the guarantee was released, captured or lapsed; it secures nothing any more."""
    return _legs(dr(chart.GUARANTEE_CONTRA, amount), cr(chart.GUARANTEE_HELD, amount))


def guarantee_deposited(tender: str, deposit: Money) -> Legs:
    """J08d: a wallet can hold nothing, so the money is taken: it is the traveller's until it is kept for good."""
    return _legs(dr(tender, deposit), cr(chart.GUARANTEE_DEPOSITS, deposit))


def deposit_given_back(tender: str, deposit: Money) -> Legs:
    """J09d, J11d: all or the rest of a deposit goes back to the traveller."""
    return _legs(dr(chart.GUARANTEE_DEPOSITS, deposit), cr(tender, deposit))


def paid_back_otherwise(tender: str, otherwise: str, amount: Money) -> Legs:
    """J13p: what could not go back the way it came was paid another way."""
    return _legs(dr(tender, amount), cr(otherwise, amount))


def customs_verified(refund: Money, fee: Money, agency_share: Decimal) -> Legs:
    """J09: the agency owes us the refund; the fee is earned and shared, the agency's share rounded half up."""
    return _legs(
        dr(chart.AGENCY_RECEIVABLE, refund),
        cr(chart.PENDING_CUSTOMS, refund),
        dr(chart.UNEARNED_FEE, fee),
        *_fee_shared(fee, agency_share),
    )


def ordinary_refund_paid(tender: str, refund: Money, fee: Money, agency_share: Decimal) -> Legs:
    """The ordinary route over our own counter: customs has confirmed, so the agency owes us the refund at once.

    When the agency pays the traveller itself, the shop books nothing.
    """
    return _legs(dr(chart.AGENCY_RECEIVABLE, refund), cr(tender, refund - fee), *_fee_shared(fee, agency_share))


def commission_earned(fee: Money, agency_share: Decimal) -> Legs:
    """The agency advanced the refund and customs verified it: all the shop has of it is its part of the fee."""
    ours = fee - agency_part(fee, agency_share)
    return _legs(dr(chart.AGENCY_RECEIVABLE, ours), cr(chart.COMMISSION, ours))


def agency_part(fee: Money, agency_share: Decimal) -> Money:
    """The agency's share of a fee, rounded half up; the shop keeps the rest."""
    return fee.at_rate(agency_share)


def agency_settled(paid: Money, agency_fee: Money) -> Legs:
    """J10: the agency paid, having kept its share of the fees. What it paid too little stays receivable."""
    return _legs(
        dr(chart.BANK, paid),
        dr(chart.AGENCY_FEE, agency_fee),
        cr(chart.AGENCY_RECEIVABLE, paid + agency_fee),
    )


def guarantee_captured(tender: str, refund: Money, fee: Money) -> Legs:
    """J11: the promise was broken and the card charged: the advance is back, the fee was never earned."""
    return _legs(dr(tender, refund - fee), dr(chart.UNEARNED_FEE, fee), cr(chart.PENDING_CUSTOMS, refund))


def advance_recoverable(refund: Money, fee: Money) -> Legs:
    """J12a: the promise was broken and nothing could be captured: the traveller owes the advance."""
    return guarantee_captured(chart.TOURIST_RECOVERABLE, refund, fee)


def advance_written_off(advance: Money) -> Legs:
    """J12b: nobody will pay the advance back."""
    return _legs(dr(chart.BAD_ADVANCES, advance), cr(chart.TOURIST_RECOVERABLE, advance))


def goods_returned_before_customs(tender: str, goods: Sequence[Goods], refund: Money, fee: Money) -> Legs:
    """J13: goods come back after the advance: the price is repaid less the advance, and the claim is void."""
    price = total((line.gross for line in goods), refund.currency)
    return _legs(
        *_income_back(goods),
        dr(chart.UNEARNED_FEE, fee),
        cr(tender, price - (refund - fee)),
        cr(chart.PENDING_CUSTOMS, refund),
    )


def recoverable_repaid(tender: str, amount: Money) -> Legs:
    """What the traveller owed came back: kept from the price of returned goods, or taken from the guarantee.

    J13 in three entries: the goods returned at their full price, the advance owed (as J12a), and this.
    """
    return _legs(dr(tender, amount), cr(chart.TOURIST_RECOVERABLE, amount))


def kept_for_agency(tender: str, amount: Money) -> Legs:
    """What came back of an advance was the agency's money, from the card, a return or the traveller: it is owed to it."""
    return _legs(dr(tender, amount), cr(chart.CLAWBACK, amount))


def agency_paid(forms: Mapping[str, Money]) -> Legs:
    """J14p: what was owed to the agency, form by form, leaves the bank, or is kept out of what it pays."""
    currency = next(iter(forms.values())).currency
    owed = (dr(chart.CLAWBACK, amount, {"claim": claim}) for claim, amount in forms.items())
    return _legs(*owed, cr(chart.BANK, total(forms.values(), currency)))


def refund_by_agency(net: Money) -> Legs:
    """Memo: the agency paid this refund on our form, advance or ordinary. None of our money moved."""
    return _legs(dr(chart.AGENCY_REFUNDS, net), cr(chart.AGENCY_REFUNDS_CONTRA, net))


def refund_by_agency_over(net: Money) -> Legs:
    """Memo: the agency's statement shows the refund, or the agency took it back."""
    return _legs(dr(chart.AGENCY_REFUNDS_CONTRA, net), cr(chart.AGENCY_REFUNDS, net))


def goods_returned_after_settlement(tender: str, goods: Sequence[Goods], net: Money) -> Legs:
    """J14: the agency has paid already, so the net refund kept from the price is owed back to the agency.

    Whether the fee goes back too is a rule of the agency's contract, and whether such a return is allowed, of the law.
    """
    price = total((line.gross for line in goods), net.currency)
    return _legs(*_income_back(goods), cr(tender, price - net), cr(chart.CLAWBACK, net))


# Cash and acquirers.


def float_issued(drawer: str, amount: Money) -> Legs:
    """J16a: change for the day goes from the safe to a drawer."""
    return _legs(dr(drawer, amount), cr(chart.CASH_SAFE, amount))


def cash_picked_up(drawer: str, amount: Money) -> Legs:
    """J16b, J16g: takings go from a drawer to the safe."""
    return _legs(dr(chart.CASH_SAFE, amount), cr(drawer, amount))


def paid_out(drawer: str, amount: Money) -> Legs:
    """J16e: a small expense is paid out of a drawer; J16f is the same the other way round."""
    return _legs(dr(chart.PETTY_CASH, amount), cr(drawer, amount))


def drawer_counted(drawer: str, expected: Money, counted: Money) -> Legs:
    """J16c and d: the drawer is brought to what was counted; no legs when it was right."""
    short = expected - counted
    return _legs(*sorted((dr(chart.OVER_SHORT, short), dr(drawer, -short)), key=lambda leg: -leg.minor))


def acquirer_paid_out(clearing: str, gross: Money, fee: Money) -> Legs:
    """J19: the acquirer pays what it collected, less its fee."""
    return _legs(dr(chart.BANK, gross - fee), dr(chart.PAYMENT_FEES, fee), cr(clearing, gross))


def dispute_opened(disputed: Money, fee: Money) -> Legs:
    """J22: a captured guarantee is disputed: the scheme takes the money back and charges its fee."""
    return _legs(dr(chart.DISPUTES, disputed), dr(chart.PAYMENT_FEES, fee), cr(chart.CARD, disputed + fee))


def reversal(lines: Iterable[Posting]) -> Legs:
    """The same legs on the other side. Never today's rule run again: it may no longer say what it said then."""
    return tuple(line.model_copy(update={"minor": -line.minor}) for line in lines)


# Legs.


def dr(account: str, amount: Money, dimensions: Mapping[str, str] | None = None) -> Posting:
    """A debit leg; a credit where the amount is less than nothing, as where an exchange ends in paying back."""
    return Posting(account=account, minor=amount.minor, currency=amount.currency, dimensions=dimensions or {})


def cr(account: str, amount: Money, dimensions: Mapping[str, str] | None = None) -> Posting:
    """A credit leg."""
    return dr(account, -amount, dimensions)


def _legs(*legs: Posting) -> Legs:
    return tuple(leg for leg in legs if leg.minor)


def _income(goods: Iterable[Goods]) -> Iterable[Posting]:
    for line in goods:
        yield cr(chart.SALES, line.gross - line.vat, line.dimensions)
        yield cr(chart.OUTPUT_VAT, line.vat, line.dimensions)


def _income_back(goods: Iterable[Goods]) -> Iterable[Posting]:
    for line in goods:
        yield dr(chart.SALES_RETURNS, line.gross - line.vat, line.dimensions)
        yield dr(chart.OUTPUT_VAT, line.vat, line.dimensions)


def _fee_shared(fee: Money, agency_share: Decimal) -> Legs:
    agency = agency_part(fee, agency_share)
    return cr(chart.AGENCY_FEE, agency), cr(chart.COMMISSION, fee - agency)
