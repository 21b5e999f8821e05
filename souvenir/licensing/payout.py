"""A payout instruction: what a stated amount is paid by. It says who, how much, when and for which statement, once."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from souvenir.kernel.money import Money
from souvenir.licensing.statement import Statement


@dataclass(frozen=True, slots=True)
class PayoutInstruction:
    """One payment to a licensor. `key` is the statement's id: a provider that has paid under it pays nothing again.

    `tax` is what goes to the tax office beside it. `statement_digest` lets whoever pays check what is paid for.
    """

    key: UUID
    payee: str
    amount: Money
    tax: Money
    due_on: date
    text: str
    statement_digest: str


def payout_of(statement: Statement) -> PayoutInstruction | None:
    """The payment a statement asks for; None if it asks for nothing."""
    header = statement.header
    if not header.due.amount and not header.due.tax:
        return None
    return PayoutInstruction(
        key=statement.id,
        payee=header.licensor,
        amount=header.due.amount,
        tax=header.due.tax,
        due_on=header.due.on,
        text=f"{header.contract_no} {header.period}",
        statement_digest=statement.digest,
    )
