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
from souvenir.kernel.money import Money
from souvenir.pos.application import Tills, open_shift_at
from souvenir.pos.device import (
    DeviceNotEnrolled,
    DeviceRevoked,
    PairingCodeExpired,
    PairingCodeUnknown,
    TillHasDevice,
)
from souvenir.pos.registers import TillDevices, TillShifts
from souvenir.pos.shift import BusinessDateBehind, Denomination, NoOpenShift, ShiftAlreadyOpen
from souvenir.pos.views import TillBook
from souvenir.processes.cash_up import CashUp, Drawers
from souvenir.processes.enrol_device import Enrolment, enrol_device, expect_device, revoke_device
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
    log = EventLog.open(store_url, registers=(Credentials(), StaffRoll(), TillDevices(), TillShifts(), Drawers()))
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
        Tills(log).open_shift(tablet.device_id, WANG, MAY_1, FLOAT)


def test_a_code_that_was_withdrawn_pairs_nothing(log: EventLog, shop: UUID):
    waiting = expect_device(log, shop, "1").result
    with pytest.raises(DeviceNotEnrolled):
        Tills(log).open_shift(waiting.device_id, WANG, MAY_1, FLOAT)
    revoke_device(log, waiting.device_id, "misread aloud")
    with pytest.raises(PairingCodeUnknown):
        enrol_device(log, waiting.code)


def test_shifts_of_a_till_are_numbered_without_gaps_one_open_at_a_time(log: EventLog, shop: UUID):
    tills, tablet = Tills(log), pair(log, shop)
    first = tills.open_shift(tablet.device_id, WANG, MAY_1, FLOAT).result
    assert tills.open_shift(tablet.device_id, WANG, MAY_1, FLOAT).result == first
    with pytest.raises(ShiftAlreadyOpen, match="shift 1 open, for 2026-05-01"):
        tills.open_shift(tablet.device_id, WANG, MAY_2, FLOAT)
    CashUp(log).close(tablet.device_id, counted(500), WANG)
    with pytest.raises(BusinessDateBehind):
        tills.open_shift(tablet.device_id, WANG, date(2026, 4, 30), FLOAT)
    second = tills.open_shift(tablet.device_id, WANG, MAY_2, FLOAT).result
    assert log.execute(lambda tx: open_shift_at(tx, shop, "1").shift_no).result == 2
    assert second != first


def test_a_sale_finds_the_business_date_of_the_open_shift_and_is_refused_without_one(log: EventLog, shop: UUID):
    tills, tablet = Tills(log), pair(log, shop)
    with pytest.raises(NoOpenShift):
        log.execute(lambda tx: open_shift_at(tx, shop, "1"))
    tills.open_shift(tablet.device_id, WANG, MAY_1, FLOAT)
    assert log.execute(lambda tx: open_shift_at(tx, shop, "1").business_date).result == MAY_1
    with pytest.raises(NoOpenShift):
        log.execute(lambda tx: open_shift_at(tx, shop, "2"))
    CashUp(log).close(tablet.device_id, counted(500), WANG)
    with pytest.raises(NoOpenShift):
        log.execute(lambda tx: open_shift_at(tx, shop, "1"))


def test_the_till_book_shows_devices_and_shifts(log: EventLog, shop: UUID):
    book, tills = TillBook(), Tills(log)
    followers = Followers(log, processes=(), views=(book,))
    tablet, waiting = pair(log, shop, "1"), expect_device(log, shop, "2").result
    first = tills.open_shift(tablet.device_id, WANG, MAY_1, FLOAT).result
    tills.move_cash(tablet.device_id, UUID(int=1), "float", Money(10100, "CNY"), "change", WANG)
    CashUp(log).close(tablet.device_id, counted(600), WANG)
    second = tills.open_shift(tablet.device_id, WANG, MAY_2, FLOAT).result
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
