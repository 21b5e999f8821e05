"""Orders to the bank as files: written once and whole, answered by reports, and nothing of an account in the log."""

import json
from datetime import UTC, date, datetime
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from souvenir.banking.bank import Standing, TransferOrder
from souvenir.banking.banks import set_up_bank
from souvenir.banking.banks.files import BankFiles, MalformedBankAccounts
from souvenir.kernel.money import Money
from souvenir.testing import clock_at

KEY = UUID("01890000-0000-7000-8000-000000000001")
ORDER = TransferOrder(KEY, "Palace Studio", Money.parse("1234.50 CNY"), "LIC-A 2026-Q2", date(2026, 7, 30))
OWN = {"holder": "Enamel Factory Ltd", "bic": "BKCHCNBJ", "number": "6217000012345678"}
PAYEE = {"holder": "Palace Studio SARL", "bic": "BNPAFRPP", "iban": "FR76 3000 6000 0112 3456 7890 189"}
DAY = "2026-07-30T09:00:00Z"
NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


@pytest.fixture
def folder(tmp_path):
    accounts = {"own": OWN, "payees": {"Palace Studio": PAYEE}}
    (tmp_path / "accounts.json").write_text(json.dumps(accounts), encoding="utf-8")
    with clock_at(datetime(2026, 7, 10, 1, tzinfo=UTC)):
        yield tmp_path


@pytest.fixture
def bank(folder):
    return BankFiles.at(folder)


def report(
    folder, status: str, name: str = "1.xml", key: str = KEY.hex, reason: str = "", made: str = "", day: str = DAY
) -> None:
    told = f"<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>{reason}</AddtlInf></StsRsnInf>" if reason else ""
    body = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        f"<GrpHdr><CreDtTm>{made}</CreDtTm></GrpHdr><OrgnlPmtInfAndSts>"
        f"<TxInfAndSts><OrgnlEndToEndId>{key}</OrgnlEndToEndId><TxSts>{status}</TxSts>{told}"
        f"<AccptncDtTm>{day}</AccptncDtTm><AcctSvcrRef>BK77</AcctSvcrRef></TxInfAndSts>"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )
    (folder / "in" / name).write_text(body, encoding="utf-8")


def texts(folder) -> dict[str, str | None]:
    root = ET.parse(folder / "out" / f"{KEY.hex}.xml").getroot()
    paths = {
        "sum": ".//p:GrpHdr/p:CtrlSum", "day": ".//p:ReqdExctnDt/p:Dt", "from": ".//p:DbtrAcct//p:Othr/p:Id",
        "to": ".//p:CdtrAcct//p:IBAN", "name": ".//p:Cdtr/p:Nm", "for": ".//p:RmtInf/p:Ustrd",
    }  # fmt: skip
    return {name: root.findtext(path, namespaces=NS) for name, path in paths.items()}


def test_an_order_is_one_file_with_everything_the_bank_needs(bank, folder):
    assert bank.send(ORDER).standing is Standing.IN_HAND
    assert texts(folder) == {
        "sum": "1234.50", "day": "2026-07-30", "from": "6217000012345678", "to": "FR7630006000011234567890189",
        "name": "Palace Studio SARL", "for": "LIC-A 2026-Q2",
    }  # fmt: skip
    amount = ET.parse(folder / "out" / f"{KEY.hex}.xml").find(".//p:InstdAmt", NS)
    assert amount is not None
    assert (amount.text, amount.get("Ccy")) == ("1234.50", "CNY")


def test_the_same_order_again_is_the_same_file(bank, folder):
    bank.send(ORDER)
    first = (folder / "out" / f"{KEY.hex}.xml").read_bytes()
    with clock_at(datetime(2026, 7, 11, tzinfo=UTC)):
        BankFiles.at(folder).send(ORDER)
    assert [path.read_bytes() for path in (folder / "out").iterdir()] == [first]


def test_a_file_cut_off_by_a_crash_is_written_anew(bank, folder):
    (folder / "out" / f"{KEY.hex}.draft").write_bytes(b"<Docu")
    assert bank.query(KEY).standing is Standing.UNKNOWN
    bank.send(ORDER)
    assert texts(folder)["sum"] == "1234.50"


@pytest.mark.parametrize(
    ("status", "standing"),
    [("ACTC", Standing.IN_HAND), ("ACSP", Standing.IN_HAND), ("ACSC", Standing.PAID), ("RJCT", Standing.REJECTED)],
)
def test_the_banks_report_says_what_became_of_it(bank, folder, status, standing):
    bank.send(ORDER)
    report(folder, status, reason="closed account" if status == "RJCT" else "")
    answer = bank.query(KEY)
    assert answer.standing is standing
    if standing is Standing.PAID:
        assert (answer.reference, answer.on) == ("BK77", date(2026, 7, 30))
    assert answer.reason == ("closed account" if status == "RJCT" else "")


def test_the_last_report_counts(bank, folder):
    bank.send(ORDER)
    report(folder, "ACSC", "1.xml")
    report(folder, "RJCT", "2.xml", reason="returned by the payee's bank")
    assert bank.query(KEY).standing is Standing.REJECTED


@pytest.mark.parametrize(
    "content",
    [b"", b"<Docu", b"\xff\xfe", b"<a/>", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'],
)
def test_what_is_no_report_says_nothing(bank, folder, content):
    bank.send(ORDER)
    (folder / "in" / "odd.xml").write_bytes(content)
    report(folder, "ACSC", "other.xml", key=UUID(int=7).hex)
    assert bank.query(KEY).standing is Standing.IN_HAND


def test_a_payee_without_an_account_is_not_paid(bank, folder):
    unknown = TransferOrder(KEY, "Nobody", ORDER.amount, "", ORDER.due_on)
    answer = bank.send(unknown)
    assert (answer.standing, "Nobody" in answer.reason) == (Standing.REJECTED, True)
    assert list((folder / "out").iterdir()) == []


@pytest.mark.parametrize(
    "accounts",
    ["", "[]", '{"own": {}}', '{"own": {"holder": "x", "bic": "y"}, "payees": {}}',
     '{"own": {"holder": "x", "bic": "y", "iban": "1", "number": "2"}, "payees": {}}',
     '{"own": {"holder": "x", "bic": "y", "iban": "1", "colour": "2"}, "payees": {}}'],
)  # fmt: skip
def test_accounts_that_cannot_be_read_are_refused(folder, accounts):
    (folder / "accounts.json").write_text(accounts, encoding="utf-8")
    with pytest.raises(MalformedBankAccounts):
        BankFiles.at(folder)


def test_a_shop_has_a_bank_only_where_its_folder_is_set(folder):
    assert set_up_bank({}) is None
    bank = set_up_bank({"SOUVENIR_BANK_FOLDER": str(folder)})
    assert bank is not None
    assert bank.name == "files"


# The folder is other people's too.


def test_an_order_that_was_carried_off_is_answered_by_its_report(bank, folder):
    bank.send(ORDER)
    (folder / "out" / f"{KEY.hex}.xml").unlink()
    report(folder, "ACSC")
    assert bank.query(KEY).standing is Standing.PAID


def test_the_last_report_is_the_one_the_bank_made_last_whatever_its_name(bank, folder):
    bank.send(ORDER)
    report(folder, "ACSC", "9.xml", made="2026-07-30T09:00:00Z")
    report(folder, "RJCT", "10.xml", reason="returned by the payee's bank", made="2026-08-02T11:00:00+02:00")
    answer = bank.query(KEY)
    assert (answer.reason, answer.on) == ("returned by the payee's bank", date(2026, 8, 2))


@pytest.mark.parametrize("day", ["", "30.07.2026", "2026-13-41T00:00:00Z"])
def test_a_day_that_cannot_be_read_does_not_hide_the_answer(bank, folder, day):
    bank.send(ORDER)
    report(folder, "ACSC", day=day)
    answer = bank.query(KEY)
    assert (answer.standing, answer.on) == (Standing.PAID, None)
