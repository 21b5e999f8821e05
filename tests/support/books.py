"""A shop whose events are made by hand, one aggregate after another, and the books kept of them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from souvenir.eventlog import EventLog, Followers
from souvenir.kernel.aggregate import Aggregate
from souvenir.kernel.money import Money
from souvenir.ledger.application import Ledger
from souvenir.ledger.journal import Entry
from souvenir.ledger.replay import AsOf
from souvenir.processes.keep_books import KeepBooks
from souvenir.sales.line import OrderLine
from souvenir.sales.order import Channel, Order
from souvenir.sites.outlet import Outlet, outlet_id
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.form import ClaimLine, Form, TravellerFacts
from souvenir.taxrefund.guarantee import Guarantee

NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
SHOP, TRAVELLER = outlet_id("SHOP"), UUID(int=2)
JULY_1, JULY_5, JULY_29 = date(2026, 7, 1), date(2026, 7, 5), date(2026, 7, 29)


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


class BookedShop:
    """A log whose events are made by hand, and its books."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.followers = Followers(log, (KeepBooks(),), ())
        place = {"site_id": None, "region": "CN-BJ", "time_zone": "Asia/Shanghai", "currency": "CNY"}
        self.record(Outlet.open(code="SHOP", kind="shop", name={"en": "Shop"}, **place))

    def record(self, *aggregates: Aggregate) -> None:
        self.log.execute(lambda tx: tx.save(*aggregates))

    def entries(self) -> list[Entry.Posted]:
        self.followers.catch_up()
        return [r.event for r in self.log.events(topics=("ledger.EntryPosted",)) if isinstance(r.event, Entry.Posted)]

    def rules(self) -> list[str]:
        return [entry.rule for entry in self.entries()]

    def balances(self, as_of: AsOf = AsOf()) -> dict[str, str]:
        self.followers.catch_up()
        return {row.account: row.closing.amount for row in Ledger(self.log).trial_balance(as_of).rows if row.closing}


def line(line_no: int, gross: str, vat: str, cost: str, quantity: int = 1, **more: Any) -> OrderLine:
    return OrderLine(
        line_no=line_no,
        product_id=UUID(int=100 + line_no),
        sku=f"SKU-{line_no}",
        name={"en": "Enamel vase"},
        category="enamel",
        quantity=quantity,
        unit_price=cny(gross),
        gross=cny(gross),
        vat_rate=Decimal("0.13"),
        vat=cny(vat),
        cost=cny(cost),
        **more,
    )


def order(*lines: OrderLine, till: str | None = "01", on: date = JULY_1) -> Order:
    return Order.place(
        UUID(int=50),
        order_no="260701-A",
        outlet_id=SHOP,
        channel=Channel.SHOP if till else Channel.ONLINE,
        till=till,
        lines=lines,
        currency="CNY",
        on=on,
    )


Listed = tuple[str, str, str, int]
"""A line of a form: gross, refund, fee, quantity."""
PUBLISHED_INSTANT: Listed = ("1494.00", "164.34", "29.88", 1)
PUBLISHED_ORDINARY: Listed = ("502.00", "55.22", "10.04", 1)


def claim(*listed: Listed, mode: str = "instant_centralised", on: date = JULY_1) -> Claim:
    """A form of these lines; the published instant case if none are given."""
    form = Form(
        claim_no="CN-1",
        order_ids=(UUID(int=50),),
        outlet_id=SHOP,
        jurisdiction="CN",
        region="CN-BJ",
        mode=mode,
        traveller=TRAVELLER,
        facts=TravellerFacts(document_kind="passport", nationality_class="foreign", last_entry=on, stay_days=0),
        purchased_on=on,
        issued_on=on,
        lines=tuple(
            ClaimLine(
                line_no=line_no,
                gross=cny(gross),
                vat_rate=Decimal("0.13"),
                refund=cny(refund),
                fee=cny(fee),
                quantity=quantity,
            )
            for line_no, (gross, refund, fee, quantity) in enumerate(listed or (PUBLISHED_INSTANT,), start=1)
        ),
        cash_allowed=True,
        last_departure_on=date(on.year, on.month + 2, 28),
        confirmation="by_quantity",
        rule_versions=("CN-2026-07",),
        agency_share=Decimal("0.70"),
    )
    return Claim.open(form)


def advanced(shop: BookedShop, a: Claim, by: Any = "shop", secured_until: datetime | None = None) -> Guarantee:
    """The agreement, the guarantee and the advance, as the counter records them."""
    promised_by = a.issued_on + timedelta(days=28)
    a.agree(on=a.issued_on, promised_by=promised_by, capture_by=promised_by, ports=("PEK",), by=by)
    hold = Guarantee.hold(
        claim_id=a.id,
        amount=a.net,
        reference="pi_1",
        strength="card_hold" if secured_until else "saved_card",
        secured_until=secured_until,
        on=a.issued_on,
    )
    a.advance("cash", a.issued_on, hold.guaranteed)
    shop.record(a, hold)
    return hold
