"""Whatever is done to an edition in whatever order, it agrees with a plain model: counts add up, no number goes twice."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from souvenir.certificates.certificate import Certificate, certificate_id
from souvenir.certificates.registers import CertificateRegister
from souvenir.certificates.signing import SigningKeys
from souvenir.editions.application import (
    Editions,
    release_hold,
    return_piece,
    sell_piece,
    take_next,
    take_number,
)
from souvenir.editions.piece import Piece, piece_id
from souvenir.editions.registers import PieceRegister
from souvenir.editions.views import availability
from souvenir.eventlog import EventLog
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.processes.certify import issue_certificate
from souvenir.processes.clear_piece import ClearPiece, put_back

NOON = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
TODAY = date(2026, 10, 1)
EDITION = UUID("00000000-0000-0000-0000-00000000ed01")
SHOP, ONLINE = UUID(int=0x5A0), UUID(int=0xE0B)
SIZE = 8
KEYS = SigningKeys.generate()

numbers = st.integers(1, SIZE)
outlets = st.sampled_from([SHOP, ONLINE])
holders = st.integers(1, 3).map(lambda n: UUID(int=n))
orders = st.integers(1, 4).map(lambda n: UUID(int=100 + n))
maybe_holders = st.none() | holders


class Pieces(RuleBasedStateMachine):
    """1 to 5 at the shop (1 reserved), 6 and 7 online, 8 not allotted; the model is a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = clock.SettableClock(NOON)
        self.previous = clock.use(self.clock)
        self.log = EventLog.open("sqlite://", registers=(PieceRegister(), CertificateRegister()))
        self.editions = Editions(self.log)
        self.editions.declare(
            edition_id=EDITION,
            product_id=UUID(int=9),
            gtin="6901234567892",
            title={"en": "Vase"},
            size=SIZE,
            reserved=(1,),
        )
        self.editions.allot(EDITION, SHOP, 1, 5)
        self.editions.allot(EDITION, ONLINE, 6, 7)
        self.editions.release(EDITION)
        self.outlet = {number: SHOP if number <= 5 else ONLINE for number in range(1, 8)}
        self.holds: dict[int, tuple[UUID, datetime]] = {}
        self.sold: dict[int, UUID] = {}
        self.back: dict[int, UUID] = {}
        self.came_back: dict[int, set[UUID]] = {}
        self.retired: set[int] = set()

    def teardown(self) -> None:
        clock.use(self.previous)
        self.log.close()

    def agreed(self, command, allowed: bool):
        """Carry a command out: it must succeed exactly when the model allows it, and leave no trace otherwise."""
        before = self.log.head()
        try:
            result = self.log.execute(command).result
        except SouvenirError:
            assert not allowed
            assert self.log.head() == before
            return None
        assert allowed
        return result

    def holder_of(self, number: int) -> UUID | None:
        holder, until = self.holds.get(number, (None, NOON))
        return holder if until > self.clock() else None

    def gone(self, number: int) -> bool:
        return number in self.sold or number in self.back or number in self.retired

    def for_sale(self, number: int, outlet: UUID) -> bool:
        return number != 1 and self.outlet.get(number) == outlet and not self.gone(number)

    @rule(outlet=outlets, holder=holders, minutes=st.integers(1, 20))
    def take_the_next(self, outlet: UUID, holder: UUID, minutes: int) -> None:
        until = self.clock() + timedelta(minutes=minutes)
        open_ = {n for n in self.outlet if self.for_sale(n, outlet) and self.holder_of(n) is None}
        piece = self.agreed(lambda tx: take_next(tx, EDITION, outlet, holder, until), bool(open_))
        if piece is not None:
            assert piece.number in open_
            lapsed = {n: self.holds[n][1] for n in open_ if n in self.holds}
            assert lapsed[piece.number] == min(lapsed.values()) if lapsed else piece.number == min(open_)
            self.holds[piece.number] = (holder, until)

    @rule(number=numbers, outlet=outlets, holder=holders, minutes=st.integers(1, 20))
    def take_a_number(self, number: int, outlet: UUID, holder: UUID, minutes: int) -> None:
        until = self.clock() + timedelta(minutes=minutes)
        allowed = self.for_sale(number, outlet) and self.holder_of(number) in (None, holder)
        piece = self.agreed(lambda tx: take_number(tx, EDITION, outlet, number, holder, until), allowed)
        if piece is not None:
            kept = self.holds[number][1] if self.holder_of(number) == holder else until
            self.holds[number] = (holder, max(until, kept))

    @rule(number=numbers, holder=holders)
    def release_a_hold(self, number: int, holder: UUID) -> None:
        known = self.holds.get(number)
        allowed = known is None or known[0] == holder
        self.agreed(lambda tx: release_hold(tx, EDITION, "numbered", number, holder), allowed)
        if known and allowed:
            del self.holds[number]

    @rule(number=numbers, outlet=outlets, order=orders, holder=maybe_holders)
    def sell(self, number: int, outlet: UUID, order: UUID, holder: UUID | None) -> None:
        live = self.holder_of(number)
        again = self.sold.get(number) == order
        new = order not in self.came_back.get(number, set())
        direct = new and holder is None and live is None and self.for_sale(number, outlet)
        on_hold = new and holder is not None and live == holder
        self.agreed(
            lambda tx: sell_piece(tx, EDITION, "numbered", number, order, TODAY, holder, outlet_id=outlet),
            again or direct or on_hold,
        )
        if direct or on_hold:
            assert number not in self.sold
            self.sold[number] = order
            self.holds.pop(number, None)
            self.agreed(lambda tx: self.certify(tx, number, order), True)

    @staticmethod
    def certify(tx, number: int, order: UUID) -> None:
        facts = {"keys": KEYS, "issuer": {"en": "Kiln"}, "resolver": "https://id.example.cn"}
        issue_certificate(tx, EDITION, "numbered", number, order, TODAY, **facts)

    @rule(number=numbers, order=orders, by_its_buyer=st.booleans())
    def take_back(self, number: int, order: UUID, by_its_buyer: bool) -> None:
        order = self.sold.get(number, order) if by_its_buyer else order
        allowed = self.sold.get(number) == order
        return_id = UUID(int=self.log.head() + 1000)
        self.agreed(lambda tx: return_piece(tx, EDITION, "numbered", number, order, return_id, TODAY), allowed)
        if allowed:
            self.back[number] = self.sold.pop(number)
            self.came_back.setdefault(number, set()).add(order)

    @rule(number=numbers, revoke_first=st.booleans())
    def put_it_back(self, number: int, revoke_first: bool) -> None:
        order = self.back.get(number)
        if order is None:
            return

        def command(tx) -> None:
            if revoke_first:
                certificate = tx.get(Certificate, certificate_id(piece_id(EDITION, "numbered", number), order))
                certificate.revoke("returned", TODAY)
                tx.save(certificate)
            put_back(tx, EDITION, "numbered", number)

        self.agreed(command, revoke_first)
        if revoke_first:
            del self.back[number]

    @rule(number=numbers)
    def retire(self, number: int) -> None:
        allowed = number not in self.sold and number not in self.back and self.holder_of(number) is None
        before = self.log.head()
        try:
            ClearPiece(self.log).retire(EDITION, number, "broken", "QC-1", TODAY)
        except SouvenirError:
            assert not allowed
            assert self.log.head() == before
            return
        assert allowed
        self.retired.add(number)
        self.holds.pop(number, None)

    @rule(minutes=st.integers(1, 15))
    def time_passes(self, minutes: int) -> None:
        self.clock.move_to(self.clock() + timedelta(minutes=minutes))

    @invariant()
    def the_counts_add_up(self) -> None:
        with self.log.reading() as session:
            left = availability(session, EDITION, SIZE, self.clock())
        assert left.authorised == left.unallotted + sum(outlet.allotted for outlet in left.outlets)
        assert left.count("sold") == len(self.sold)
        assert left.count("returned") == len(self.back)
        assert left.count("retired") == len(self.retired)
        assert left.count("held") == sum(self.holder_of(number) is not None for number in self.holds)
        assert left.count("reserved") == (0 if 1 in self.retired else 1)

    @invariant()
    def one_active_certificate_per_sold_number(self) -> None:
        with self.log.reading() as session:
            rows = session.rows("SELECT number FROM certificates WHERE status = 'active' ORDER BY number")
        assert [number for (number,) in rows] == sorted({*self.sold, *self.back})

    @invariant()
    def history_replays_to_the_same_state(self) -> None:
        for number in range(1, SIZE + 1):
            known = piece_id(EDITION, "numbered", number)
            found = [event for event in (r.event for r in self.log.events()) if event.originator_id == known]
            if found:
                piece = self.log.load(Piece, known)
                assert (piece.order_id if piece.standing == "sold" else None) == self.sold.get(number)

    @invariant()
    def the_register_is_what_the_log_says(self) -> None:
        fresh = EventLog.open("sqlite://", registers=(PieceRegister(), CertificateRegister()))
        with fresh.store.writing() as rebuilt, self.log.reading() as live:
            for recorded in self.log.events():
                for register in fresh.registers:
                    register.apply(rebuilt, recorded.event)
            rebuilt.settle()
            for table in ("pieces", "piece_counts", "edition_terms", "certificates"):
                rows = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
                assert rebuilt.rows(rows) == live.rows(rows)
        fresh.close()


TestPieces = Pieces.TestCase
TestPieces.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
