"""Nobody has more of an edition than allowed, as far as is known when they buy; what is found out later is a case."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest

from souvenir.certificates.registers import CertificateRegister
from souvenir.editions.application import Editions, Leases, PurchaseLimits, return_piece, sell_leased, sell_piece
from souvenir.editions.purchase import (
    Evidence,
    IdentityNeeded,
    Limits,
    MalformedEvidence,
    Purchase,
    PurchaseLimitReached,
    purchase_id,
)
from souvenir.editions.registers import LimitRegister, PieceRegister
from souvenir.eventlog import EventLog
from souvenir.eventlog.rebuild import differences

EDITION, SHOP, ONLINE = UUID(int=0xED01), UUID(int=0x5A0), UUID(int=0xE0B)
MONDAY, TUESDAY = date(2026, 10, 5), date(2026, 10, 6)
PASSPORT = Evidence(version="2026-1", person=("passport-7",), household=("main-street",))
PHONE = Evidence(version="2026-1", person=("phone-9",))
BOTH = Evidence(version="2026-1", person=("passport-7", "phone-9"))


@pytest.fixture
def log(store_url: str, at_noon: object):
    log = EventLog.open(store_url, registers=(PieceRegister(), CertificateRegister(), LimitRegister()))
    yield log
    log.close()


@pytest.fixture
def limit(log: EventLog, declare: Callable[..., UUID]) -> Callable[..., PurchaseLimits]:
    def limit(**limits: int) -> PurchaseLimits:
        editions = Editions(log)
        declare(editions, edition_id=EDITION, size=20)
        editions.allot(EDITION, SHOP, 1, 10)
        editions.allot(EDITION, ONLINE, 11, 20)
        editions.limit(EDITION, Limits(**limits))
        editions.limit(EDITION, Limits(**limits))
        editions.release(EDITION)
        return PurchaseLimits(log)

    return limit


def buy(log: EventLog, number: int, order: int, on: date = MONDAY) -> None:
    outlet = SHOP if number <= 10 else ONLINE
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", number, UUID(int=order), on, outlet_id=outlet))


def cases(log: EventLog, order: int) -> set[str]:
    return {kind for _, kind in log.load(Purchase, purchase_id(UUID(int=order))).cases}


def refused(log: EventLog, number: int, order: int, on: date = MONDAY) -> str:
    head = log.head()
    with pytest.raises(PurchaseLimitReached) as refusal:
        buy(log, number, order, on)
    assert log.head() == head
    return refusal.value.facts["kind"]


def test_one_person_is_one_person_on_the_web_and_at_the_till(log: EventLog, limit: Callable[..., PurchaseLimits]):
    limits = limit(per_person=2)
    for order, evidence in ((1, PASSPORT), (2, BOTH), (3, PHONE), (4, PASSPORT)):
        limits.identify(UUID(int=order), evidence)
    buy(log, 1, order=1)
    buy(log, 1, order=1)
    buy(log, 11, order=2)
    buy(log, 12, order=3)
    assert refused(log, 13, order=4) == "person"
    assert refused(log, 2, order=3) == "person"
    assert differences(log, LimitRegister()) == []


def test_an_order_a_household_and_a_day_have_limits_of_their_own(log: EventLog, limit: Callable[..., PurchaseLimits]):
    limits = limit(per_order=2, per_household=3, per_person_a_day=2)
    spouse = Evidence(version="2026-1", person=("passport-8",), household=("main-street",))
    for order, evidence in ((1, PASSPORT), (2, PASSPORT), (3, spouse), (4, PHONE)):
        limits.identify(UUID(int=order), evidence)
    buy(log, 1, order=1)
    buy(log, 2, order=1)
    assert refused(log, 3, order=1) == "order"
    assert refused(log, 3, order=2) == "person a day"
    buy(log, 3, order=2, on=TUESDAY)
    assert refused(log, 4, order=3, on=TUESDAY) == "household"
    buy(log, 4, order=4)


def test_who_is_not_identified_buys_nothing_that_is_limited(log: EventLog, limit: Callable[..., PurchaseLimits]):
    limit(per_person=1)
    head = log.head()
    with pytest.raises(IdentityNeeded):
        buy(log, 1, order=1)
    assert log.head() == head


def test_hashes_made_by_other_rules_never_match(log: EventLog, limit: Callable[..., PurchaseLimits]):
    limits = limit(per_person=1)
    limits.identify(UUID(int=1), PASSPORT)
    limits.identify(UUID(int=2), Evidence(version="2027-1", person=("passport-7",)))
    buy(log, 1, order=1)
    buy(log, 2, order=2)


def test_a_later_discovery_raises_a_case_and_leaves_the_sales(log: EventLog, limit: Callable[..., PurchaseLimits]):
    limits = limit(per_person=1)
    limits.identify(UUID(int=1), PASSPORT)
    limits.identify(UUID(int=2), PHONE)
    buy(log, 1, order=1)
    buy(log, 11, order=2)
    for _ in range(2):
        limits.discover(UUID(int=2), PASSPORT)
    assert (cases(log, 1), cases(log, 2)) == (set(), {"person"})
    assert log.load(Purchase, purchase_id(UUID(int=2))).bought[0].number == 11
    head = log.head()
    limits.discover(UUID(int=2), PASSPORT)
    assert log.head() == head
    assert differences(log, LimitRegister()) == []


def test_a_sale_made_offline_is_a_case_too(
    log: EventLog, limit: Callable[..., PurchaseLimits], in_minutes: Callable[[float], object]
):
    limits = limit(per_person=1)
    lease = Leases(log).grant(EDITION, SHOP, UUID(int=3), 2, in_minutes(60), device_is_revoked=False).result
    for order in (1, 2):
        limits.identify(UUID(int=order), PASSPORT)
    buy(log, 11, order=1)
    assert log.execute(lambda tx: sell_leased(tx, lease.id, 1, UUID(int=2), MONDAY)).result
    assert cases(log, 2) == {"person"}


def test_an_offline_sale_to_nobody_knows_whom_counts_once_it_is_known(
    log: EventLog, limit: Callable[..., PurchaseLimits], in_minutes: Callable[[float], object]
):
    limits = limit(per_person=1)
    lease = Leases(log).grant(EDITION, SHOP, UUID(int=3), 2, in_minutes(60), device_is_revoked=False).result
    assert log.execute(lambda tx: sell_leased(tx, lease.id, 1, UUID(int=2), MONDAY)).result
    limits.identify(UUID(int=1), PASSPORT)
    buy(log, 11, order=1)
    assert cases(log, 2) == set()
    limits.discover(UUID(int=2), PASSPORT)
    assert cases(log, 2) == {"person"}
    assert differences(log, LimitRegister()) == []


def test_who_says_more_about_themselves_after_buying_is_weighed_again(
    log: EventLog, limit: Callable[..., PurchaseLimits]
):
    limits = limit(per_person=1)
    limits.identify(UUID(int=1), PASSPORT)
    limits.identify(UUID(int=2), PHONE)
    buy(log, 1, order=1)
    buy(log, 11, order=2)
    limits.identify(UUID(int=2), PASSPORT)
    assert cases(log, 2) == {"person"}


def test_who_shares_a_key_with_two_buyers_is_one_with_both(log: EventLog, limit: Callable[..., PurchaseLimits]):
    limits = limit(per_person=2, per_person_a_day=3)
    for order, evidence in ((1, PASSPORT), (2, PHONE), (3, BOTH)):
        limits.identify(UUID(int=order), evidence)
    buy(log, 1, order=1)
    buy(log, 2, order=2)
    assert refused(log, 3, order=3) == "person"
    log.execute(lambda tx: return_piece(tx, EDITION, "numbered", 2, UUID(int=2), UUID(int=99), MONDAY))
    buy(log, 3, order=3)
    assert differences(log, LimitRegister()) == []


def test_what_is_returned_counts_no_more(log: EventLog, limit: Callable[..., PurchaseLimits]):
    limits = limit(per_person=1)
    for order in (1, 2):
        limits.identify(UUID(int=order), PASSPORT)
    buy(log, 1, order=1)
    for _ in range(2):
        log.execute(lambda tx: return_piece(tx, EDITION, "numbered", 1, UUID(int=1), UUID(int=99), MONDAY))
    buy(log, 2, order=2)
    assert differences(log, LimitRegister()) == []


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(version="2026-1"),
        Evidence(version="", person=("a",)),
        Evidence(version="1", person=("",)),
        Evidence(version="1", person=tuple(map(str, range(21)))),
    ],
)
def test_evidence_that_says_nothing_or_too_much_is_refused(
    log: EventLog, limit: Callable[..., PurchaseLimits], evidence: Evidence
):
    limits = limit(per_person=1)
    head = log.head()
    with pytest.raises(MalformedEvidence):
        limits.identify(UUID(int=1), evidence)
    assert log.head() == head
