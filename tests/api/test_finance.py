"""At the finance desk: the books foot, as of any day, down to the event behind each entry."""

from datetime import timedelta

from trading import Group, cny


def closing(group: Group, account: str, **as_of: str) -> str | None:
    rows = group.finance.ask("trialBalance", asOf=as_of or None)["rows"]
    return next((row["closing"]["amount"] for row in rows if row["account"] == account), None)


def test_a_day_of_trade_foots_and_is_drilled_down_to_its_events(group: Group):
    group.bought(goods=[{"productId": group.mug, "quantity": 2}])
    scarves = group.bought(goods=[{"productId": group.scarf, "quantity": 2}])
    group.till.do("takeBack", orderId=scarves["id"], lines=[{"lineNo": 1}], tender="CASH")

    books = group.finance.ask("trialBalance")
    (turnover,) = books["turnovers"]
    assert turnover["debit"] == turnover["credit"]
    assert closing(group, "Assets:Cash:Drawer-T1") == "1607.00"

    statement = group.finance.ask("accountStatement", account="Income:Sales", currency="CNY")
    assert statement["closing"]["amount"] == "-1522.12"
    lines = [edge["node"] for edge in statement["lines"]["edges"]]
    assert sorted(line["amount"]["amount"] for line in lines) == ["-1322.12", "-200.00"]
    entry = group.finance.ask("entry", id=lines[0]["entryId"])
    assert sum(int(leg["amount"]["amount"].replace(".", "")) for leg in entry["legs"]) == 0
    assert entry["causingEvent"]["topic"] == "sales.OrderPaid"
    assert lines[0]["cause"]["stream"] == entry["causingEvent"]["stream"]


def test_the_books_of_a_day_and_of_what_was_known_then(group: Group, time):
    group.bought(goods=[{"productId": group.mug}])
    known = time().isoformat()
    time.move_to(time() + timedelta(days=2))
    group.bought(goods=[{"productId": group.mug}], on="2025-05-15")
    group.bought(goods=[{"productId": group.mug}])
    assert closing(group, "Assets:Cash:Drawer-T1") == "2241.00"
    assert closing(group, "Assets:Cash:Drawer-T1", effective="2025-05-15") == "1494.00"
    assert closing(group, "Assets:Cash:Drawer-T1", effective="2025-05-15", known=known) == "747.00"
    assert closing(group, "Assets:Cash:Drawer-T1", effective="2025-05-14") is None


def test_statements_come_in_pages(group: Group):
    for _ in range(3):
        group.bought(goods=[{"productId": group.mug}])
    asked = {"account": "Income:Sales", "currency": "CNY", "first": 2}
    page = group.finance.ask("accountStatement", **asked)["lines"]
    rest = group.finance.ask("accountStatement", **asked, after=page["pageInfo"]["endCursor"])["lines"]
    entries = [edge["node"]["entryId"] for edge in page["edges"] + rest["edges"]]
    assert (len(entries), len(set(entries)), rest["pageInfo"]["hasNextPage"]) == (3, 3, False)


def test_an_account_that_is_none_is_refused(group: Group):
    errors = group.finance.send("accountStatement", account="Assets:Nonsense", currency="CNY").json()["errors"]
    assert errors[0]["extensions"]["refusal"]["code"] == "UNKNOWN_ACCOUNT"


def test_a_licence_has_earned_recouped_and_given_back(group: Group):
    scarves = group.bought(goods=[{"productId": group.scarf, "quantity": 5}])
    group.till.do("takeBack", orderId=scarves["id"], lines=[{"lineNo": 1}], tender="CASH")
    (position,) = group.finance.ask("royaltyPositions")
    assert [position[name]["amount"] for name in ("base", "earned", "recouped", "unrecouped", "payable")] == [
        "400.00",
        "32.00",
        "32.00",
        "968.00",
        "0.00",
    ]
    detail = group.finance.ask("royaltyPosition", licenceId=group.licence)
    lines = [edge["node"] for edge in detail["lines"]["edges"]]
    assert [(line["units"], line["earned"]["amount"]) for line in lines] == [(5, "40.00"), (-1, "-8.00")]


def test_a_refund_is_settled_by_the_agencys_statement(group: Group):
    order = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    document = {"kind": "passport", "number": "X1", "name": "Ada", "lastEntry": "2025-05-01"}
    claim = group.till.do("openClaim", orderIds=[order], mode="DEPARTURE", document=document)["claim"]["id"]
    group.desk.do("confirmCustoms", claimId=claim, port="PEK", lines=[{"lineNo": 1, "quantity": 2}])
    early = group.finance.try_to("settleClaim", claimId=claim, amount=cny("134.46"), on="2025-06-30")
    assert early["code"] == "CLAIM_HAS_ANOTHER_STATE"
    group.desk.do("payAtDeparture", claimId=claim, tender="CASH")
    settled = group.finance.do("settleClaim", claimId=claim, amount=cny("134.46"), on="2025-06-30", statement="06/25")
    assert settled["claim"]["state"] == "settled"
    assert [edge["node"]["id"] for edge in group.finance.ask("claims", state="settled")["edges"]] == [claim]
