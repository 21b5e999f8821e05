"""The chart of accounts: every account the books may use, what it holds, and which side it grows on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from typing import Final
from uuid import UUID

from souvenir.kernel.errors import SouvenirError


class UnknownAccount(SouvenirError):
    message = "{account!r} is not in the chart of accounts. The accounts of its kind: {known}."
    account: str
    known: str


class MalformedAccountPart(SouvenirError):
    message = "{part!r} cannot stand in an account name: use up to 64 letters, digits and hyphens, the first a digit or capital."
    part: str


class Kind(Enum):
    """The kinds of account, by the first word of their name."""

    ASSET = "Assets"
    LIABILITY = "Liabilities"
    EQUITY = "Equity"
    INCOME = "Income"
    EXPENSE = "Expenses"
    MEMO = "Memo"
    """Off the balance sheet: what is promised, not what is owned. Memo legs balance among themselves."""


class Side(Enum):
    DEBIT = "Dr"
    CREDIT = "Cr"


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the chart. A name such as "Liabilities:Royalty:*" opens one account per licence, till and so on."""

    name: str
    holds: str
    normal: Side

    @property
    def kind(self) -> Kind:
        return kind_of(self.name)


def _section(kind: Kind, normal: Side, accounts: dict[str, str]) -> Iterable[Account]:
    return (Account(f"{kind.value}:{name}", holds, normal) for name, holds in accounts.items())


CASH_SAFE: Final = "Assets:Cash:Safe"
BANK: Final = "Assets:Bank"
CARD: Final = "Assets:Clearing:Card"
WALLET: Final = "Assets:Clearing:Wallet"
SUSPENSE: Final = "Assets:Suspense:Tender"
EDITION_STOCK: Final = "Assets:Inventory:Edition"
GOODS_STOCK: Final = "Assets:Inventory:Goods"
PENDING_CUSTOMS: Final = "Assets:RefundAdvance:PendingCustoms"
TOURIST_RECOVERABLE: Final = "Assets:RefundAdvance:TouristRecoverable"
AGENCY_RECEIVABLE: Final = "Assets:Receivable:RefundAgency"
DISPUTES: Final = "Assets:Receivable:Disputes"
OUTPUT_VAT: Final = "Liabilities:VAT:Output"
WITHHELD_TAX: Final = "Liabilities:WHT"
DEPOSITS: Final = "Liabilities:Deposits:Edition"
GUARANTEE_DEPOSITS: Final = "Liabilities:Deposits:Guarantee"
GIFT_CARDS: Final = "Liabilities:GiftCards"
STORE_CREDIT: Final = "Liabilities:StoreCredit"
PENDING_SALES: Final = "Liabilities:PendingSales"
UNEARNED_FEE: Final = "Liabilities:UnearnedRefundFee"
AGENCY_FEE: Final = "Liabilities:AgencyFee"
CLAWBACK: Final = "Liabilities:RefundAgency:Clawback"
SALES: Final = "Income:Sales"
SALES_RETURNS: Final = "Income:SalesReturns"
COMMISSION: Final = "Income:RefundCommission"
FORFEITED: Final = "Income:ForfeitedDeposits"
BREAKAGE: Final = "Income:Breakage"
COST_OF_GOODS: Final = "Expenses:COGS"
ROYALTY_EXPENSE: Final = "Expenses:Royalty"
GUARANTEE_SHORTFALL: Final = "Expenses:Royalty:GuaranteeShortfall"
IMPAIRMENT: Final = "Expenses:Royalty:Impairment"
MARKETING_EXPENSE: Final = "Expenses:MarketingFund"
PAYMENT_FEES: Final = "Expenses:PaymentFees"
PETTY_CASH: Final = "Expenses:PettyCash"
OVER_SHORT: Final = "Expenses:CashOverShort"
CASH_ROUNDING: Final = "Expenses:CashRounding"
BAD_ADVANCES: Final = "Expenses:BadDebt:RefundAdvance"
SCRAP: Final = "Expenses:Scrap"
GUARANTEE_HELD: Final = "Memo:Guarantee:Held"
GUARANTEE_CONTRA: Final = "Memo:Guarantee:Contra"
AGENCY_REFUNDS: Final = "Memo:Refunds:ByAgency"
AGENCY_REFUNDS_CONTRA: Final = "Memo:Refunds:Contra"

CHART: Final[tuple[Account, ...]] = (
    *_section(
        Kind.ASSET,
        Side.DEBIT,
        {
            "Cash:Safe": "notes and coin in the safe",
            "Cash:Drawer:*:*": "notes and coin in one till's drawer, by outlet and till",
            "Cash:Drawer-*": "drawers by till alone, as entries before 2026-11-22 name them; nothing new is posted here",
            "Cash:InTransit": "cash between the safe and the bank",
            "Bank": "money at the bank",
            "Clearing:Card": "card payments the acquirer has yet to pay out",
            "Clearing:Wallet": "wallet payments the provider has yet to pay out",
            "Suspense:Tender": "payments whose answer is not known yet",
            "Inventory:Edition": "numbered pieces in stock, at cost",
            "Inventory:Goods": "open goods in stock, at cost",
            "PrepaidRoyalty:*": "an advance to a licensor, not yet recouped",
            "VAT:OnDeposits": "tax already due on deposits, where the law taxes prepayments",
            "RefundAdvance:PendingCustoms": "instant refunds advanced, customs not yet passed",
            "RefundAdvance:TouristRecoverable": "advances the traveller must pay back",
            "Receivable:RefundAgency": "verified refunds the refund agency owes us",
            "Receivable:Disputes": "captured guarantees in dispute with the card scheme",
        },
    ),
    *_section(
        Kind.LIABILITY,
        Side.CREDIT,
        {
            "VAT:Output": "value added tax on sales, owed to the state",
            "WHT": "tax withheld from payments abroad, owed to the state",
            "Deposits:Edition": "deposits on numbered pieces not yet delivered",
            "Deposits:Guarantee": "deposits behind refund advances, and what travellers paid back too much",
            "GiftCards": "unspent balances of gift cards",
            "StoreCredit": "unspent store credit",
            "PendingSales": "what was paid of sales not yet paid in full",
            "UnearnedRefundFee": "fees of instant refunds not yet verified by customs",
            "AgencyFee": "the refund agency's share of the fees",
            "RefundAgency:Clawback": "refunds repayable to the agency because goods came back",
            "Royalty:*": "royalty payable under one licence",
            "MarketingFund:*": "marketing fund payable under one licence",
        },
    ),
    *_section(
        Kind.INCOME,
        Side.CREDIT,
        {
            "Sales": "sales without tax",
            "RefundCommission": "our share of refund fees",
            "ForfeitedDeposits": "deposits of buyers who walked away",
            "Breakage": "expired remainders of gift cards",
        },
    ),
    Account("Equity:Opening", "what the books began with, brought in by the finance desk", Side.CREDIT),
    Account(SALES_RETURNS, "goods that came back: set against sales", Side.DEBIT),
    *_section(
        Kind.EXPENSE,
        Side.DEBIT,
        {
            "COGS": "cost of what was sold",
            "Royalty": "royalties earned by licensors",
            "Royalty:GuaranteeShortfall": "minimum guarantees beyond what was earned",
            "Royalty:Impairment": "advances that will not be recouped",
            "MarketingFund": "contributions to licensors' marketing funds",
            "PaymentFees": "fees of acquirers and wallets",
            "PettyCash": "small expenses paid out of a drawer",
            "CashOverShort": "counted less than expected; more is a credit",
            "CashRounding": "the difference of cash paid in the smallest coin",
            "BadDebt:RefundAdvance": "advances nobody paid back",
            "Scrap": "pieces destroyed, at cost",
        },
    ),
    Account(GUARANTEE_HELD, "card guarantees that secure advances", Side.DEBIT),
    Account(GUARANTEE_CONTRA, "the other side of guarantees held", Side.CREDIT),
    Account(AGENCY_REFUNDS, "refunds the agency paid on our forms, not yet on its statement", Side.DEBIT),
    Account(AGENCY_REFUNDS_CONTRA, "the other side of refunds the agency paid", Side.CREDIT),
)

OPEN_ITEMS: Final = (PENDING_CUSTOMS, TOURIST_RECOVERABLE, AGENCY_RECEIVABLE, UNEARNED_FEE, AGENCY_FEE, CLAWBACK)
"""The accounts where a refund claim stands open until it is settled: what it owes us, and what we owe for it."""

_PART: Final = re.compile(r"[A-Z0-9][A-Za-z0-9-]{0,63}")
_BY_NAME: Final = {account.name: account for account in CHART}


@lru_cache(maxsize=10_000)
def account_of(name: str) -> Account:
    """The line of the chart an account belongs to; a name the chart does not foresee is refused."""
    if known := _BY_NAME.get(name):
        if "*" not in name:
            return known
    else:
        for account in CHART:
            stem, *more = account.name.split("*")
            parts = name[len(stem) :].split(":") if more and name.startswith(stem) else ()
            if parts and len(parts) == len(more) and all(map(_PART.fullmatch, parts)):
                return account
    raise UnknownAccount(account=name[:80], known=", ".join(_alike(name)))


def kind_of(name: str) -> Kind:
    """The kind of an account, from the first word of its name."""
    try:
        return Kind(name.partition(":")[0])
    except ValueError:
        raise UnknownAccount(account=name[:80], known=", ".join(_alike(name))) from None


def normal_side(name: str) -> Side:
    """The side on which an account grows: a balance on the other side deserves a look."""
    return account_of(name).normal


def drawer(outlet: str, till: str) -> str:
    """The cash account of one till of one outlet, by their codes: Assets:Cash:Drawer:COUNTER:T1."""
    return f"Assets:Cash:Drawer:{_code(outlet)}:{_code(till)}"


def part_for(name: str, otherwise: UUID) -> str:
    """How something is named within an account: by its own name where that fits, otherwise by its id."""
    return name.upper() if _PART.fullmatch(name.upper()) else str(otherwise).upper()


def prepaid_royalty(licence: str) -> str:
    """The unrecouped advance of one licence."""
    return f"Assets:PrepaidRoyalty:{_part(licence)}"


def royalty_payable(licence: str) -> str:
    """The royalty owed under one licence."""
    return f"Liabilities:Royalty:{_part(licence)}"


def marketing_payable(licence: str) -> str:
    """The marketing fund owed under one licence."""
    return f"Liabilities:MarketingFund:{_part(licence)}"


def _code(code: str) -> str:
    """A code as it stands in an account. What an account cannot hold is left out, and a short hash tells such apart."""
    part = code.upper()
    if _PART.fullmatch(part):
        return part
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in part)
    return f"X{plain[:40]}-{sha256(code.encode()).hexdigest()[:8].upper()}"


def _part(text: str) -> str:
    """Capitals, so that ids and names read the same in plain-text accounting tools, which insist on them."""
    part = text.upper()
    if not _PART.fullmatch(part):
        raise MalformedAccountPart(part=text[:80])
    return part


def _alike(name: str) -> list[str]:
    kind = name.partition(":")[0]
    return [known for known in _BY_NAME if known.startswith(f"{kind}:")] or [kind.value for kind in Kind]
