"""A week at two tills, one of them offline for a day: every drawer and every balance adds up, and from a copy of the file too."""

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from trading import MORNING, Counterpart, Group, cny

from souvenir.cli import main
from souvenir.kernel.clock import SettableClock
from souvenir.testing import clock_at


def beijing(day: int, hour: int) -> datetime:
    return datetime(2025, 5, day, hour, tzinfo=UTC) - timedelta(hours=8)


def open_shift(till: Counterpart, day: int) -> None:
    till.do(
        "openShift", badge="C1", businessDate=f"2025-05-{day}", openingFloat=cny("500.00"), blindCount=False
    )  # fmt: skip


def cash_up(till: Counterpart, over: str = "0.00") -> str:
    """Count what the drawer should hold, or so much more or less; answers the difference on the Z report."""
    expected = Decimal(till.ask("shiftReport")["expected"]["amount"]) + Decimal(over)
    counts = [{"value": cny("0.01"), "count": int(expected * 100)}]
    return str(till.do("closeShift", badge="C1", counts=counts)["report"]["difference"]["amount"])


def closings(group: Group, **as_of: str) -> dict[str, str]:
    rows = group.finance.ask("trialBalance", asOf=as_of or None)["rows"]
    return {row["account"]: row["closing"]["amount"] for row in rows}


def legs_of(group: Group, account: str) -> list[str]:
    """Every leg of an account, page by page, each with the event behind its entry."""
    found, after, more = [], None, True
    while more:
        page = group.finance.ask("accountStatement", account=account, currency="CNY", first=7, after=after)["lines"]
        for edge in page["edges"]:
            assert group.finance.ask("entry", id=edge["node"]["entryId"])["causingEvent"]["state"]
            found.append(edge["node"]["amount"]["amount"])
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


def trade(group: Group, now: SettableClock) -> None:
    """Sales by cash, card and wallet, returns at another till over days, a day offline; one sale is told after its count."""
    first, second = group.till, group.device(group.counter, "T2")
    open_shift(first, 15)
    open_shift(second, 15)
    vase = [{"editionId": group.edition, "number": 3}]
    mixed = group.bought(first, goods=[{"productId": group.tin, "quantity": 3}], pieces=vase)
    scarves = group.bought(second, goods=[{"productId": group.scarf, "quantity": 2}], tender="CARD", reference="s-1")
    group.bought(second, goods=[{"productId": group.tin, "quantity": 5}], tender="WALLET", reference="w-1")
    until, back = beijing(16, 20).isoformat(), beijing(18, 20).isoformat()
    lease = first.do("leaseNumbers", editionId=group.edition, numbers=5, until=until, backAt=back)["lease"]
    assert (cash_up(first), cash_up(second, "-0.01")) == ("0.00", "-0.01")

    now.move_to(beijing(16, 9))  # the first till is offline; what it sold comes back at the second one
    open_shift(first, 16)
    open_shift(second, 16)
    second.do("takeBack", orderId=mixed["id"], lines=[{"lineNo": 1, "quantity": 1}], tender="CASH")
    second.do("takeBack", orderId=scarves["id"], lines=[{"lineNo": 1, "quantity": 1}], tender="CARD")
    now.move_to(beijing(17, 8))
    sold = {"leaseId": lease["id"], "soldOn": "2025-05-16"}
    one, two, three, *_ = lease["numbers"]
    first.do("reportOfflineSale", number=one, tender="CASH", **sold)
    first.do("reportOfflineSale", number=two, tender="CARD", reference="s-2", price=cny("1000.00"), **sold)
    first.do("reportOfflineGoods", goods=[{"productId": group.pen}], tender="CASH", soldOn="2025-05-16")
    assert (cash_up(first, "1130.00"), cash_up(second)) == ("1130.00", "0.00")  # one sale is still in the device

    open_shift(first, 17)
    assert first.do("reportOfflineSale", number=three, tender="CASH", **sold)["afterCount"] is True
    first.do("returnNumbers", leaseId=lease["id"])
    first.do("takeBack", orderId=mixed["id"], lines=[{"lineNo": 1, "quantity": 2}], tender="CASH")
    assert (
        first.try_to("takeBack", orderId=mixed["id"], lines=[{"lineNo": 1}], tender="CASH")["code"] == "NOT_RETURNABLE"
    )
    assert cash_up(first) == "0.00"


def test_a_week_at_two_tills_adds_up(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]):
    with clock_at(MORNING) as now:
        group = Group(f"sqlite:///{tmp_path / 'shop.db'}", secrets=str(tmp_path / "secrets"))
        group.office.do("engageStaff", badge="C1", roles=["cashier"])
        group.office.do("setShiftRule", outletId=group.counter, tradesWithoutShift=False)
        trade(group, now)

        balances = closings(group)
        assert {name: balances[name] for name in balances if "Drawer" in name or "OverShort" in name} == {
            "Assets:Cash:Drawer:COUNTER:T1": "0.00", "Assets:Cash:Drawer:COUNTER:T2": "0.00", "Expenses:CashOverShort": "0.01",
        }  # fmt: skip
        assert balances["Assets:Cash:Safe"] == "3891.99"
        assert {name: sum(map(Decimal, legs_of(group, name))) for name in balances} == {
            name: Decimal(balance) for name, balance in balances.items()
        }

        now.move_to(beijing(20, 9))
        group.finance.do("closeBooks", through="2025-05-17")
        froze = closings(group, effective="2025-05-17")
        now.move_to(beijing(20, 10))
        late = [
            {"account": "Expenses:PaymentFees", "amount": cny("3.00")}, {"account": "Assets:Bank", "amount": cny("-3.00")},
        ]  # fmt: skip
        entry = group.finance.do("postEntry", effectiveOn="2025-05-16", text="Bank charges", legs=late)["entry"]
        assert (entry["effectiveOn"], closings(group, effective="2025-05-17")) == ("2025-05-18", froze)
        assert group.shop.differences() == []
        group.shop.close()

    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "shop.db", tmp_path / "copy")
    printed = []
    for directory in (tmp_path, tmp_path / "copy"):
        bounds = ["--as-of", "2025-05-17", "--known-at", "2025-05-20T01:30:00Z"]
        assert main(["replay", "--db", f"sqlite:///{directory / 'shop.db'}", *bounds]) == 0
        printed.append(capfdbinary.readouterr().out)
    assert printed[0] == printed[1]
    assert b"3,891.99" in printed[0]
