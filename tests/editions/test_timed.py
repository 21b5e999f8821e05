"""A timed edition has no ceiling while its window is open; its size is fixed afterwards, and only then certified."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from souvenir.certificates.certificate import Certificate
from souvenir.certificates.registers import CertificateRegister
from souvenir.certificates.run import Run
from souvenir.certificates.signing import SigningKeys
from souvenir.certificates.views import certificates_of
from souvenir.editions.application import Editions, Leases, return_piece, sell_leased, sell_piece
from souvenir.editions.counts import EditionStillMoving
from souvenir.editions.edition import Edition, MalformedEdition
from souvenir.editions.lease import Lease
from souvenir.editions.registers import PieceRegister
from souvenir.editions.terms import EditionClosed, NumberNotForChoosing
from souvenir.editions.views import availability, piece_status
from souvenir.editions.window import SizeNotFixed, SoldAtOneOutlet, Window
from souvenir.eventlog import EventLog, Followers, Transaction
from souvenir.eventlog.rebuild import differences
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.money import Money
from souvenir.processes.certify import Certify
from souvenir.processes.clear_piece import put_back
from souvenir.sales.line import OrderLine
from souvenir.sales.order import Channel, Order

EDITION, SHOP, ONLINE = UUID(int=0xED7), UUID(int=0x5A0), UUID(int=0xE0B)
TODAY, LATER = date(2026, 10, 1), date(2026, 10, 9)
PRICE = Money(149400, "CNY")
InMinutes = Callable[[float], datetime]
KEYS = SigningKeys.generate()

CLOSES, FIXED_FROM = 60, 600
"""Minutes after noon."""


@pytest.fixture
def editions(log: EventLog, declare: Callable[..., UUID], in_minutes: InMinutes) -> Editions:
    """A timed edition, on sale online for an hour; the first three numbers are open."""
    editions = Editions(log)
    window = Window(closes_at=in_minutes(CLOSES), fixed_from=in_minutes(FIXED_FROM))
    declare(editions, edition_id=EDITION, size=0, numbering="sequential", window=window)
    editions.allot(EDITION, ONLINE, 1, 3)
    editions.release(EDITION)
    return editions


@pytest.fixture
def followers(log: EventLog, editions: Editions) -> Followers:
    return Followers(log, (Certify(KEYS, {"en": "Enamel Factory"}, "https://id.example.cn"),), ())


def buy(log: EventLog, editions: Editions, order: int, until: datetime) -> int:
    """Hold the next number, then buy it with an order of its own."""
    order_id = UUID(int=order)
    number = editions.hold(EDITION, ONLINE, order_id, until).result.number

    def command(tx: Transaction) -> None:
        line = OrderLine(
            line_no=1, product_id=UUID(int=9), sku="VASE-01", name={"en": "Enamel vase"}, category="enamelware",
            quantity=1, unit_price=PRICE, gross=PRICE, vat_rate=Decimal("0.13"), vat=PRICE.tax_within(Decimal("0.13")),
            edition_id=EDITION, number=number,
        )  # fmt: skip
        placed = Order.place(
            order_id, order_no=f"A{order}", outlet_id=ONLINE, channel=Channel.ONLINE, till=None, lines=[line],
            currency="CNY", on=TODAY,
        )  # fmt: skip
        placed.pay(UUID(int=5), "card", placed.due, TODAY)
        sell_piece(tx, EDITION, "numbered", number, order_id, TODAY, order_id, outlet_id=ONLINE)
        tx.save(placed)

    log.execute(command)
    return number


def cancel(log: EventLog, order: int, number: int) -> None:
    def command(tx: Transaction) -> None:
        placed = tx.get(Order, UUID(int=order))
        placed.take_back(UUID(int=order + 0x900), {1: 1}, "card", TODAY)
        return_piece(tx, EDITION, "numbered", number, placed.id, UUID(int=order + 0x900), TODAY)
        tx.save(placed)

    log.execute(command)


def issued(log: EventLog, order: int) -> list[Certificate]:
    with log.reading() as session:
        found = certificates_of(session, UUID(int=order))
    return [log.load(Certificate, id) for id in found]


def test_while_the_window_is_open_there_is_always_a_next_number(
    log: EventLog, editions: Editions, in_minutes: InMinutes
):
    assert [buy(log, editions, order, in_minutes(15)) for order in range(1, 6)] == [1, 2, 3, 4, 5]
    edition = log.load(Edition, EDITION)
    assert (edition.size, edition.size_open) == (0, True)
    assert [(mine.first, mine.last) for mine in edition.allotments] == [(1, 3), (4, 1003)]
    with log.reading() as session:
        assert availability(session, EDITION, 0, in_minutes(1)).unallotted == 0
    assert differences(log, PieceRegister()) == []


def test_at_the_end_of_the_window_nothing_is_taken_any_more_but_a_hold_is_honoured(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    at_noon.move_to(in_minutes(CLOSES - 1))
    held = UUID(int=7)
    editions.hold(EDITION, ONLINE, held, in_minutes(CLOSES + 14))
    at_noon.move_to(in_minutes(CLOSES))
    head = log.head()
    with pytest.raises(EditionClosed) as refusal:
        editions.hold(EDITION, ONLINE, UUID(int=8), in_minutes(CLOSES + 15))
    assert (refusal.value.facts["reason"], log.head()) == ("window over", head)
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 1, held, TODAY, held, outlet_id=ONLINE))


def test_the_size_is_fixed_after_the_time_to_cancel_and_only_then_are_pieces_certified(
    log: EventLog, editions: Editions, followers: Followers, at_noon: SettableClock, in_minutes: InMinutes
):
    for order in range(1, 6):
        buy(log, editions, order, in_minutes(15))
    followers.catch_up()
    assert issued(log, 1) == []
    cancel(log, 2, 2)
    cancel(log, 5, 5)
    followers.catch_up()
    at_noon.move_to(in_minutes(FIXED_FROM - 1))
    head = log.head()
    with pytest.raises(SizeNotFixed):
        editions.fix_size(EDITION, LATER)
    assert log.head() == head
    at_noon.move_to(in_minutes(FIXED_FROM))
    assert editions.fix_size(EDITION, LATER).result == 4
    followers.catch_up()
    (certificate,) = issued(log, 1)
    statement = certificate.seal.statement
    assert (statement.number, statement.size, statement.run, statement.issued_on) == (1, 4, 4, LATER)
    assert [len(issued(log, order)) for order in range(1, 6)] == [1, 0, 1, 1, 0]
    counts = editions.seal(EDITION, LATER).result
    assert [(c.authorised, c.sold, c.unsold) for c in counts if c.space == "numbered"] == [(4, 3, 1)]
    with log.reading() as session:
        assert availability(session, EDITION, 4, in_minutes(FIXED_FROM)).unallotted == 0
        assert piece_status(session, EDITION, 5, in_minutes(FIXED_FROM)) is None
    assert differences(log, PieceRegister()) == []


def test_a_till_that_was_offline_and_reports_a_number_beyond_the_size_has_a_case_and_holds_nothing_up(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    buy(log, editions, 1, in_minutes(15))
    lease = Leases(log).grant(EDITION, ONLINE, UUID(int=3), 2, in_minutes(60), device_is_revoked=False).result
    at_noon.move_to(in_minutes(FIXED_FROM))
    assert editions.fix_size(EDITION, LATER).result == 1
    assert not log.execute(lambda tx: sell_leased(tx, lease.id, 2, UUID(int=9), TODAY)).result
    assert log.load(Lease, lease.id).disputed == ((2, UUID(int=9)),)
    assert Leases(log).let_end() == 0
    assert differences(log, PieceRegister()) == []


def test_asking_for_the_size_twice_records_nothing_new(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    editions.hold(EDITION, ONLINE, UUID(int=7), in_minutes(15))
    at_noon.move_to(in_minutes(FIXED_FROM))
    assert editions.fix_size(EDITION, LATER).result == 0
    head = log.head()
    assert editions.fix_size(EDITION, LATER).result == 0
    assert log.head() == head
    assert differences(log, PieceRegister()) == []


def test_a_cancelled_number_is_given_to_the_next_buyer_who_alone_is_certified(
    log: EventLog, editions: Editions, followers: Followers, at_noon: SettableClock, in_minutes: InMinutes
):
    buy(log, editions, 1, in_minutes(15))
    cancel(log, 1, 1)
    log.execute(lambda tx: put_back(tx, EDITION, "numbered", 1))
    assert buy(log, editions, 2, in_minutes(15)) == 1
    followers.catch_up()
    at_noon.move_to(in_minutes(FIXED_FROM))
    assert editions.fix_size(EDITION, LATER).result == 1
    followers.catch_up()
    assert (issued(log, 1), len(issued(log, 2))) == ([], 1)


def test_a_piece_that_comes_back_after_the_size_was_fixed_loses_its_certificate_even_if_that_comes_late(
    log: EventLog, editions: Editions, followers: Followers, at_noon: SettableClock, in_minutes: InMinutes
):
    buy(log, editions, 1, in_minutes(15))
    at_noon.move_to(in_minutes(FIXED_FROM))
    editions.fix_size(EDITION, LATER)
    cancel(log, 1, 1)
    followers.catch_up()
    (certificate,) = issued(log, 1)
    assert certificate.standing == "revoked"


def test_what_is_still_on_its_way_back_keeps_the_size_open(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    buy(log, editions, 1, in_minutes(15))
    cancel(log, 1, 1)
    at_noon.move_to(in_minutes(FIXED_FROM))
    head = log.head()
    with pytest.raises(EditionStillMoving) as refusal:
        editions.fix_size(EDITION, LATER)
    assert (refusal.value.facts["moving"], log.head()) == (1, head)


def test_a_timed_edition_is_not_sealed_without_a_size(log: EventLog, editions: Editions):
    editions.close(EDITION, "withdrawn", TODAY)
    with pytest.raises(SizeNotFixed):
        editions.seal(EDITION, TODAY)


def test_its_numbers_have_no_gaps_for_they_are_given_at_one_outlet_and_in_order(log: EventLog, editions: Editions):
    head = log.head()
    with pytest.raises(SoldAtOneOutlet):
        editions.allot(EDITION, SHOP, 4, 10)
    with pytest.raises(SoldAtOneOutlet):
        editions.move(EDITION, ONLINE, SHOP, 1, 3)
    with pytest.raises(NumberNotForChoosing):
        log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 3, UUID(int=1), TODAY, outlet_id=ONLINE))
    assert log.head() == head


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"size": 10}, "declare 0"),
        ({"numbering": "choice"}, "in sequence"),
        ({"reserved": (1,)}, "none is reserved"),
        ({"closes": FIXED_FROM + 1}, "before its window closes"),
    ],
)
def test_what_contradicts_a_window_cannot_be_declared(
    log: EventLog, declare: Callable[..., UUID], in_minutes: InMinutes, changes: dict[str, int], why: str
):
    facts = {"size": 0, "numbering": "sequential", **changes}
    window = Window(closes_at=in_minutes(int(facts.pop("closes", CLOSES))), fixed_from=in_minutes(FIXED_FROM))
    with pytest.raises(MalformedEdition, match=why):
        declare(Editions(log), window=window, **facts)
    assert log.head() == 0


def run(log: EventLog, followers: Followers) -> list[str]:
    """What was recorded of the certificates, in order."""
    followers.catch_up()
    kinds = {Certificate.Issued: "issued", Certificate.Revoked: "revoked", Run.WentOn: "went on", Run.Finished: "done"}
    return [kinds[type(one.event)] for one in log.events() if type(one.event) in kinds]


def sold_out(
    log: EventLog, editions: Editions, followers: Followers, at_noon: SettableClock, in_minutes: InMinutes
) -> None:
    """Five are sold, and the size is fixed."""
    for order in range(1, 6):
        buy(log, editions, order, in_minutes(15))
    followers.catch_up()
    at_noon.move_to(in_minutes(FIXED_FROM))
    editions.fix_size(EDITION, LATER)


@pytest.fixture
def two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Certify, "pieces_at_once", 2)


def test_certificates_of_a_timed_edition_are_issued_batch_after_batch(
    log: EventLog,
    editions: Editions,
    followers: Followers,
    at_noon: SettableClock,
    in_minutes: InMinutes,
    two_at_once: None,
):
    sold_out(log, editions, followers, at_noon, in_minutes)
    assert run(log, followers) == ["issued", "issued", "went on", "issued", "issued", "went on", "issued", "done"]
    assert [len(issued(log, order)) for order in range(1, 6)] == [1, 1, 1, 1, 1]
    head = log.head()
    followers.catch_up()
    assert log.head() == head


def test_a_crash_between_two_batches_loses_no_certificate_and_repeats_none(
    log: EventLog,
    editions: Editions,
    followers: Followers,
    at_noon: SettableClock,
    in_minutes: InMinutes,
    two_at_once: None,
    monkeypatch: pytest.MonkeyPatch,
):
    class Killed(BaseException):
        pass

    made: list[int] = []

    def dies_at_the_fourth(self: Certify, *piece: object) -> Certificate:
        made.append(len(made))
        if len(made) == 4:
            raise Killed
        return whole(self, *piece)  # type: ignore[arg-type]

    whole = Certify._issue
    monkeypatch.setattr(Certify, "_issue", dies_at_the_fourth)
    sold_out(log, editions, followers, at_noon, in_minutes)
    with pytest.raises(Killed):
        followers.catch_up()
    assert sum(len(issued(log, order)) for order in range(1, 6)) == 2
    anew = Followers(log, (Certify(KEYS, {"en": "Enamel Factory"}, "https://id.example.cn"),), ())
    assert run(log, anew) == ["issued", "issued", "went on", "issued", "issued", "went on", "issued", "done"]
    assert [len(issued(log, order)) for order in range(1, 6)] == [1, 1, 1, 1, 1]


def test_a_piece_that_comes_back_before_its_turn_leaves_no_certificate_standing(
    log: EventLog,
    editions: Editions,
    followers: Followers,
    at_noon: SettableClock,
    in_minutes: InMinutes,
    two_at_once: None,
):
    sold_out(log, editions, followers, at_noon, in_minutes)
    cancel(log, 5, 5)
    assert run(log, followers).count("issued") == 5
    (returned,) = issued(log, 5)
    assert returned.standing == "revoked"
    with log.reading() as session:
        assert piece_status(session, EDITION, 5, in_minutes(FIXED_FROM)) == "free"
    assert differences(log, CertificateRegister()) == []
