"""Keep books: every event that moves money is posted, once, by the rule of its case, on its own business day."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from souvenir.catalogue.product import Product
from souvenir.editions.piece import Piece
from souvenir.eventlog import Process, Transaction, when
from souvenir.kernel.aggregate import Event
from souvenir.kernel.money import Money, total
from souvenir.ledger import chart, postings
from souvenir.ledger.application import book
from souvenir.ledger.journal import Cause, Posting
from souvenir.ledger.postings import Goods, Legs, tender_account
from souvenir.licensing.accrual import Accrual
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.licence import Licence
from souvenir.licensing.periods import last_day_of
from souvenir.licensing.statement import Statement
from souvenir.pos.shift import Shift
from souvenir.sales.line import OrderLine, ReturnedLine
from souvenir.sales.order import Order
from souvenir.sales.tender import Exchanged
from souvenir.sites.outlet import Outlet
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.guarantee import Guarantee
from souvenir.taxrefund.settlement import agency_part


class KeepBooks(Process):
    """Follows sales, licences and refund claims, and writes the journal.

    Entries are decided from the event and from what no later event changes: the lines of an order, the amounts of a
    claim, or how things stood at the event. Entry ids derive from event and rule, so a retry meets its own entry.
    """

    name = "keep_books"

    # Sales.

    @when(Order.TenderTaken)
    def _part_paid(self, tx: Transaction, event: Order.TenderTaken) -> None:
        legs = postings.part_paid(_tender(tx, event.tender, event.outlet_id, event.till), event.amount)
        _book(tx, event, "J01a", event.taken_on, legs, _order(tx.at_event(Order, event.originator_id)))

    @when(Order.TenderGivenBack)
    def _part_given_back(self, tx: Transaction, event: Order.TenderGivenBack) -> None:
        legs = postings.part_paid(_tender(tx, event.tender, event.outlet_id, event.till), event.amount)
        about = _order(tx.at_event(Order, event.originator_id))
        _book(tx, event, "J01b", event.given_on, postings.reversal(legs), about)

    @when(Order.Paid)
    def _order_paid(self, tx: Transaction, event: Order.Paid) -> None:
        order = tx.at_event(Order, event.originator_id)
        tender = _tender(tx, event.tender, order.outlet_id, order.till)
        if event.after_count and event.tender == "cash":
            tender = chart.OVER_SHORT  # the count found it over, and it is in the safe since
        paid = {tender: event.amount, chart.PENDING_SALES: order.part_paid}
        goods, about = [Goods(line.gross, line.vat, _goods(line)) for line in order.lines], _order(order)
        if event.exchange is None:
            _book(tx, event, "J01", event.paid_on, postings.sale(paid, goods, event.rounding), about)
        else:
            _book(tx, event, "J23", event.paid_on, _exchange(tx, order, event.exchange, paid, goods), about)
        _book(tx, event, "J02", event.paid_on, tuple(_cost_of_sale(order)), about)

    @when(Order.Returned)
    def _order_returned(self, tx: Transaction, event: Order.Returned) -> None:
        """What came back in an exchange is booked with what went out for it."""
        order = tx.at_event(Order, event.originator_id)
        about = _order(order) | {"return": str(event.return_id)}
        if event.exchanged_for is None:
            given = _by_account(tx, order, event.given, event.till)
            legs = postings.goods_returned(given, _came_back(order, event.lines), event.rounding)
            _book(tx, event, "J13", event.returned_on, legs, about)
        _book(tx, event, "J13b", event.returned_on, tuple(_cost_of_return(order, event)), about)

    @when(Piece.Retired)
    def _piece_destroyed(self, tx: Transaction, event: Piece.Retired) -> None:
        """What leaves the run leaves the stock, at the cost its product was listed with."""
        piece = tx.at_event(Piece, event.originator_id)
        cost = tx.look(Product, piece.product_id).cost
        if cost is not None:
            about = {"edition": str(piece.edition_id), "number": str(piece.number), "evidence": event.evidence}
            _book(tx, event, "J24", event.retired_on, postings.piece_destroyed(cost), about)

    # Drawers.

    @when(Shift.Opened)
    def _float_issued(self, tx: Transaction, event: Shift.Opened) -> None:
        drawer = _drawer(tx, event.outlet_id, event.till)
        legs = postings.float_issued(drawer, event.opening_float)
        _book(tx, event, "J16a", event.business_date, legs, _shift(tx.at_event(Shift, event.originator_id)))

    @when(Shift.CashMoved)
    def _cash_moved(self, tx: Transaction, event: Shift.CashMoved) -> None:
        shift = tx.at_event(Shift, event.originator_id)
        rule, legs_of = MOVEMENTS[event.movement]
        legs = legs_of(_drawer(tx, shift.outlet_id, shift.till), event.amount)
        about = _shift(shift) | {"reason": event.reason}
        _book(tx, event, rule, shift.business_date, legs, about)

    @when(Shift.Closed)
    def _drawer_counted(self, tx: Transaction, event: Shift.Closed) -> None:
        """What was counted goes to the safe: the next float comes from there."""
        drawer, about = _drawer(tx, event.outlet_id, event.till), _shift(tx.at_event(Shift, event.originator_id))
        counted = postings.drawer_counted(drawer, event.due, event.counted)
        why = {"reason": event.reason} if event.reason else {}
        _book(tx, event, "J16c", event.business_date, counted, about | why)
        _book(tx, event, "J16g", event.business_date, postings.cash_picked_up(drawer, event.counted), about)

    # Licences.

    @when(Licence.AdvancePaid)
    def _advance_paid(self, tx: Transaction, event: Licence.AdvancePaid) -> None:
        account = royalty_account(tx, event.originator_id)
        legs = postings.advance_paid(account, event.amount, event.withheld)
        _book(tx, event, "J04", event.paid_on, legs, {"licence": str(event.originator_id)})

    @when(Accrual.Accrued)
    def _royalty_accrued(self, tx: Transaction, event: Accrual.Accrued) -> None:
        account = royalty_account(tx, event.licence_id)
        legs = postings.royalty_accrued(account, event.recouped, event.payable, event.marketing_fund)
        _book(tx, event, "J03", event.business_date, legs, _accrual(event))

    @when(Accrual.Reversed)
    def _royalty_reversed(self, tx: Transaction, event: Accrual.Reversed) -> None:
        account = royalty_account(tx, event.licence_id)
        legs = postings.royalty_reversed(account, event.recouped, event.payable, event.marketing_fund)
        _book(tx, event, "J13c", event.business_date, legs, _accrual(event))

    @when(Statement.Issued)
    def _statement_issued(self, tx: Transaction, event: Statement.Issued) -> None:
        """What is made up to a guarantee is an advance, or lost at once; so is the rest of an advance at the end of all."""
        header, on = event.header, last_day_of(event.header.period)
        licence = royalty_account(tx, header.licence_id)
        about = {"licence": str(header.licence_id), "period": header.period}
        nothing = Money.zero(header.currency)
        shortfall, lapsed = header.account.shortfall or nothing, header.account.lapsed or nothing
        lost = max(nothing, min(shortfall, lapsed))
        _book(
            tx, event, "J03r", on, postings.royalty_reclassified(licence, header.account.reclassified or nothing), about
        )
        _book(tx, event, "J04b", on, postings.made_up_to_guarantee(licence, shortfall - lost), about)
        _book(tx, event, "J20", on, postings.guarantee_shortfall(licence, lost), about)
        _book(tx, event, "J21", on, postings.advance_impaired(licence, lapsed - lost), about)

    @when(Adjustment.Made)
    def _royalty_adjusted(self, tx: Transaction, event: Adjustment.Made) -> None:
        account, about = (
            royalty_account(tx, event.licence_id),
            {"licence": str(event.licence_id), "amendment": event.amendment_no},
        )
        legs = postings.royalty_accrued(account, event.recouped, event.payable, event.marketing_fund)
        _book(tx, event, "J03d", event.business_date, legs, about)

    # Refund claims. Where the agency hands out the money, none of ours moves: only the memo accounts do, until the agency
    # has stated the refund, or the advance came back. What came back to us of it, as from a card, is owed to the agency.

    @when(Claim.Advanced)
    def _advanced(self, tx: Transaction, event: Claim.Advanced) -> None:
        claim = tx.at_event(Claim, event.originator_id)
        if event.by == "agency":
            return _book(tx, event, "J08a", event.advanced_on, postings.refund_by_agency(event.amount), _claim(claim))
        outlet_id, till = _paid_at(tx, event, claim)
        tender = _tender(tx, event.tender, outlet_id, till)
        legs = postings.refund_advanced(tender, event.refund, event.fee)
        return _book(tx, event, "J08", event.advanced_on, legs, _claim(claim))

    @when(Claim.Completed)
    def _completed(self, tx: Transaction, event: Claim.Completed) -> None:
        claim = tx.at_event(Claim, event.originator_id)
        if event.by == "agency":
            legs = postings.commission_earned(event.fee, claim.agency_share)
            return _book(tx, event, "J09c", event.on, legs, _claim(claim))
        legs = postings.customs_verified(event.refund, event.fee, claim.agency_share)
        return _book(tx, event, "J09", event.on, legs, _claim(claim))

    @when(Claim.Paid)
    def _ordinary_refund_paid(self, tx: Transaction, event: Claim.Paid) -> None:
        claim = tx.at_event(Claim, event.originator_id)
        if event.by == "agency":
            return _book(tx, event, "J08a", event.paid_on, postings.refund_by_agency(event.amount), _claim(claim))
        tender = tender_account(event.tender)
        legs = postings.ordinary_refund_paid(tender, event.refund, event.fee, claim.agency_share)
        return _book(tx, event, "J09p", event.paid_on, legs, _claim(claim))

    @when(Claim.Settled)
    def _settled(self, tx: Transaction, event: Claim.Settled) -> None:
        claim = tx.at_event(Claim, event.originator_id)
        if (claim.paid_by or claim.advanced_by) == "agency":
            legs = postings.refund_by_agency_over(claim.due_net)
            ours = claim.due_fee - agency_part(claim)
            if claim.paid_by is None and event.amount <= ours:  # more is not of our commission
                legs += postings.agency_settled(event.amount, Money.zero(ours.currency))
            return _book(tx, event, "J10a", event.on, legs, _claim(claim))
        fee = agency_part(claim)
        kept = fee if event.amount < claim.due_refund else Money.zero(fee.currency)
        return _book(tx, event, "J10", event.on, postings.agency_settled(event.amount, kept), _claim(claim))

    @when(Claim.Voided)
    def _voided(self, tx: Transaction, event: Claim.Voided) -> None:
        """The advance is no longer on its way to a refund: the traveller owes it, unless that was booked already."""
        claim = tx.at_event(Claim, event.originator_id)
        if not event.owed or event.by == "agency" or _owed_before(tx, claim):
            return None
        refund, fee = _part_of(event.refund, event.fee, event.owed)
        return _book(tx, event, "J13a", event.on, postings.advance_recoverable(refund, fee), _claim(claim))

    @when(Claim.AdvanceRecovered)
    def _recovered(self, tx: Transaction, event: Claim.AdvanceRecovered) -> None:
        """What a return kept back of the price repays the advance; what a guarantee gave is booked with its capture."""
        claim = tx.at_event(Claim, event.originator_id)
        tender, by_shop = _tender_of_return(tx, claim, event.source_id), claim.advanced_by == "shop"
        if tender is not None:
            rule = postings.recoverable_repaid if by_shop else postings.kept_for_agency
            _book(tx, event, "J13s", event.on, rule(tender, event.amount), _claim(claim))
        if not by_shop:
            _book(tx, event, "J10a", event.on, postings.refund_by_agency_over(event.amount), _claim(claim))

    # Guarantees: in memo accounts, but for deposits, whose money is in hand and booked as it moves (`BookSettlements`).

    @when(Guarantee.Held)
    def _held(self, tx: Transaction, event: Guarantee.Held) -> None:
        claim = tx.at_event(Claim, event.claim_id)
        if event.strength != "deposit":
            _book(tx, event, "J08m", event.held_on, postings.guarantee_held(event.amount), _claim(claim))

    @when(Guarantee.Released, Guarantee.Lapsed)
    def _released(self, tx: Transaction, event: Guarantee.Released | Guarantee.Lapsed) -> None:
        _book(tx, event, "J09m", event.on, _memo_over(tx, event, event.amount), _claim(_secured(tx, event)))

    @when(Guarantee.Captured)
    def _captured(self, tx: Transaction, event: Guarantee.Captured) -> None:
        claim = _secured(tx, event)
        memo = _memo_over(tx, event, event.amount + event.released)
        paid_from = chart.CARD if memo else chart.GUARANTEE_DEPOSITS
        if claim.advanced_by == "agency":
            legs = postings.kept_for_agency(paid_from, event.amount)
            return _book(tx, event, "J11", event.on, legs + memo, _claim(claim))
        if tx.at_event(Claim, claim.id).state == "voided":
            legs = postings.recoverable_repaid(paid_from, event.amount)
            return _book(tx, event, "J11v", event.on, legs + memo, _claim(claim))
        legs = postings.guarantee_captured(paid_from, *_unearned(claim, event.amount))
        return _book(tx, event, "J11", event.on, legs + memo, _claim(claim))

    @when(Guarantee.DeclaredRecoverable)
    def _declared_recoverable(self, tx: Transaction, event: Guarantee.DeclaredRecoverable) -> None:
        claim = _secured(tx, event)
        legs = _memo_over(tx, event, event.held) if event.was_held else ()
        if claim.advanced_by == "shop" and tx.at_event(Claim, claim.id).state != "voided":
            legs = postings.advance_recoverable(*_unearned(claim, event.amount)) + legs
        _book(tx, event, "J12a", event.on, legs, _claim(claim))

    @when(Guarantee.Repaid)
    def _repaid(self, tx: Transaction, event: Guarantee.Repaid) -> None:
        """What is set off against returned goods is booked with the claim's recovery (J13s)."""
        claim = _secured(tx, event)
        if event.tender != "set_off":
            by_shop = claim.advanced_by == "shop"
            rule = postings.recoverable_repaid if by_shop else postings.kept_for_agency
            _book(tx, event, "J12c", event.on, rule(tender_account(event.tender), event.amount), _claim(claim))

    @when(Guarantee.WrittenOff)
    def _written_off(self, tx: Transaction, event: Guarantee.WrittenOff) -> None:
        """Who advanced the money bears the loss."""
        claim = _secured(tx, event)
        rule = postings.advance_written_off if claim.advanced_by == "shop" else postings.refund_by_agency_over
        _book(tx, event, "J12b", event.on, rule(event.amount), _claim(claim))


def _book(tx: Transaction, event: Event, rule: str, on: date, legs: Legs, about: Mapping[str, str]) -> None:
    """Post the legs, if any, for an event, as known since the event was recorded."""
    if legs:
        book(tx, Cause.of(event), rule, on, legs, dimensions=about)


# Amounts.


def _came_back(order: Order, lines: Iterable[ReturnedLine]) -> list[Goods]:
    sold = {line.line_no: line for line in order.lines}
    return [Goods(back.gross, back.vat, _goods(sold[back.line_no])) for back in lines]


def _exchange(
    tx: Transaction, order: Order, exchange: Exchanged, paid: Mapping[str, Money], out: Sequence[Goods]
) -> Legs:
    """What came back and what went out for it in one entry: what had been paid for the one pays for the other."""
    first, return_id = tx.at_event(Order, exchange.order_id), exchange.return_id
    given, nothing = first.given_by[return_id], Money.zero(order.currency)
    gone = total((one.amount for one in (*given, *exchange.carried)), order.currency)
    repaid = _by_account(tx, first, [(one.tender, one.amount) for one in given], first.return_tills[return_id])
    difference = {at: paid.get(at, nothing) - repaid.get(at, nothing) for at in {**paid, **repaid}}
    rounding = order.rounding - (first.given_back(return_id) - gone)
    return postings.goods_exchanged(difference, _came_back(first, first.returns[return_id]), out, rounding)


def _cost_of_sale(order: Order) -> Iterator[Posting]:
    for line in order.lines:
        if line.cost is not None:
            yield from postings.cost_of_goods(line.cost, _stock(line), _goods(line))


def _cost_of_return(order: Order, event: Order.Returned) -> Iterator[Posting]:
    """The cost of what came back: each line's share, such that all its returns add up to its cost."""
    for back in event.lines:
        line = order.line(back.line_no)
        if line is not None and line.cost is not None:
            before = _returned_before(order, event.return_id, back)
            cost = _cost_of_first(line, before + back.quantity) - _cost_of_first(line, before)
            yield from postings.stock_returned(cost, _stock(line), _goods(line))


def _returned_before(order: Order, return_id: UUID, back: ReturnedLine) -> int:
    """How much of a line had come back before this return. Later returns are not looked at: they came later."""
    ids = list(order.returns)
    earlier = (line for id in ids[: ids.index(return_id)] for line in order.returns[id])
    return sum(line.quantity for line in earlier if line.line_no == back.line_no)


def _cost_of_first(line: OrderLine, units: int) -> Money:
    assert line.cost is not None
    return line.cost.split((units, line.quantity - units))[0]


def _unearned(claim: Claim, amount: Money) -> tuple[Money, Money]:
    """Refund and fee behind an amount taken back: of the whole claim, or of the units customs did not confirm."""
    if claim.completed_on is not None:
        return _part_of(claim.refund - claim.due_refund, claim.fee - claim.due_fee, amount)
    return _part_of(claim.refund, claim.fee, amount)


def _part_of(refund: Money, fee: Money, net: Money) -> tuple[Money, Money]:
    """The refund and the fee behind a part of the net; the fee's part by proportion, largest remainder."""
    rest = refund - fee - net
    part = fee.split((net.minor, rest.minor))[0] if rest > Money.zero(fee.currency) else fee
    return net + part, part


# Accounts and dimensions.

MOVEMENTS: Final[Mapping[str, tuple[str, Callable[[str, Money], Legs]]]] = {
    "float": ("J16a", postings.float_issued),
    "drop": ("J16b", postings.cash_picked_up),
    "pay_out": ("J16e", postings.paid_out),
    "pay_in": ("J16f", lambda drawer, amount: postings.reversal(postings.paid_out(drawer, amount))),
}
"""How cash that goes into a drawer or out of it is booked."""


def _drawer(tx: Transaction, outlet_id: UUID, till: str) -> str:
    return chart.drawer(tx.look(Outlet, outlet_id).code, till)


def _tender(tx: Transaction, tender: str, outlet_id: UUID, till: str | None) -> str:
    """Where a tender stands: cash at a till is in its drawer."""
    return tender_account(tender, _drawer(tx, outlet_id, till) if till and tender == "cash" else None)


def _by_account(
    tx: Transaction, order: Order, amounts: Iterable[tuple[str, Money]], till: str | None
) -> dict[str, Money]:
    """Amounts by the accounts of their tenders; cash came out of the till named, or of that which sold."""
    sums: dict[str, Money] = {}
    for tender, amount in amounts:
        account = _tender(tx, tender, order.outlet_id, till or order.till)
        sums[account] = sums.get(account, Money.zero(order.currency)) + amount
    return sums


def _stock(line: OrderLine) -> str:
    return chart.EDITION_STOCK if line.edition_id else chart.GOODS_STOCK


def royalty_account(tx: Transaction, licence_id: UUID) -> str:
    """What a licence's royalties stand under: its contract, or the account that contracts share."""
    contract = tx.look(Licence, licence_id).contract
    return chart.part_for(contract.account_name, contract.account_id)


def _secured(tx: Transaction, event: Event) -> Claim:
    return tx.at_event(Claim, tx.at_event(Guarantee, event.originator_id).claim_id)


def _memo_over(tx: Transaction, event: Event, amount: Money) -> Legs:
    """The memo legs of a guarantee that no longer holds; a deposit never had any."""
    deposited = tx.at_event(Guarantee, event.originator_id).strength == "deposit"
    return () if deposited else postings.guarantee_over(amount)


def _paid_at(tx: Transaction, event: Claim.Advanced, claim: Claim) -> tuple[UUID, str | None]:
    """The till that advanced a refund. One that did not say is the one that sold, or the point's safe."""
    if event.paid_at is not None:
        return event.paid_at.outlet_id, event.paid_at.till
    if claim.mode != "instant_store":
        return claim.outlet_id, None
    tills = (order.till for id in claim.order_ids if (order := tx.find(Order, id)))
    return claim.outlet_id, next(tills, None)


def _owed_before(tx: Transaction, claim: Claim) -> bool:
    """Whether the traveller already stood in the books as owing the advance."""
    guarantee = latest_guarantee(tx, claim.id)
    return guarantee is not None and tx.at_event(Guarantee, guarantee.id).state in (
        "recoverable",
        "repaid",
        "written_off",
    )


def _tender_of_return(tx: Transaction, claim: Claim, return_id: UUID) -> str | None:
    """The account by which a return of the claim's goods was repaid; None if the id is not that of a return."""
    for order_id in claim.order_ids:
        order = tx.find(Order, order_id)
        if order is not None and return_id in order.return_tenders:
            return _tender(
                tx, order.return_tenders[return_id], order.outlet_id, order.return_tills[return_id] or order.till
            )
    return None


def _shift(shift: Shift) -> dict[str, str]:
    return {
        "shift": str(shift.id),
        "shift_no": str(shift.shift_no),
        "outlet": str(shift.outlet_id),
        "till": shift.till,
        "cashier": str(shift.cashier),
    }


def _order(order: Order) -> dict[str, str]:
    about = {"order": str(order.id), "outlet": str(order.outlet_id), "channel": str(order.channel)}
    return about | ({"till": order.till} if order.till else {})


def _goods(line: OrderLine) -> dict[str, str]:
    about = {"sku": line.sku, "quantity": str(line.quantity), "vat_rate": str(line.vat_rate)}
    if line.edition_id and line.number is not None:
        about |= {"edition": str(line.edition_id), "number": str(line.number)}
    return about


def _claim(claim: Claim) -> dict[str, str]:
    return {
        "claim": str(claim.id),
        "claim_no": claim.claim_no,
        "outlet": str(claim.outlet_id),
        "jurisdiction": claim.jurisdiction,
        "rules": " ".join(claim.rule_versions),
    }


def _accrual(event: Accrual.Accrued | Accrual.Reversed) -> dict[str, str]:
    return {"licence": str(event.licence_id), "order": str(event.order_id), "line": str(event.line_no)}
