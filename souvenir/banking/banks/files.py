"""Files for the bank: orders as ISO 20022 pain.001.001.09, one a file, and its reports as pain.002 (Payment Status Report).

People, or the bank's own program, carry the files. Account numbers are in `accounts.json` beside them, and in no log.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID
from xml.etree import ElementTree as ET

from souvenir.banking.bank import BankAnswer, Standing, TransferOrder
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError

ORDER: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
LARGEST_REPORT: Final = 4 * 1024 * 1024
LONGEST_NAME, LONGEST_TEXT = 140, 140

PAID: Final = frozenset({"ACSC", "ACCC"})
"""Settled on the debtor's account; credited to the creditor's (ISO 20022 external code set, payment transaction status)."""
REJECTED: Final = frozenset({"RJCT", "CANC"})


class MalformedBankAccounts(SouvenirError):
    message = "The bank's accounts.json is not well-formed: {reason}"
    reason: str


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account: an IBAN, or a number as the country's banks write it, at a bank with a BIC."""

    holder: str
    bic: str
    iban: str = ""
    number: str = ""

    @classmethod
    def of(cls, name: str, entry: Mapping[str, Any]) -> Self:
        """Read one entry of accounts.json. Raises MalformedBankAccounts."""
        try:
            account = cls(**{field: str(value) for field, value in entry.items()})
        except TypeError as error:
            raise MalformedBankAccounts(reason=f"{name}: {error}") from None
        if bool(account.iban) == bool(account.number):
            raise MalformedBankAccounts(reason=f"{name} needs an iban or a number, and not both.")
        return account


class BankFiles:
    """A folder between the shop and its bank."""

    name = "files"

    def __init__(self, folder: Path, own: BankAccount, payees: Mapping[str, BankAccount]) -> None:
        self._folder, self._out, self._in = folder, folder / "out", folder / "in"
        self._own, self._payees = own, dict(payees)
        for place in (self._out, self._in):
            place.mkdir(parents=True, exist_ok=True)

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Open a folder with its accounts.json. Raises MalformedBankAccounts."""
        try:
            told = json.loads((folder / "accounts.json").read_text(encoding="utf-8"))
            own, payees = told["own"], told["payees"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MalformedBankAccounts(reason=f"{type(error).__name__}: {error}") from None
        known = {name: BankAccount.of(name, entry) for name, entry in payees.items()}
        return cls(folder, BankAccount.of("own", own), known)

    def send(self, order: TransferOrder) -> BankAnswer:
        """Write the order's file, whole or not at all. The same order again is the same file."""
        payee = self._payees.get(order.payee)
        if payee is None:
            return BankAnswer(Standing.REJECTED, reason=f"accounts.json knows no account of {order.payee}")
        path = self._path(order.key)
        if not path.exists():
            draft = self._folder / f"{order.key.hex}.{os.getpid()}-{threading.get_ident()}.draft"
            with draft.open("wb") as file:
                file.write(order_file(order, self._own, payee))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        return self.query(order.key)

    def query(self, key: UUID) -> BankAnswer:
        """What the bank's reports say of an order, the last made counting; in hand while they say nothing."""
        said = [one for report in self._in.glob("*.xml") for one in statuses(report, key.hex)]
        if said:
            return sorted(said, key=itemgetter(0))[-1][1]
        return BankAnswer(Standing.IN_HAND if self._path(key).exists() else Standing.UNKNOWN, reference=key.hex)

    def _path(self, key: UUID) -> Path:
        return self._out / f"{key.hex}.xml"


def order_file(order: TransferOrder, own: BankAccount, payee: BankAccount) -> bytes:
    """One order as a customer credit transfer initiation. Our key is message, payment and end-to-end id at once."""
    document = ET.Element("Document", xmlns=ORDER)
    root = ET.SubElement(document, "CstmrCdtTrfInitn")
    header = _within(root, "GrpHdr", {"MsgId": order.key.hex, "CreDtTm": clock.now().isoformat(timespec="seconds")})
    _put(header, {"NbOfTxs": "1", "CtrlSum": order.amount.amount})
    _within(header, "InitgPty", {"Nm": own.holder[:LONGEST_NAME]})
    payment = _within(root, "PmtInf", {"PmtInfId": order.key.hex, "PmtMtd": "TRF", "NbOfTxs": "1"})
    _within(payment, "ReqdExctnDt", {"Dt": order.due_on.isoformat()})
    _within(payment, "Dbtr", {"Nm": own.holder[:LONGEST_NAME]})
    _account(payment, "DbtrAcct", own)
    _within(_within(payment, "DbtrAgt"), "FinInstnId", {"BICFI": own.bic})
    _put(payment, {"ChrgBr": "SHAR"})
    transfer = _within(payment, "CdtTrfTxInf")
    _within(transfer, "PmtId", {"EndToEndId": order.key.hex})
    amount = ET.SubElement(_within(transfer, "Amt"), "InstdAmt", Ccy=order.amount.currency)
    amount.text = order.amount.amount
    _within(_within(transfer, "CdtrAgt"), "FinInstnId", {"BICFI": payee.bic})
    _within(transfer, "Cdtr", {"Nm": payee.holder[:LONGEST_NAME]})
    _account(transfer, "CdtrAcct", payee)
    _within(transfer, "RmtInf", {"Ustrd": order.text[:LONGEST_TEXT]})
    return bytes(ET.tostring(document, encoding="UTF-8", xml_declaration=True))


def statuses(report: Path, end_to_end: str) -> Iterator[tuple[tuple[str, str], BankAnswer]]:
    """What one status report says of an order, with when it was made; nothing if it is no report, or about others."""
    try:
        if report.stat().st_size > LARGEST_REPORT:
            return
        text = report.read_bytes()
        if b"<!" in text.replace(b"<!--", b""):  # no report declares entities
            return
        root = ET.fromstring(text)  # noqa: S314 - what could expand was refused just before
    except (OSError, ET.ParseError):
        return
    made = next((_instant(each.text or "") for each in root.iter() if each.tag.endswith("}CreDtTm")), "")
    for told in root.iter():
        if not told.tag.endswith("}TxInfAndSts"):
            continue
        said = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in told.iter()}
        if said.get("OrgnlEndToEndId") == end_to_end:
            yield (made, report.name), _answer(said, end_to_end, made)


def _answer(said: Mapping[str, str], key: str, made: str) -> BankAnswer:
    """Paid on the day the bank names; rejected, or sent back, on the day it says so."""
    status = said.get("TxSts", "")
    if status in PAID:
        return BankAnswer(Standing.PAID, said.get("AcctSvcrRef") or key, on=_day(said.get("AccptncDtTm", "")))
    if status in REJECTED:
        why = said.get("AddtlInf") or said.get("Cd") or "rejected"
        return BankAnswer(Standing.REJECTED, key, why, on=_day(made))
    return BankAnswer(Standing.IN_HAND, key)


def _instant(text: str) -> str:
    """An instant as the bank writes it, in a form that sorts; nothing if it is none."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""


def _day(text: str) -> date | None:
    """The bank's own day of an instant; none if it is none."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _account(parent: ET.Element, name: str, account: BankAccount) -> None:
    id = _within(_within(parent, name), "Id")
    if account.iban:
        _put(id, {"IBAN": account.iban.replace(" ", "")})
    else:
        _within(id, "Othr", {"Id": account.number})


def _within(parent: ET.Element, name: str, texts: Mapping[str, str] | None = None) -> ET.Element:
    """A new element in another, with texts of its own."""
    element = ET.SubElement(parent, name)
    _put(element, texts or {})
    return element


def _put(parent: ET.Element, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = text
