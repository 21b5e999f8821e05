"""The refund application form, line for line; the amounts are those of the case published on 26 May 2025 in Beijing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from souvenir.documents.refund_form import FormLine, RefundForm, Traveller, print_refund_form
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


INSTANT = RefundForm(
    form_no="BJ-2025-000001",
    issued_on=date(2025, 5, 15),
    purchased_on=date(2025, 5, 15),
    store={"zh-Hans": "燕山珐琅厂礼品店", "en": "Yanshan Enamel Works"},
    taxpayer_no="91110000MA0000000X",
    mode="instant_centralised",
    traveller=Traveller("ANNA EXAMPLE", "GBR", "passport", "X1234567", date(2025, 5, 1)),
    lines=(
        FormLine(
            name={"zh-Hans": "掐丝珐琅瓶", "en": "Cloisonné vase"},
            quantity=1,
            gross=cny("1494.00"),
            vat_rate=Decimal("0.13"),
            refund_rate=Decimal("0.11"),
            refund=cny("164.34"),
        ),
    ),
    gross=cny("1494.00"),
    refund=cny("164.34"),
    fee=cny("29.88"),
    net=cny("134.46"),
    promised_by=date(2025, 6, 1),
    ports=("北京首都国际机场", "北京大兴国际机场"),
    advanced=cny("134.46"),
    rule_versions=("CN-2019-39", "CN-BJ-2025"),
)


def test_an_instant_refund_before_departure() -> None:
    assert (
        print_refund_form(INSTANT)
        == """\
                                离境退税申请单
                    Departure Tax Refund Application Form
==============================================================================
申请单号 Form no.                   BJ-2025-000001
开具日期 Issued                     2025-05-15
退税商店 Store                      燕山珐琅厂礼品店 Yanshan Enamel Works
纳税人识别号 Taxpayer no.           91110000MA0000000X
方式 Mode                           即买即退（集中退付点） instant refund at a
                                    centralised point
姓名 Name                           ANNA EXAMPLE
国籍/地区 Nationality               GBR
证件 Document                       护照 passport
证件号码 Document no.               X1234567
最近入境 Last entry                 2025-05-01
购买日期 Purchased                  2025-05-15
==============================================================================
品名 Goods  数量 Qty  含税金额 Gross  税率 VAT  退税率 Rate  退税额 Refund
----------  --------  --------------  --------  -----------  -------------
掐丝珐琅瓶         1        1,494.00       13%          11%         164.34
==============================================================================
含税金额合计 Goods, incl. VAT (CNY)                                   1,494.00
退税额 Refund                                                           164.34
手续费 Agency fee                                                       -29.88
实退金额 Payable to the traveller                                       134.46
已预付 Advanced                                                         134.46
承诺离境日期 Promised departure by  2025-06-01
承诺离境口岸 Promised ports         北京首都国际机场、北京大兴国际机场
适用规则 Rules                      CN-2019-39, CN-BJ-2025
==============================================================================
海关签章 Customs' stamp and date: ______________
旅客签名 Traveller's signature: ______________
"""
    )


def test_customs_confirm_by_quantity() -> None:
    confirmed = replace(
        INSTANT,
        lines=(replace(INSTANT.lines[0], quantity=3, confirmed=2),),
        customs_port="北京首都国际机场",
        customs_on=date(2025, 5, 20),
    )
    assert print_refund_form(confirmed).endswith(
        """\
海关验核 Customs                    北京首都国际机场 2025-05-20
  掐丝珐琅瓶                                                             2 / 3
旅客签名 Traveller's signature: ______________
"""
    )


def test_a_claim_at_departure_promises_and_advances_nothing() -> None:
    ordinary = replace(INSTANT, mode="departure", promised_by=None, ports=(), advanced=None)
    text = print_refund_form(ordinary)
    assert "方式 Mode                           离境退税 refund at departure\n" in text
    assert "承诺" not in text
    assert "预付" not in text


def test_a_person_who_was_forgotten_leaves_a_form_that_still_adds_up() -> None:
    gone = Redacted(UUID(int=1), "tax")
    traveller = replace(INSTANT.traveller, name=gone, nationality=gone, document_number=gone)
    text = print_refund_form(replace(INSTANT, traveller=traveller))
    assert "姓名 Name                           〔已删除 erased〕\n" in text
    assert "证件号码 Document no.               〔已删除 erased〕\n" in text
    assert "ANNA" not in text
    assert "X1234567" not in text
    assert "134.46" in text


def test_the_name_of_the_goods_is_never_cut() -> None:
    name = "掐丝珐琅缠枝莲纹双耳大瓶（带木座及收藏证书）"
    text = print_refund_form(replace(INSTANT, lines=(replace(INSTANT.lines[0], name={"zh-Hans": name}),)))
    assert name in text


def test_the_invoices_that_are_void_with_the_form_stand_on_it() -> None:
    text = print_refund_form(replace(INSTANT, invoices=("25112000000000000001", "1100184130-12345678")))
    assert "发票号码 Invoices                   25112000000000000001, 1100184130-12345678\n" in text
    assert "Invoices" not in print_refund_form(INSTANT)
