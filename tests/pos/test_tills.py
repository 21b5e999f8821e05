"""A till has one device and one open shift at a time; a device gets its token once, and loses it at once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from souvenir.access.application import Access
from souvenir.access.caller import Caller
from souvenir.access.registers import Credentials, StaffRoll
from souvenir.eventlog import EventLog, Followers
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.errors import NotFound
from souvenir.kernel.money import CurrencyMismatch, Money
from souvenir.payments.registers import CounterPayments
from souvenir.pos.application import Tills
from souvenir.pos.device import (
    DeviceNotEnrolled,
    DeviceRevoked,
    PairingCodeExpired,
    PairingCodeUnknown,
    TillHasDevice,
)
from souvenir.pos.registers import ParkedSales, TillDevices, TillShifts
from souvenir.pos.shift import BusinessDateBehind, Denomination, NoOpenShift, Shift, ShiftAlreadyOpen
from souvenir.pos.views import TillBook
from souvenir.processes.cash_up import CashUp, Drawers
from souvenir.processes.enrol_device import Enrolment, enrol_device, expect_device, revoke_device
from souvenir.processes.trading_day import BusinessDateAhead, NotTheShiftsDate, shop_with, trading_day
from souvenir.sites.application import Sites
from souvenir.sites.outlet import TillNotInstalled

SECRET = b"0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
WANG = UUID("00000000-0000-0000-0000-000000000007")
MAY_1, MAY_2 = date(2026, 5, 1), date(2026, 5, 2)
FLOAT = Money(50000, "CNY")


@pytest.fixture
def now() -> Iterator[SettableClock]:
    now = SettableClock(NOON)
    with clock.using(now):
        yield now


@pytest.fixture
def log(store_url: str) -> Iterator[EventLog]:
    tills = (TillDevices(), TillShifts(), ParkedSales(), Drawers(), CounterPayments())
    log = EventLog.open(store_url, registers=(Credentials(), StaffRoll(), *tills))
    yield log
    log.close()


@pytest.fixture
def shop(log: EventLog) -> UUID:
    sites = Sites(log)
    committed = sites.open_outlet(
        code="BJ-01",
        kind="shop",
        name={"en": "Gift shop"},
        site_id=None,
        region="CN-BJ",
        time_zone="Asia/Shanghai",
        currency="CNY",
    )
    sites.install_till(committed.result, "1")
    sites.install_till(committed.result, "2")
    return committed.result


def counted(yuan: int) -> list[Denomination]:
    return [Denomination(value=Money(100, "CNY"), count=yuan)]


def pair(log: EventLog, shop: UUID, till: str = "1") -> Enrolment:
    return enrol_device(log, expect_device(log, shop, till).result.code).result


def test_a_paired_device_enters_at_its_till_and_nowhere_else(log: EventLog, shop: UUID):
    tablet = pair(log, shop)
    access = Access(log, SECRET)
    assert access.authenticate("pos", tablet.token) == Caller("pos", tablet.device_id, ("device",), shop, "1")
    assert access.authenticate("backoffice", tablet.token) is None


def test_a_pairing_code_is_good_once(log: EventLog, shop: UUID):
    code = expect_device(log, shop, "1").result.code
    assert enrol_device(log, code.lower().replace("-", " ")).result.till == "1"
    count = len(list(log.events()))
    for again in (code, "K7QM-2XHT", ""):
        with pytest.raises(PairingCodeUnknown):
            enrol_device(log, again)
    assert len(list(log.events())) == count


def test_a_pairing_code_ends_after_a_quarter_of_an_hour(log: EventLog, shop: UUID, now: SettableClock):
    code = expect_device(log, shop, "1").result.code
    now.move_to(NOON + timedelta(minutes=15))
    with pytest.raises(PairingCodeExpired):
        enrol_device(log, code)


def test_a_till_has_one_device(log: EventLog, shop: UUID):
    waiting = expect_device(log, shop, "1").result
    tablet = pair(log, shop, "1")
    with pytest.raises(TillHasDevice):
        enrol_device(log, waiting.code)
    with pytest.raises(TillHasDevice):
        expect_device(log, shop, "1")
    revoke_device(log, tablet.device_id, "replaced")
    assert enrol_device(log, waiting.code).result.till == "1"


def test_a_device_is_expected_only_where_a_till_is(log: EventLog, shop: UUID):
    with pytest.raises(TillNotInstalled):
        expect_device(log, shop, "3")
    with pytest.raises(NotFound):
        expect_device(log, WANG, "1")


def test_a_revoked_device_loses_its_token_at_once(log: EventLog, shop: UUID):
    tablet = pair(log, shop)
    revoke_device(log, tablet.device_id, "stolen")
    count = len(list(log.events()))
    revoke_device(log, tablet.device_id, "stolen")
    assert len(list(log.events())) == count
    assert Access(log, SECRET).authenticate("pos", tablet.token) is None
    with pytest.raises(DeviceRevoked):
        CashUp(log).open(tablet.device_id, WANG, MAY_1, FLOAT)


def test_a_code_that_was_withdrawn_pairs_nothing(log: EventLog, shop: UUID):
    waiting = expect_device(log, shop, "1").result
    with pytest.raises(DeviceNotEnrolled):
        CashUp(log).open(waiting.device_id, WANG, MAY_1, FLOAT)
    revoke_device(log, waiting.device_id, "misread aloud")
    with pytest.raises(PairingCodeUnknown):
        enrol_device(log, waiting.code)


def test_shifts_of_a_till_are_numbered_without_gaps_one_open_at_a_time(log: EventLog, shop: UUID):
    tablet = pair(log, shop)
    first = CashUp(log).open(tablet.device_id, WANG, MAY_1, FLOAT).result
    assert CashUp(log).open(tablet.device_id, WANG, MAY_1, FLOAT).result == first
    with pytest.raises(ShiftAlreadyOpen, match="shift 1 open, for 2026-05-01"):
        CashUp(log).open(tablet.device_id, WANG, MAY_2, FLOAT)
    CashUp(log).close(tablet.device_id, counted(500), WANG)
    with pytest.raises(BusinessDateBehind):
        CashUp(log).open(tablet.device_id, WANG, date(2026, 4, 30), FLOAT)
    second = CashUp(log).open(tablet.device_id, WANG, MAY_2, FLOAT).result
    assert log.load(Shift, second).shift_no == 2
    assert second != first


def test_what_is_done_at_a_till_counts_for_its_open_shift_and_is_refused_without_one(
    log: EventLog, shop: UUID, now: SettableClock
):
    tablet = pair(log, shop)

    def day(till: str, asked: date | None = None) -> date:
        return log.execute(lambda tx: trading_day(tx, shop_with(tx, shop, till), till, asked)).result

    with pytest.raises(NoOpenShift, match="Till 1 has no open shift"):
        day("1")
    CashUp(log).open(tablet.device_id, WANG, MAY_1, FLOAT)
    assert (day("1"), day("1", MAY_1)) == (MAY_1, MAY_1)
    with pytest.raises(NotTheShiftsDate, match="trades for 2026-05-01"):
        day("1", MAY_2)
    with pytest.raises(NoOpenShift):
        day("2")
    CashUp(log).close(tablet.device_id, counted(500), WANG)
    with pytest.raises(NoOpenShift):
        day("1")
    Sites(log).set_shift_rule(shop, trades_without_shift=True)
    assert (day("1"), day("2", date(2026, 4, 30))) == (MAY_1, date(2026, 4, 30))


def test_a_shift_opens_in_the_outlets_currency_and_for_no_day_after_tomorrow(
    log: EventLog, shop: UUID, now: SettableClock
):
    tablet = pair(log, shop)
    head = log.head()
    with pytest.raises(CurrencyMismatch):
        CashUp(log).open(tablet.device_id, WANG, MAY_1, Money(50000, "USD"))
    with pytest.raises(BusinessDateAhead, match="Today is 2026-05-01: no till trades for 2062-05-01 yet"):
        CashUp(log).open(tablet.device_id, WANG, date(2062, 5, 1), FLOAT)
    assert log.head() == head
    CashUp(log).open(tablet.device_id, WANG, MAY_2, FLOAT)


def test_the_till_book_shows_devices_and_shifts(log: EventLog, shop: UUID):
    book, tills = TillBook(), Tills(log)
    followers = Followers(log, processes=(), views=(book,))
    tablet, waiting = pair(log, shop, "1"), expect_device(log, shop, "2").result
    first = CashUp(log).open(tablet.device_id, WANG, MAY_1, FLOAT).result
    tills.move_cash(tablet.device_id, UUID(int=1), "float", Money(10100, "CNY"), "change", WANG)
    CashUp(log).close(tablet.device_id, counted(600), WANG)
    second = CashUp(log).open(tablet.device_id, WANG, MAY_2, FLOAT).result
    revoke_device(log, waiting.device_id, "not needed")
    followers.catch_up()
    with log.reading() as session:
        assert [(device.till, device.state) for device in book.devices(session, shop)] == [
            ("1", "enrolled"),
            ("2", "revoked"),
        ]
        closed = book.shift(session, first)
        assert closed is not None
        assert (closed.counted, closed.difference) == (Money(60000, "CNY"), Money(-100, "CNY"))
        assert [shift.id for shift in book.shifts(session, shop, "1")] == [first, second]
        assert [shift.counted for shift in book.shifts(session, shop, "1", after=1)] == [None]
        assert book.shift(session, shop) is None
