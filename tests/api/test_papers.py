"""Papers through the API: made from the claim and the order, in Chinese and English, and without a person who was forgotten."""

import json
import sys
from base64 import b64decode
from datetime import UTC, date, datetime
from typing import Any

import pypdfium2
import pytest
from trading import Group, words

from souvenir.api.identity import global_id, read_id
from souvenir.processes.forget_person import forget_person
from souvenir.taxrefund.claim import Claim
from souvenir.testing import clock_at

ADA = {
    "kind": "passport",
    "number": "X1234567",
    "name": "ADA LOVELACE",
    "lastEntry": "2025-05-01",
    "nationality": "GBR",
}
PERSONAL = ("ADA LOVELACE", "X1234567", "GBR")


def two_mugs(group: Group) -> str:
    return str(group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"])


@pytest.fixture
def claim(group: Group) -> str:
    """A claim that has advanced its refund, of a store whose seller is stated."""
    group.office.do(
        "stateSeller", outletId=group.counter, legalName=words("Enamel Factory Trading Ltd", "珐琅厂商贸有限公司"),
        taxpayerNo="91110000ma00000001", phone="+86 10 1111 2222",
    )  # fmt: skip
    group.office.do(
        "registerForTaxRefund", outletId=group.counter, jurisdiction="CN", agency="Bank", storeNo="S1", instant=True,
        registeredOn="2015-07-01", refundPointId=group.refund_point, agencyPhone="+86 10 95588",
    )  # fmt: skip
    order, invoice = two_mugs(group), "25112000000000000777"
    form = {"orderIds": [order], "mode": "INSTANT_CENTRALISED", "document": ADA, "invoices": [invoice]}
    claim = str(group.point.do("openClaim", **form)["claim"]["id"])
    group.point.do("agreeClaim", claimId=claim)
    group.point.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    group.point.do("advanceClaim", claimId=claim, tender="CASH")
    return claim


def opened(paper: dict[str, Any]) -> pypdfium2.PdfDocument:
    assert paper["mediaType"] == "application/pdf"
    return pypdfium2.PdfDocument(b64decode(paper["content"]))


def read(paper: dict[str, Any]) -> str:
    """What the PDF says, blanks left out: lines break where there is room."""
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in opened(paper))


def letters(text: str) -> str:
    """Without hyphens: one at the end of a line is read as a divided word's."""
    return "".join(letter for letter in text if letter.isalnum())


def claim_of(group: Group, claim: str) -> Claim:
    return group.shop.log.load(Claim, read_id("Claim", claim, "id"))


def test_the_form_says_who_bought_what_where_and_under_which_rules(group: Group, claim: str):
    papers = group.point.ask("claimPapers", claimId=claim)
    form = read(papers["form"])
    for said in (
        "离境退税申请单", "DepartureTaxRefundApplicationForm", "珐琅厂商贸有限公司", "EnamelFactoryTradingLtd",
        "91110000MA00000001", "+861011112222", "ADALOVELACE", "GBR", "X1234567", "2025-05-01",
        "25112000000000000777", "1,494.00", "164.34", "-29.88", "134.46", "2025-06-01", "PEK、PKX", "11%", "13%",
        papers["claim"]["claimNo"],
    ):  # fmt: skip
        assert said in form, said
    assert papers["ruleVersions"]
    assert all("".join(version.split()) in form for version in papers["ruleVersions"])
    assert papers["taxpayerNo"] == "91110000MA00000001"
    assert papers["traveller"] == {
        "erased": False, "name": "ADA LOVELACE", "nationality": "GBR", "documentKind": "passport",
        "documentNumber": "X1234567", "lastEntry": "2025-05-01",
    }  # fmt: skip
    line = papers["lines"][0]
    assert (line["quantity"], line["refundRate"], line["refund"]["amount"], line["confirmed"]) == (
        2, "0.11", "164.34", None,
    )  # fmt: skip


def test_the_agreement_states_promise_and_guarantee_and_the_receipt_what_was_handed_over(group: Group, claim: str):
    papers = group.point.ask("claimPapers", claimId=claim)
    agreement = read(papers["agreement"])
    for said in ("即买即退协议书", "InstantRefundAgreement", "2025-06-01", "PEK,PKX", "134.46CNY", "信用卡预授权",
                 "creditcardpre-authorisation", "theordinaryrefundatdeparturestaysopenuntil2025-08-13"):  # fmt: skip
        assert said in agreement, said
    (receipt,) = papers["receipts"]
    assert receipt["name"] == f"receipt-{papers['claim']['claimNo']}-1.pdf"
    for said in ("收款回执单", "RefundReceipt", "+861095588", "待海关验核awaitingcustoms", "134.46CNY", "现金cash"):
        assert said in read(receipt), said


@pytest.mark.parametrize(
    ("asked", "title", "promise"),
    [
        ("de-AT", "Antrag auf Steuererstattung bei der Ausreise", "Die reisende Person verpflichtet sich"),
        ("ja", "出国時税還付申請書", "旅行者は"),
        ("ar", "طلب استرداد الضريبة عند المغادرة", "يتعهد المسافر"),
        ("tlh", "Departure Tax Refund Application Form", "The traveller promises"),
        ("zh-CN", "Departure Tax Refund Application Form", "The traveller promises"),
    ],
)
def test_the_papers_speak_the_travellers_language_beside_the_countrys(
    group: Group, claim: str, asked: str, title: str, promise: str
):
    papers = group.point.ask("claimPapers", claimId=claim, language=asked)
    assert ["离境退税申请单", title] == [line.strip() for line in papers["form"]["text"].splitlines()[:2]]
    agreed = papers["agreement"]["text"]
    assert "旅客承诺最迟于2025-06-01" in agreed
    assert promise in agreed
    if asked == "de-AT":
        assert "DiereisendePersonverpflichtetsich" in read(papers["agreement"])


def test_before_it_is_agreed_there_is_a_form_only_and_a_void_one_says_so(group: Group):
    form = {"orderIds": [two_mugs(group)], "mode": "INSTANT_CENTRALISED", "document": ADA}
    claim = group.point.do("openClaim", **form)["claim"]["id"]
    papers = group.point.ask("claimPapers", claimId=claim)
    assert (papers["agreement"], papers["receipts"]) == (None, [])
    assert "作废" not in papers["form"]["text"]
    group.point.do("voidClaim", claimId=claim, reason="made out wrongly")
    papers = group.point.ask("claimPapers", claimId=claim)
    assert "作废 VOID" in papers["form"]["text"]
    assert "作废VOID" in read(papers["form"])
    anew = group.point.do("reissueClaim", claimId=claim)["claim"]["id"]
    papers = group.point.ask("claimPapers", claimId=anew)
    assert (papers["traveller"]["nationality"], "作废" in papers["form"]["text"]) == ("GBR", False)


def test_what_customs_saw_is_on_the_form_at_the_refund_desk(group: Group, claim: str):
    group.desk.do("confirmCustoms", claimId=claim, port="PEK", lines=[{"lineNo": 1, "quantity": 2}])
    papers = group.desk.ask("claimPapers", claimId=claim)
    assert papers["lines"][0]["confirmed"] == 2
    assert "PEK2025-05-15" in read(papers["form"])


def test_who_was_forgotten_is_on_no_paper_and_the_amounts_still_are(group: Group, claim: str):
    who = claim_of(group, claim).traveller
    with clock_at(datetime(2036, 1, 1, tzinfo=UTC)):  # the law keeps it until then
        forget_person(group.shop.log, group.shop.secrets.keyring, who, ["tax"], "asked", date(2025, 5, 15))
    papers = group.point.ask("claimPapers", claimId=claim)
    assert papers["traveller"]["erased"]
    printed = (papers["form"], papers["agreement"], *papers["receipts"])
    form, _, receipt = told = [*map(read, printed)]
    for paper in printed:
        del paper["content"]  # in its base64 any three letters may stand
    told.append(json.dumps(papers))
    assert not [said for said in PERSONAL for text in told if said in text or said.replace(" ", "") in text]
    assert "已删除erased" in form
    assert "134.46" in form
    assert "164.34CNY" in receipt


def test_neither_the_log_nor_a_papers_name_and_metadata_tell_who_it_is(group: Group, claim: str):
    papers = group.point.ask("claimPapers", claimId=claim)
    for paper in (papers["form"], papers["agreement"], *papers["receipts"]):
        meta = json.dumps([paper["name"], opened(paper).get_metadata_dict()])
        assert not [said for said in PERSONAL if said in meta]
    stored = b"".join(group.shop.log.states("taxrefund.ClaimOpened")).decode()
    assert not [said for said in ("ADA LOVELACE", "X1234567", '"GBR"') if said in stored]
    assert not [said for said in PERSONAL if said in repr(group.shop.write_papers.of_claim(claim_of(group, claim).id))]


def test_a_device_elsewhere_and_staff_of_another_desk_are_not_told(group: Group, claim: str):
    elsewhere = group.device(group.park, "T1").ask("claimPapers", claimId=claim)
    assert elsewhere["code"] == "NOT_AT_THIS_OUTLET"
    shelf = group.staff("L1", "licensor_readonly", "backoffice").send("claimPapers", claimId=claim).json()
    assert shelf["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert not [said for said in PERSONAL if said in json.dumps([elsewhere, shelf])]


def test_the_answer_is_kept_by_no_cache(group: Group, claim: str):
    assert group.point.send("claimPapers", claimId=claim).headers["cache-control"] == "no-store"


def test_the_receipt_of_a_sale_names_the_seller_and_where_its_numbered_piece_is_verified(group: Group, claim: str):
    sold = group.bought(pieces=[{"editionId": group.edition, "number": 17}], tender="CASH")
    receipt = group.till.ask("receipt", orderId=sold["id"])
    (link,) = receipt["links"]
    certificate = group.visitor.ask("verifyCertificate", textOrLink=link)
    assert (certificate["number"], receipt["taxpayerNo"]) == (17, "91110000MA00000001")
    text, paper = receipt["paper"]["text"], read(receipt["paper"])
    assert "编号 No. 17/500" in text
    assert "副本 COPY" not in text
    for said in ("销售小票", "SalesReceipt", "珐琅厂商贸有限公司", "1,130.00", sold["orderNo"]):
        assert said in paper, said
    assert letters(link) in letters(paper)
    assert "副本 COPY" in group.till.ask("receipt", orderId=sold["id"], isCopy=True)["paper"]["text"]


def test_the_receipt_of_a_return_says_what_came_back_what_was_kept_and_which_form_is_void(group: Group, claim: str):
    form = claim_of(group, claim)
    (order,) = form.order_ids
    back = {"orderId": global_id("Order", order), "lines": [{"lineNo": 1, "quantity": 1}]}
    returned = group.till.do("takeBack", **back)
    asked = {"orderId": back["orderId"], "returnId": returned["returnId"]}
    receipt = group.till.ask("returnReceipt", **asked)
    order_no = returned["order"]["orderNo"]
    assert (receipt["orderNo"], receipt["returnNo"], receipt["links"]) == (order_no, f"{order_no}-R1", [])
    assert receipt["paper"]["name"] == f"receipt-{order_no}-R1.pdf"
    paper, text = read(receipt["paper"]), receipt["paper"]["text"]
    for said in (
        "退货凭证",
        "ReturnReceipt(creditnote)",
        f"{order_no}-R1",
        form.claim_no,
        "747.00",
        "-134.46",
        "612.54",
    ):
        assert said in paper, said
    assert f"作废申请单 Void form {form.claim_no}" in " ".join(text.split())
    assert "现金 Cash 612.54" in " ".join(text.split())
    assert "副本 COPY" in group.till.ask("returnReceipt", **asked, isCopy=True)["paper"]["text"]
    assert group.office.ask("returnReceipt", **asked)["returnNo"] == f"{order_no}-R1"
    unknown = group.till.ask("returnReceipt", **asked | {"returnId": global_id("Return", order)})
    assert unknown["code"] == "NOT_FOUND"
    elsewhere = group.device(group.park, "T1").ask("returnReceipt", **asked)
    assert elsewhere["code"] == "NOT_AT_THIS_OUTLET"


def test_where_paper_was_not_installed_the_extra_is_named(group: Group, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "souvenir.documents.pdf", raising=False)
    monkeypatch.setitem(sys.modules, "reportlab.graphics.barcode.code128", None)
    (error,) = group.till.send("receipt", orderId=two_mugs(group)).json()["errors"]
    assert error["extensions"]["code"] == "NOT_INSTALLED"
    assert error["message"] == "This needs more than was installed: pip install 'souvenir[documents]'."
