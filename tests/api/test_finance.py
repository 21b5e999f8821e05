"""At the finance desk: the books foot, as of any day, down to the event behind each entry."""

from base64 import b64encode
from datetime import timedelta

from trading import Group, cny, words

from souvenir.taxrefund.simulators.agency import SimulatedAgency


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
    assert closing(group, "Assets:Cash:Drawer:COUNTER:T1") == "1607.00"

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
    assert closing(group, "Assets:Cash:Drawer:COUNTER:T1") == "2241.00"
    assert closing(group, "Assets:Cash:Drawer:COUNTER:T1", effective="2025-05-15") == "1494.00"
    assert closing(group, "Assets:Cash:Drawer:COUNTER:T1", effective="2025-05-15", known=known) == "747.00"
    assert closing(group, "Assets:Cash:Drawer:COUNTER:T1", effective="2025-05-14") is None


def test_what_was_learned_since_and_what_an_account_opened_with(group: Group, time):
    group.bought(goods=[{"productId": group.mug}])
    printed = time().isoformat()
    time.move_to(time() + timedelta(days=2))
    group.bought(goods=[{"productId": group.pen}], on="2025-05-15")
    group.bought(goods=[{"productId": group.mug}])
    drawer = "Assets:Cash:Drawer:COUNTER:T1"
    assert closing(group, drawer, effective="2025-05-15", knownAfter=printed) == "502.00"
    statement = group.finance.ask("accountStatement", account=drawer, currency="CNY", asOf={"since": "2025-05-16"})
    lines = [edge["node"]["amount"]["amount"] for edge in statement["lines"]["edges"]]
    assert (statement["opening"]["amount"], lines, statement["closing"]["amount"]) == ("1249.00", ["747.00"], "1996.00")


def test_finance_posts_reverses_and_closes_and_a_late_sale_counts_in_the_open_period(group: Group, time):
    def charges(amount: str) -> list[dict]:
        return [
            {"account": "Expenses:PaymentFees", "amount": cny(amount)},
            {"account": "Assets:Bank", "amount": cny(f"-{amount}")},
        ]

    entry = group.finance.do("postEntry", effectiveOn="2025-05-15", text="Bank charges", legs=charges("25.00"))["entry"]
    assert [leg["amount"]["amount"] for leg in entry["legs"]] == ["25.00", "-25.00"]
    undone = group.finance.do("reverseEntry", entryId=entry["id"], effectiveOn="2025-05-15", reason="twice")["entry"]
    assert (undone["rule"], undone["text"], closing(group, "Assets:Bank")) == ("REV", "twice", "-1000.00")

    assert group.finance.try_to("closeBooks", through="2025-05-15")["code"] == "DAY_NOT_OVER"
    time.move_to(time() + timedelta(days=2))
    (closed,) = group.finance.do("closeBooks", through="2025-05-15")["closings"]
    froze = group.finance.ask("trialBalance", asOf={"effective": "2025-05-15", "known": closed["since"]})["rows"]
    time.move_to(time() + timedelta(hours=1))
    group.bought(goods=[{"productId": group.mug}], on="2025-05-15")
    assert group.finance.ask("trialBalance", asOf={"effective": "2025-05-15"})["rows"] == froze
    statement = group.finance.ask("accountStatement", account="Income:Sales", currency="CNY")
    (line,) = (edge["node"] for edge in statement["lines"]["edges"])
    assert line["effectiveOn"] == "2025-05-16"
    assert {"name": "original_date", "value": "2025-05-15"} in line["dimensions"]

    group.finance.do("askToReopenBooks", reason="a bill was lost")
    assert group.finance.try_to("reopenBooks")["code"] == "SECOND_PERSON_NEEDED"
    second = group.staff("F2", "finance", "finance")
    assert second.do("reopenBooks")["closings"][-1]["reason"] == "a bill was lost"
    assert [one["through"] for one in group.finance.ask("closings")] == ["2025-05-15", None]


def test_an_account_on_its_unusual_side_is_marked(group: Group):
    bought = [
        {"account": "Assets:Inventory:Goods", "amount": cny("100.00")},
        {"account": "Assets:Bank", "amount": cny("-100.00")},
    ]
    group.finance.do("postEntry", effectiveOn="2025-05-15", text="Stock", legs=bought)
    marked = {row["account"]: row["unusual"] for row in group.finance.ask("trialBalance")["rows"]}
    assert (marked["Assets:Inventory:Goods"], marked["Assets:Bank"]) == (False, True)


def test_a_destroyed_piece_leaves_the_stock_at_cost(group: Group):
    bowl = group.product("BOWL", "565.00", hasEdition=True, gtin="4006381333948", cost=cny("200.00"))
    edition = group.office.do("declareEdition", productId=bowl, title=words("Bowl", "碗"), size=3)["edition"]["id"]
    group.office.do("allotEdition", editionId=edition, outletId=group.counter, first=1, last=3)
    group.office.do("releaseEdition", editionId=edition)
    group.office.do(
        "retirePiece", editionId=edition, number=2, reason="fell", evidence="photo 7", retiredOn="2025-05-15"
    )
    assert closing(group, "Expenses:Scrap") == "200.00"
    assert closing(group, "Assets:Inventory:Edition") == "-200.00"


def test_an_entry_that_is_none_is_refused_and_nothing_posted(group: Group):
    head = group.shop.log.head()

    def code(*legs: tuple[str, str], text: str = "x") -> str:
        given = [{"account": account, "amount": cny(amount)} for account, amount in legs]
        return str(group.finance.try_to("postEntry", effectiveOn="2025-05-15", text=text, legs=given)["code"])

    assert code(("Assets:Bank", "1.00")) == "ENTRY_HAS_NO_USABLE_LINES"
    assert code(("Assets:Bank", "1.00"), ("Income:Sales", "-1.01")) == "ENTRY_DOES_NOT_BALANCE"
    assert code(("Assets:Bank", "1.00"), ("Income:Nonsense", "-1.00")) == "UNKNOWN_ACCOUNT"
    assert code(("Assets:Bank", "1.00"), ("Memo:Guarantee:Held", "-1.00")) == "ENTRY_DOES_NOT_BALANCE"
    assert code(("Assets:Bank", "1.005"), ("Income:Sales", "-1.00")) == "MALFORMED_MONEY"
    assert code(("Assets:Bank", "1.00"), ("Income:Sales", "-1.00"), text=" ") == "MALFORMED_INPUT"
    assert group.shop.log.head() == head


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


# The agency's statement, in and out.


def final(group: Group) -> str:
    """A refund the shop advanced, that customs confirmed: the agency owes it. Its form's number."""
    order = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    document = {"kind": "passport", "number": "X1", "name": "Ada", "lastEntry": "2025-05-01"}
    claim = group.till.do("openClaim", orderIds=[order], mode="INSTANT_STORE", document=document)["claim"]
    group.till.do("agreeClaim", claimId=claim["id"])
    group.till.do("guaranteeClaim", claimId=claim["id"], provider="sandbox", source="tok")
    group.till.do("advanceClaim", claimId=claim["id"], tender="CASH")
    group.desk.do("confirmCustoms", claimId=claim["id"], port="PEK", lines=[{"lineNo": 1, "quantity": 2}])
    return str(claim["claimNo"])


def written(group: Group, format: str = "XLSX", number: str = "05/25", region: str = "CN-BJ") -> dict[str, str]:
    answer: dict[str, str] = group.finance.ask(
        "agencyStatementFile", number=number, month="2025-05-01", currency="CNY", format=format, region=region
    )
    return answer


def test_a_month_is_settled_by_the_agencys_workbook_and_the_same_again_is_one(group: Group):
    numbers = [final(group), final(group)]
    asked = written(group)
    assert (asked["name"], asked["lines"], asked["dueBy"]) == ("settlement-2025-05.xlsx", 2, "2025-06-15")
    taken = group.finance.do("importAgencyStatement", file=asked["content"], on="2025-06-14")
    assert taken["replayed"] is False
    assert {name: taken["statement"][name] for name in ("number", "month", "lines", "settled", "differences")} == {
        "number": "05/25", "month": "2025-05-01", "lines": 2, "settled": 2, "differences": 0,
    }  # fmt: skip
    assert closing(group, "Assets:Bank") == "-713.16"
    as_csv = b64encode(csv_of(numbers).encode()).decode()
    head = group.shop.log.head()
    assert group.finance.do("importAgencyStatement", file=as_csv, on="2025-06-20")["replayed"] is True
    assert group.shop.log.head() == head
    assert written(group)["lines"] == 0
    assert [edge["node"]["number"] for edge in group.finance.ask("agencyStatements")["edges"]] == ["05/25"]


def csv_of(numbers: list[str], amount: str = "143.42", total: str = "286.84") -> str:
    lines = [f"05/25,{number},2025-05-15,CNY,164.34,29.88,{amount}" for number in sorted(numbers)]
    return "\r\n".join(
        ["statement,form_no,final_on,currency,refund,fee,amount", *lines, f"05/25,TOTAL,,CNY,328.68,59.76,{total}", ""]
    )


def test_what_does_not_agree_is_listed_by_kind_and_not_booked(group: Group):
    stated, missing = final(group), final(group)
    before = closing(group, "Assets:Receivable:RefundAgency")
    strange = csv_of([stated, "2025051500000000000"], amount="143.40", total="286.80")
    taken = group.finance.do("importAgencyStatement", file=b64encode(strange.encode()).decode(), on="2025-06-14")
    assert (taken["statement"]["settled"], taken["statement"]["differences"]) == (0, 3)
    assert [(one["difference"], one["formNo"]) for one in taken["statement"]["discrepancies"]] == [
        ("UNKNOWN_FORM", "2025051500000000000"),
        ("AMOUNT_DIFFERS", stated),
        ("MISSING", missing),
    ]
    (differs,) = group.finance.ask("agencyStatement", number="05/25", difference="AMOUNT_DIFFERS")["discrepancies"]
    assert (differs["expected"]["amount"], differs["stated"]["amount"]) == ("143.42", "143.40")
    assert closing(group, "Assets:Receivable:RefundAgency") == before
    corrected = b64encode(csv_of([stated, missing]).encode()).decode()
    assert group.finance.try_to("importAgencyStatement", file=corrected, on="2025-06-15")["code"] == "STATEMENT_CHANGED"


def test_what_is_no_statement_is_refused_and_records_nothing(group: Group):
    group.shop.followers.catch_up()
    head = group.shop.log.head()
    for file in ("not base64!", "表", b64encode(b"PK nonsense").decode(), b64encode(b"a,b\r\n").decode()):
        refused = group.finance.try_to("importAgencyStatement", file=file, on="2025-06-14")
        assert refused["code"] in ("MALFORMED_INPUT", "STATEMENT_UNREADABLE")
        assert refused["path"] == ["input", "file"]
    assert group.shop.log.head() == head
    assert written(group, number="")["code"] == "MALFORMED_INPUT"
    assert written(group, region="Atlantis")["code"] == "UNKNOWN_JURISDICTION"


def test_a_connected_agency_is_asked_for_its_statement(time):
    group = Group(agency=SimulatedAgency())
    missing = group.finance.try_to("fetchAgencyStatement", month="2025-05-01", on="2025-06-14")
    assert missing["code"] == "NOT_FOUND"
    final(group)
    taken = group.finance.do("fetchAgencyStatement", month="2025-05-01", on="2025-06-14")["statement"]
    assert (taken["number"], taken["settled"], taken["amount"]["amount"]) == ("AG-2025-05", 1, "143.42")
    time.move_to(time() + timedelta(days=30))
    group.shop.deadlines.look()
    assert len(group.finance.ask("agencyStatements")["edges"]) == 1
    group.shop.close()


def test_what_came_back_of_the_agencys_advance_is_paid_to_it(group: Group):
    order = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    document = {"kind": "passport", "number": "X1234567", "name": "Ada Lovelace", "lastEntry": "2025-05-01"}
    form = {"orderIds": [order], "mode": "INSTANT_CENTRALISED", "document": document}
    claim = group.point.do("openClaim", **form)["claim"]["id"]
    group.point.do("agreeClaim", claimId=claim, advancedBy="AGENCY")
    group.point.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    group.point.do("advanceClaim", claimId=claim, tender="WALLET")
    group.desk.do("missPromise", claimId=claim, on="2025-06-02")
    owed = "Liabilities:RefundAgency:Clawback"
    assert closing(group, owed) == "-134.46"
    (listed,) = group.finance.ask("owedToAgency")["edges"]
    assert (listed["node"]["claimId"], listed["node"]["amount"]["amount"]) == (claim, "134.46")
    agency = {"agency": listed["node"]["agency"], "currency": "CNY"}
    assert group.finance.try_to("payAgency", **agency)["code"] == "NO_BANK"
    future = {"paidOn": "2099-01-01", "reference": "B-1"}
    assert group.finance.try_to("recordAgencyPaid", **agency, **future)["code"] == "PAYMENT_NOT_KNOWN"
    said = {"paidOn": "2025-05-04", "reference": "B-1", "claimIds": [claim]}
    paid = group.finance.do("recordAgencyPaid", **agency, **said)["payment"]
    assert (paid["way"], paid["state"], paid["amount"]["amount"]) == ("HAND", "PAID", "134.46")
    assert [line["claimId"] for line in paid["lines"]] == [claim]
    assert (closing(group, owed), group.finance.ask("owedToAgency")["edges"]) in ((None, []), ("0.00", []))
    assert group.finance.try_to("recordAgencyPaid", **agency, **said)["code"] == "NOTHING_OWED_TO_AGENCY"
    group.finance.do("withdrawAgencyPaid", id=paid["id"], reason="the wrong bank", on="2025-05-21")
    assert closing(group, owed) == "-134.46"
    (failed,) = group.finance.ask("agencyPayments")["edges"]
    assert (failed["node"]["state"], failed["node"]["reason"]) == ("FAILED", "the wrong bank")
