"""A paid piece gets one certificate; a returned one loses it before it can be sold again."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from souvenir.certificates.certificate import Certificate, CertificateNotRevoked, certificate_id, verify_certificate
from souvenir.certificates.registers import CertificateRegister
from souvenir.certificates.signing import SigningKeys
from souvenir.certificates.views import certificate_with, certificates_of, status_list
from souvenir.editions.application import Editions, return_piece, sell_piece
from souvenir.editions.piece import Piece, PieceReturned, piece_id
from souvenir.editions.registers import PieceRegister
from souvenir.eventlog import EventLog, Followers, Transaction
from souvenir.eventlog.rebuild import differences
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.errors import NotFound
from souvenir.kernel.money import Money
from souvenir.processes.certify import Certify
from souvenir.processes.clear_piece import ClearPiece, put_back
from souvenir.sales.line import OrderLine
from souvenir.sales.order import Channel, Order

EDITION = UUID("00000000-0000-0000-0000-00000000ed01")
SHOP = UUID(int=0x5A0)
FIRST, SECOND, RETURN = UUID(int=0xF1), UUID(int=0xF2), UUID(int=0x99)
TODAY = date(2026, 10, 1)
KEYS = SigningKeys.generate()
PRICE = Money(149400, "CNY")


@pytest.fixture
def followers(log: EventLog, editions: Editions) -> Followers:
    return Followers(log, (Certify(KEYS, {"en": "Enamel Factory"}, "https://id.example.cn"),), ())


def line(line_no: int, number: int | None) -> OrderLine:
    return OrderLine(
        line_no=line_no,
        product_id=UUID(int=9),
        sku="VASE-01",
        name={"en": "Enamel vase"},
        category="enamelware",
        quantity=1,
        unit_price=PRICE,
        gross=PRICE,
        vat_rate=Decimal("0.13"),
        vat=PRICE.tax_within(Decimal("0.13")),
        edition_id=EDITION if number else None,
        number=number,
    )


def buy(log: EventLog, order_id: UUID, *numbers: int | None) -> None:
    def command(tx: Transaction) -> None:
        lines = [line(place, number) for place, number in enumerate(numbers, 1)]
        order = Order.place(
            order_id, order_no="A1", outlet_id=SHOP, channel=Channel.SHOP, till="1", lines=lines, currency="CNY",
            on=TODAY,
        )  # fmt: skip
        order.pay(UUID(int=5), "cash", order.due, TODAY)
        for number in filter(None, numbers):
            sell_piece(tx, EDITION, "numbered", number, order_id, TODAY, outlet_id=SHOP)
        tx.save(order)

    log.execute(command)


def bring_back(log: EventLog, order_id: UUID, line_no: int, number: int) -> None:
    def command(tx: Transaction) -> None:
        order = tx.get(Order, order_id)
        order.take_back(RETURN, {line_no: 1}, "cash", TODAY)
        return_piece(tx, EDITION, "numbered", number, order_id, RETURN, TODAY)
        tx.save(order)

    log.execute(command)


def certificate(log: EventLog, number: int, order_id: UUID) -> Certificate:
    return log.load(Certificate, certificate_id(piece_id(EDITION, "numbered", number), order_id))


def test_each_numbered_line_of_a_paid_order_gets_its_certificate_once(log: EventLog, followers: Followers):
    buy(log, FIRST, 17, None, 88)
    followers.catch_up()
    followers.catch_up()
    with log.reading() as session:
        issued = certificates_of(session, FIRST)
    seals = [log.load(Certificate, id).seal for id in issued]
    assert [seal.statement.number for seal in seals] == [17, 88]
    assert len({seal.statement.serial for seal in seals}) == 2
    verdict = verify_certificate(seals[0].link, KEYS.public)
    assert (verdict.number, verdict.size, verdict.gtin) == (17, 500, "06901234567892")
    assert seals[0].statement.proofs.artists == 20
    with log.reading() as session:
        assert certificate_with(session, "06901234567892", seals[0].statement.serial) == issued[0]
        with pytest.raises(NotFound):
            certificate_with(session, "06901234567892", "NOSUCHSERIAL")


def test_a_returned_piece_is_sold_again_only_after_its_certificate_was_revoked(log: EventLog, followers: Followers):
    buy(log, FIRST, 17)
    followers.catch_up()
    bring_back(log, FIRST, 1, 17)
    with pytest.raises(PieceReturned):
        buy(log, SECOND, 17)
    followers.catch_up()
    assert certificate(log, 17, FIRST).revoked_on == TODAY
    buy(log, SECOND, 17)
    followers.catch_up()
    first, second = certificate(log, 17, FIRST).seal.statement, certificate(log, 17, SECOND).seal.statement
    assert first.serial != second.serial
    with log.reading() as session:
        status = status_list(session, first.gtin, datetime.fromisoformat("2026-10-01T12:00:00Z"))
        active = session.rows("SELECT order_id FROM certificates WHERE status = 'active'")
    assert active == [(str(SECOND),)]
    assert verify_certificate(certificate(log, 17, FIRST).seal.link, KEYS.public, status).freshness == "revoked"
    assert verify_certificate(certificate(log, 17, SECOND).seal.link, KEYS.public, status).freshness == "active"


def test_the_revocation_and_the_freeing_are_one_commit_and_in_that_order(log: EventLog, followers: Followers):
    buy(log, FIRST, 17)
    bring_back(log, FIRST, 1, 17)
    followers.catch_up()
    topics = [type(r.event).TOPIC for r in log.events() if type(r.event).TOPIC.startswith("editions.")][-5:]
    assert topics == [
        "editions.PieceSold",
        "editions.PieceReturned",
        "editions.CertificateIssued",
        "editions.CertificateRevoked",
        "editions.PiecePutBack",
    ]


def test_a_piece_is_not_freed_while_its_certificate_stands(log: EventLog, editions: Editions, followers: Followers):
    buy(log, FIRST, 17)
    followers.catch_up()
    log.execute(lambda tx: return_piece(tx, EDITION, "numbered", 17, FIRST, RETURN, TODAY))
    before = log.head()
    with pytest.raises(CertificateNotRevoked):
        ClearPiece(log).put_back(EDITION, 17)
    with pytest.raises(CertificateNotRevoked):
        ClearPiece(log).retire(EDITION, 17, "broken", "QC-118", TODAY)
    assert log.head() == before


def test_a_piece_nobody_is_to_have_after_a_return_is_taken_out_with_its_certificate_revoked(
    log: EventLog, at_noon: SettableClock, declare: Callable[..., UUID]
):
    editions = Editions(log)
    declare(editions, returns="retire")
    editions.allot(EDITION, SHOP, 1, 20)
    editions.release(EDITION)
    followers = Followers(log, (Certify(KEYS, {"en": "Enamel Factory"}, "https://id.example.cn"),), ())
    buy(log, FIRST, 17)
    bring_back(log, FIRST, 1, 17)
    for _ in range(2):
        followers.catch_up()
    assert certificate(log, 17, FIRST).revoked_on == TODAY
    (retired,) = [one.event for one in log.events() if isinstance(one.event, Piece.Retired)]
    assert (retired.reason, retired.evidence) == ("returned", f"return {RETURN}")
    assert differences(log, PieceRegister()) == []


def test_a_piece_that_wants_inspection_waits_for_staff(
    log: EventLog, at_noon: SettableClock, declare: Callable[..., UUID]
):
    editions = Editions(log)
    declare(editions, returns="inspect")
    editions.allot(EDITION, SHOP, 1, 20)
    editions.release(EDITION)
    followers = Followers(log, (Certify(KEYS, {"en": "Enamel Factory"}, "https://id.example.cn"),), ())
    buy(log, FIRST, 17)
    bring_back(log, FIRST, 1, 17)
    followers.catch_up()
    assert certificate(log, 17, FIRST).revoked_on == TODAY
    assert log.load(Piece, piece_id(EDITION, "numbered", 17)).standing == "returned"
    ClearPiece(log).put_back(EDITION, 17)
    ClearPiece(log).put_back(EDITION, 17)
    assert log.load(Piece, piece_id(EDITION, "numbered", 17)).standing == "free"


@pytest.fixture
def memory(at_noon: SettableClock) -> Iterator[EventLog]:
    log = EventLog.open("sqlite://", registers=(PieceRegister(), CertificateRegister()))
    yield log
    log.close()


def test_putting_back_what_nobody_touched_records_nothing(memory: EventLog, declare: Callable[..., UUID]):
    declare(Editions(memory))
    before = memory.head()
    memory.execute(lambda tx: put_back(tx, EDITION, "numbered", 3))
    assert memory.head() == before
