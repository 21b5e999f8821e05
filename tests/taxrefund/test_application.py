"""Refunds on a log: forms are issued once, limits hold over a traveller's day, and the desk sees what is out."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from refund_forms import cny

from souvenir.eventlog import EventLog, Followers
from souvenir.eventlog.rebuild import differences, rebuild_view
from souvenir.kernel.errors import NotFound, SouvenirError
from souvenir.kernel.money import Money
from souvenir.taxrefund import eligibility as why
from souvenir.taxrefund import refusals as no
from souvenir.taxrefund.application import Opening, Refunds, capture_guarantee
from souvenir.taxrefund.assessment import Purchase, PurchaseLine, Store, Traveller
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.customs import Presented
from souvenir.taxrefund.registers import ClaimsByOrder, TaxFiles, files_of, form_of_invoice, form_of_order, read_in
from souvenir.taxrefund.simulators.customs import SimulatedCustoms
from souvenir.taxrefund.simulators.tax_office import form_no
from souvenir.taxrefund.views import ClaimList

DAY = date(2025, 5, 15)
STORE, OTHER_STORE = UUID(int=20), UUID(int=21)
UNTIL = datetime(2025, 6, 14, tzinfo=UTC)
VIEW = ClaimList()
REGISTERS = (ClaimsByOrder(), TaxFiles())


@pytest.fixture
def log(store_url: str) -> Iterator[EventLog]:
    log = EventLog.open(store_url, registers=REGISTERS)
    yield log
    log.close()


@pytest.fixture
def refunds(log: EventLog) -> Refunds:
    return Refunds(log)


@pytest.fixture
def at_the_desk() -> Iterator[tuple[EventLog, Refunds]]:
    """In memory, for rules that no store can change."""
    log = EventLog.open("sqlite://", registers=REGISTERS)
    yield log, Refunds(log)
    log.close()


def bought(gross: str = "1494.00", order: int = 1, **changes: Any) -> Purchase:
    facts: dict[str, Any] = {
        "store": Store("CN", "CN-BJ"),
        "mode": "instant_centralised",
        "traveller": Traveller("passport", date(2025, 5, 1)),
        "lines": (PurchaseLine(1, cny(gross), Decimal("0.13"), quantity=2, order_id=UUID(int=order), order_line_no=1),),
        "purchased_on": DAY,
    }
    return Purchase(**(facts | changes))


def opening(gross: str = "1494.00", order: int = 1, **changes: Any) -> Opening:
    purchase = changes.pop("purchase", None) or bought(gross, order)
    facts: dict[str, Any] = {
        "claim_no": form_no(DAY, UUID(int=order)),
        "purchase": purchase,
        "outlet_id": STORE,
        "traveller": UUID(int=40),
        "invoices": (f"2511200000000000{order:04d}",),
    }
    return Opening(**(facts | changes))


def advanced(refunds: Refunds) -> UUID:
    claim_id = refunds.open(opening()).result
    refunds.agree(claim_id, DAY, "shop")
    refunds.record_hold(claim_id, cny("134.46"), "pi_1", "card_hold", UNTIL, DAY)
    refunds.record_advance(claim_id, "cash", DAY)
    return claim_id


def positions(log: EventLog) -> int:
    return len(list(log.stored()))


def listed(log: EventLog, claim_id: UUID) -> tuple[str, str, str | None, str]:
    Followers(log, (), (VIEW,)).catch_up()
    with log.reading() as session:
        found = VIEW.by_id(session, claim_id)
    assert found is not None
    return found.state, found.outstanding.amount, found.guarantee_state, found.held.amount


def test_an_instant_refund_whose_promise_is_kept(log: EventLog, refunds: Refunds) -> None:
    claim_id = advanced(refunds)
    assert listed(log, claim_id) == ("advanced", "134.46", "held", "134.46")
    refunds.record_customs(claim_id, date(2025, 5, 20), "PEK", {1: 2})
    refunds.complete(claim_id, date(2025, 5, 20))
    refunds.release(claim_id, date(2025, 5, 20))
    refunds.settle(claim_id, cny("134.46"), date(2025, 6, 15))
    assert listed(log, claim_id) == ("settled", "0.00", "released", "0.00")


def test_an_instant_refund_whose_promise_is_missed(log: EventLog, refunds: Refunds) -> None:
    claim_id = advanced(refunds)
    refunds.miss_promise(claim_id, date(2025, 6, 2))
    assert listed(log, claim_id) == ("missed", "134.46", "held", "134.46")
    assert refunds.capture(claim_id, date(2025, 6, 3)).result == cny("134.46")
    assert listed(log, claim_id) == ("recovered", "0.00", "captured", "0.00")
    refunds.record_customs(claim_id, date(2025, 6, 10), "PVG", {1: 2})
    refunds.pay_ordinary(claim_id, "wallet", date(2025, 6, 10))
    assert listed(log, claim_id)[0] == "paid"


def test_fewer_units_are_captured_in_part(log: EventLog, refunds: Refunds) -> None:
    claim_id = advanced(refunds)
    refunds.record_customs(claim_id, date(2025, 5, 20), "PKX", {1: 1})
    refunds.complete(claim_id, date(2025, 5, 20))
    assert listed(log, claim_id) == ("completed", "67.23", "held", "134.46")
    assert refunds.capture(claim_id, date(2025, 5, 21)).result == cny("67.23")
    assert listed(log, claim_id) == ("completed", "0.00", "captured", "0.00")


def test_a_hold_that_lapsed_leaves_the_advance_unsecured_and_then_owed(log: EventLog, refunds: Refunds) -> None:
    claim_id = advanced(refunds)
    Followers(log, (), (VIEW,)).catch_up()
    with log.reading() as session:
        assert VIEW.unsecured(session, datetime(2025, 6, 13, tzinfo=UTC)) == []
        assert [one.id for one in VIEW.unsecured(session, UNTIL)] == [claim_id]
    refunds.lapse(claim_id, UNTIL, date(2025, 6, 14))
    refunds.miss_promise(claim_id, date(2025, 6, 15))
    refunds.declare_recoverable(claim_id, date(2025, 6, 15))
    refunds.write_off(claim_id, date(2025, 12, 31))
    assert listed(log, claim_id) == ("missed", "134.46", "written_off", "0.00")


def test_a_lapsed_hold_may_be_renewed_under_a_new_reference(log: EventLog, refunds: Refunds) -> None:
    claim_id = advanced(refunds)
    with pytest.raises(no.GuaranteeAlreadyHeld):
        refunds.record_hold(claim_id, cny("134.46"), "pi_2", "card_hold", UNTIL, DAY)
    refunds.lapse(claim_id, UNTIL, date(2025, 6, 14))
    refunds.record_hold(claim_id, cny("134.46"), "pi_2", "saved_card", None, date(2025, 6, 14))
    assert listed(log, claim_id) == ("advanced", "134.46", "held", "134.46")


def test_goods_that_come_back_void_the_form_and_free_order_and_invoice(log: EventLog, refunds: Refunds) -> None:
    claim_id = refunds.open(opening()).result
    with log.reading() as session:
        assert form_of_order(session, UUID(int=1)) == (claim_id, form_no(DAY, UUID(int=1)))
        assert form_of_invoice(session, "25112000000000000001") == (claim_id, form_no(DAY, UUID(int=1)))
    refunds.void(claim_id, "returned", DAY, UUID(int=9))
    again = refunds.open(opening(claim_no=form_no(DAY, UUID(int=1), 2))).result
    assert again != claim_id
    Followers(log, (), (VIEW,)).catch_up()
    with log.reading() as session:
        assert {one.state for one in VIEW.of_order(session, UUID(int=1))} == {"voided", "issued"}


def test_the_same_form_asked_for_twice_is_one_form(log: EventLog, refunds: Refunds) -> None:
    first = refunds.open(opening()).result
    before = positions(log)
    assert refunds.open(opening()).result == first
    assert positions(log) == before


def test_recording_every_step_twice_records_nothing_new(log: EventLog, refunds: Refunds) -> None:
    claim_id = advanced(refunds)
    refunds.miss_promise(claim_id, date(2025, 6, 2))
    refunds.capture(claim_id, date(2025, 6, 3))
    before = positions(log)
    assert advanced(refunds) == claim_id
    refunds.miss_promise(claim_id, date(2025, 6, 2))
    assert refunds.capture(claim_id, date(2025, 6, 3)).result == cny("134.46")
    assert positions(log) == before


@pytest.mark.parametrize(
    ("second", "refusal"),
    [
        (opening(claim_no="7", invoices=()), no.OrderAlreadyClaimed),
        (opening(order=2, invoices=("25112000000000000001",)), no.InvoiceAlreadyClaimed),
        (opening(order=2, claim_no=form_no(DAY, UUID(int=1))), no.FormNumberTaken),
        (opening(traveller=UUID(int=41)), no.FormNumberTaken),
        (opening("50.00", order=2, traveller=UUID(int=41)), why.BelowMinimumPurchase),
        (opening("50.00", order=2, outlet_id=OTHER_STORE), why.BelowMinimumPurchase),
        (opening("218506.01", order=2), why.AboveInstantCap),
        (opening("218506.01", order=2, outlet_id=OTHER_STORE), why.AboveInstantCap),
    ],
)
def test_a_second_form_is_refused_and_records_nothing(
    at_the_desk: tuple[EventLog, Refunds], second: Opening, refusal: type[SouvenirError]
) -> None:
    log, refunds = at_the_desk
    refunds.open(opening())
    before = positions(log)
    with pytest.raises(refusal):
        refunds.open(second)
    assert positions(log) == before


@pytest.mark.parametrize(
    "second",
    [
        opening("50.00", order=2),
        opening("218506.00", order=2),
        opening("220000.00", order=2, traveller=UUID(int=41)),
        opening(order=2, purchase=replace(bought("220000.00", 2), purchased_on=date(2025, 5, 16))),
        opening(order=2, purchase=replace(bought("220000.00", 2), mode="departure")),
    ],
)
def test_another_form_on_the_same_day_is_issued_within_the_limits(
    at_the_desk: tuple[EventLog, Refunds], second: Opening
) -> None:
    _, refunds = at_the_desk
    refunds.open(opening())
    assert refunds.open(second).result


def test_shanghais_maximum_is_counted_store_by_store(refunds: Refunds) -> None:
    day = date(2025, 8, 12)
    shanghai = replace(
        bought("222200.00"),
        store=Store("CN", "CN-SH"),
        purchased_on=day,
        traveller=Traveller("passport", date(2025, 8, 1)),
    )
    refunds.open(opening(purchase=shanghai))
    second = replace(shanghai, lines=(replace(shanghai.lines[0], gross=cny("200.00"), order_id=UUID(int=2)),))
    with pytest.raises(why.AboveInstantCap):
        refunds.open(opening(order=2, purchase=second))
    assert refunds.open(opening(order=2, purchase=second, outlet_id=OTHER_STORE)).result


def test_assessing_counts_the_day_and_records_nothing(log: EventLog, refunds: Refunds) -> None:
    small = bought("50.00", 2)
    assert refunds.assess(small, STORE, UUID(int=40)).quote is None
    refunds.open(opening())
    before = positions(log)
    assert refunds.assess(small, STORE, UUID(int=40)).require().net == cny("4.50")
    assert positions(log) == before


def test_an_advance_needs_a_guarantee(refunds: Refunds) -> None:
    claim_id = refunds.open(opening()).result
    refunds.agree(claim_id, DAY, "agency")
    with pytest.raises(no.GuaranteeTooSmall):
        refunds.record_advance(claim_id, "cash", DAY)
    with pytest.raises(no.NothingGuaranteed):
        refunds.capture(claim_id, DAY)


def test_a_claim_that_does_not_exist_is_not_found(refunds: Refunds) -> None:
    with pytest.raises(NotFound):
        refunds.complete(UUID(int=404), DAY)


def test_the_agreement_asks_what_the_rules_of_the_day_ask(log: EventLog, refunds: Refunds) -> None:
    claim_id = refunds.open(opening()).result
    refunds.agree(claim_id, DAY, "shop")
    claim = log.load(Claim, claim_id)
    assert (claim.promised_by, claim.capture_by, claim.ports) == (date(2025, 6, 1), date(2025, 6, 5), ("PEK", "PKX"))
    departing = refunds.open(opening(order=2, purchase=bought("300.00", 2, mode="departure"))).result
    with pytest.raises(no.ClaimNotInstant):
        refunds.agree(departing, DAY, "shop")


def test_the_claim_keeps_what_it_was_decided_by(log: EventLog, refunds: Refunds) -> None:
    claim = log.load(Claim, refunds.open(opening()).result)
    assert (claim.facts.nationality_class, claim.facts.stay_days, claim.net) == ("foreign", 14, cny("134.46"))
    assert {"CN/minimum_purchase@2025-04-27", "CN/refund/0.13@2019-04-01", "CN/fee@2015-07-01"} <= set(
        claim.rule_versions
    )


def test_the_desk_finds_claims_by_number_by_state_and_by_what_is_overdue(log: EventLog, refunds: Refunds) -> None:
    claim_id = advanced(refunds)
    refunds.open(opening("300.00", order=2))
    Followers(log, (), (VIEW,)).catch_up()
    with log.reading() as session:
        found = VIEW.by_no(session, form_no(DAY, UUID(int=1)))
        assert found is not None
        assert (found.id, found.secured_until, found.promised_by) == (claim_id, UNTIL, date(2025, 6, 1))
        assert VIEW.by_no(session, "nothing") is None
        assert [one.state for one in VIEW.page(session, "issued")] == ["issued"]
        first = VIEW.page(session, size=1)
        assert len(first) == 1
        assert len(VIEW.page(session, after=first[0].claim_no)) == 1
        assert VIEW.overdue(session, date(2025, 6, 1)) == []
        assert [one.id for one in VIEW.overdue(session, date(2025, 6, 2))] == [claim_id]


def test_servers_that_share_a_database_cannot_pass_a_limit_together(postgres_url: str) -> None:
    refused: list[SouvenirError] = []
    logs = [EventLog.open(postgres_url, registers=REGISTERS) for _ in range(4)]
    start = threading.Barrier(4)

    def serve(log: EventLog, order: int) -> None:
        start.wait()
        try:
            Refunds(log).open(opening("110000.00", order=order, traveller=UUID(int=order // 10)))
        except SouvenirError as refusal:
            refused.append(refusal)

    for day in range(10):
        servers = [threading.Thread(target=serve, args=(log, 10 * day + number)) for number, log in enumerate(logs, 1)]
        for server in servers:
            server.start()
        for server in servers:
            server.join()
    assert [type(refusal) for refusal in refused] == [why.AboveInstantCap] * 20
    for log in logs:
        log.close()


def test_a_form_says_whose_it_is_by_a_pseudonym_alone(log: EventLog, refunds: Refunds) -> None:
    refunds.open(opening())
    (opened,) = [one.event for one in log.events(topics=["taxrefund.ClaimOpened"])]
    assert (opened.traveller, opened.document_hash) == (UUID(int=40), "")


def test_a_traveller_is_found_on_every_form_they_ever_had(log: EventLog, refunds: Refunds) -> None:
    first, second = (refunds.open(opening(order=order)).result for order in (1, 2))
    refunds.open(opening(order=3, traveller=UUID(int=41)))
    refunds.void(first, "returned", DAY)
    with log.reading() as session:
        assert set(files_of(session, UUID(int=40))) == {first, second}


def test_a_voided_form_counts_for_no_limit_any_more(log: EventLog, refunds: Refunds) -> None:
    first = refunds.open(opening()).result
    with pytest.raises(why.AboveInstantCap):
        refunds.open(opening("218506.01", order=2))
    refunds.void(first, "returned", DAY)
    refunds.open(opening("218506.01", order=2))


def test_forms_of_a_log_that_is_older_than_the_register_are_read_in_once(log: EventLog, refunds: Refunds) -> None:
    refunds.open(opening())
    voided = refunds.open(opening(order=2)).result
    refunds.void(voided, "returned", DAY)
    log.store.prepare(["DELETE FROM tax_files", "CREATE TABLE refund_travellers (document_hash TEXT, forms INTEGER)"])
    assert differences(log, TaxFiles()) != []
    for _ in range(2):
        read_in(log)
        assert differences(log, TaxFiles()) == []
    with pytest.raises(why.AboveInstantCap):
        refunds.open(opening("218506.01", order=3))
    log.store.prepare(["CREATE TABLE refund_travellers (gone TEXT)"])


def test_the_register_and_the_list_are_what_the_log_says(log: EventLog, refunds: Refunds) -> None:
    advanced(refunds)
    second = refunds.open(opening("300.00", order=2)).result
    refunds.void(second, "returned", DAY)
    with pytest.raises(SouvenirError):
        refunds.open(opening("50.00", order=3, traveller=UUID(int=41)))
    assert [differences(log, register) for register in REGISTERS] == [[], []]
    followers = Followers(log, (), (VIEW,))
    followers.catch_up()
    with log.reading() as session:
        before = VIEW.page(session)
    rebuild_view(followers, VIEW)
    with log.reading() as session:
        assert VIEW.page(session) == before
    assert len(before) == 2


def test_capture_and_recovery_are_one_commit(log: EventLog, refunds: Refunds) -> None:
    claim_id = advanced(refunds)
    refunds.miss_promise(claim_id, date(2025, 6, 2))

    def capture_then_fail(tx: Any) -> None:
        capture_guarantee(tx, claim_id, date(2025, 6, 3))
        raise no.NothingGuaranteed(claim_no="on purpose")

    with pytest.raises(no.NothingGuaranteed):
        log.execute(capture_then_fail)
    assert log.load(Claim, claim_id).outstanding == cny("134.46")


def presented(claim_no: str, every: bool = True) -> Presented:
    return Presented(claim_no, "PEK", DAY, {1: 2, 2: 1}, "every_form" if every else "random_sample")


def test_customs_confirms_what_is_listed_unless_it_looks_and_finds_less() -> None:
    customs = SimulatedCustoms(sampled_percent=0)
    customs.pack("a", {1: 1, 2: 5})
    assert customs.verify(presented("a")).confirmed == {1: 1, 2: 1}
    customs.pack("b", {1: 1})
    assert customs.verify(presented("b", every=False)).confirmed == {1: 2, 2: 1}
    customs.refuse("c", "goods_used")
    assert customs.verify(presented("c")).confirmed == {1: 0, 2: 0}


def test_customs_answers_once() -> None:
    customs = SimulatedCustoms()
    first = customs.verify(presented("a"))
    customs.refuse("a", "goods_used")
    assert customs.verify(presented("a")) == first == customs.answer_to("a")
    assert customs.answer_to("b") is None


def test_about_one_small_form_in_five_is_looked_at() -> None:
    customs = SimulatedCustoms(sampled_percent=20)
    looked = sum(customs.inspects(presented(str(number), every=False)) for number in range(1000))
    assert 150 < looked < 250


def test_a_form_number_has_nineteen_digits_and_is_the_same_for_the_same_goods() -> None:
    number = form_no(DAY, UUID(int=1))
    assert (len(number), number[:8]) == (19, "20250515")
    assert number == form_no(DAY, UUID(int=1)) != form_no(DAY, UUID(int=2))


def in_taipei(day: date, entered: date, order: int) -> Opening:
    """40,000 dollars on site, of the 48,000 a store may in a day, the 120,000 of a trip and the 240,000 of a year."""
    purchase = bought(
        order=order,
        store=Store("TW", "TW"),
        mode="onsite_small_amount",
        traveller=Traveller("passport", entered),
        lines=(PurchaseLine(1, Money(40_000, "TWD"), Decimal("0.05"), order_id=UUID(int=order)),),
        purchased_on=day,
    )
    return opening(order=order, purchase=purchase)


def test_a_trip_and_a_year_are_added_up_over_forms_of_other_days(log: EventLog, refunds: Refunds) -> None:
    first_trip, second_trip = date(2025, 5, 1), date(2025, 8, 1)
    for order, day in enumerate((date(2025, 5, 1), date(2025, 5, 2), date(2025, 5, 3)), 1):
        refunds.open(in_taipei(day, first_trip, order))
    with pytest.raises(why.AboveTripLimit):
        refunds.open(in_taipei(date(2025, 5, 4), first_trip, 4))
    for order, day in enumerate((date(2025, 8, 1), date(2025, 8, 2), date(2025, 8, 3)), 5):
        refunds.open(in_taipei(day, second_trip, order))
    found = refunds.assess(in_taipei(date(2025, 12, 1), date(2025, 12, 1), 9).purchase, STORE, UUID(int=40))
    assert [type(problem) for problem in found.problems] == [why.AboveYearLimit]
    assert refunds.assess(in_taipei(date(2026, 1, 1), date(2026, 1, 1), 9).purchase, STORE, UUID(int=40)).problems == ()


def test_where_a_deposit_is_asked_nothing_is_advanced_against_less(refunds: Refunds) -> None:
    taipei = Purchase(
        store=Store("TW", "TW"),
        mode="downtown",
        traveller=Traveller("passport", date(2026, 7, 20)),
        lines=(PurchaseLine(1, Money(21_000, "TWD"), Decimal("0.05"), order_id=UUID(int=1), order_line_no=1),),
        purchased_on=(day := date(2026, 8, 1)),
    )
    claim_id = refunds.open(opening(purchase=taipei)).result
    refunds.agree(claim_id, day, "agency")
    refunds.record_hold(claim_id, Money(1_469, "TWD"), "pi_1", "card_hold", UNTIL, day)
    with pytest.raises(no.GuaranteeTooSmall) as refused:
        refunds.record_advance(claim_id, "cash", day)
    assert (str(refused.value.needed), str(refused.value.guaranteed)) == ("1470 TWD", "1469 TWD")
    refunds.release(claim_id, day)
    refunds.record_hold(claim_id, Money(1_470, "TWD"), "pi_2", "card_hold", UNTIL, day)
    refunds.record_advance(claim_id, "cash", day)
    refunds.miss_promise(claim_id, date(2026, 8, 22))
    assert str(refunds.capture(claim_id, date(2026, 8, 22)).result) == "860 TWD"
