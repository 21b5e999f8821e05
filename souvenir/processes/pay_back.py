"""Pay back: what a provider could not give back reaches its owner another way, once; the books follow."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound, SouvenirError
from souvenir.kernel.money import Money
from souvenir.ledger.postings import tender_account
from souvenir.payments.collection import Collection
from souvenir.payments.hold import Hold
from souvenir.payments.payment import Payment
from souvenir.payments.registers import ToReturn, money_to_return, owner_to_pay


class NothingToReturn(SouvenirError):
    message = "Nothing under this id waits to be given back: it was given, or never owed."


@dataclass(frozen=True, slots=True)
class Owed:
    """Money that bounced, or that a provider declined to give back: of a claim's deposit or debt, or of an order."""

    id: UUID
    amount: Money
    provider: str
    reason: str
    since: datetime
    claim_id: UUID | None
    order_id: UUID | None


class PayBack:
    """The list of what people must pay, and the word that they did."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def owed(self, after: tuple[str, str] = ("", ""), limit: int = 100) -> list[Owed]:
        """What is to be given back another way, the longest owed first."""
        with self._log.reading() as session:
            rows = money_to_return(session, after, limit)
        return [self._owed(row) for row in rows]

    def record(self, id: UUID, tender: str, reference: str, on: date | None = None) -> Committed[UUID]:
        """Record that it was paid, by what and under which reference. Raises NothingToReturn or UnknownTender."""
        day = on or clock.now().date()
        tender_account(tender)

        def command(tx: Transaction) -> UUID:
            of = owner_to_pay(tx.session, id)
            if of is None:
                raise NothingToReturn()
            if of == id:
                about = _hold_or_debt(lambda kind: tx.get(kind, id))
                about.pay_back(tender, reference, day)
                tx.save(about)
            else:
                payment = tx.get(Payment, of)
                payment.pay_back(id, tender, reference, day)
                tx.save(payment)
            return id

        return self._log.execute(command)

    def _owed(self, row: ToReturn) -> Owed:
        since = datetime.fromisoformat(row.since)
        if row.of == row.id:
            about = _hold_or_debt(lambda kind: self._log.load(kind, row.id))
            amount = about.bounced or about.amount
            return Owed(row.id, amount, about.provider, row.reason, since, about.secures, None)
        payment = self._log.load(Payment, row.of)
        amount = payment.refunds_amounts[row.id]
        return Owed(row.id, amount, payment.provider, row.reason, since, None, payment.order_id)


def _hold_or_debt(get: Callable[[type[Hold | Collection]], Hold | Collection]) -> Hold | Collection:
    """What a claim has bounced money of."""
    try:
        return get(Hold)
    except NotFound:
        return get(Collection)
