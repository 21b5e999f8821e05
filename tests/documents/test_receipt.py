"""The receipt, line for line as a till prints it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from souvenir.documents.columns import width
from souvenir.documents.receipt import COLUMNS, Receipt, ReceiptLine, print_receipt
from souvenir.kernel.money import Money


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


VASE = ReceiptLine(
    name={"zh-Hans": "掐丝珐琅瓶“长城”", "en": "Cloisonné vase, The Great Wall"},
    quantity=1,
    unit_price=cny("1130.00"),
    gross=cny("1130.00"),
    vat_rate=Decimal("0.13"),
    vat=cny("130.00"),
    number="17/500",
)
TEA = ReceiptLine(
    name={"zh-Hans": "茶叶", "en": "Tea"},
    quantity=2,
    unit_price=cny("54.50"),
    gross=cny("109.00"),
    vat_rate=Decimal("0.09"),
    vat=cny("9.00"),
)
SALE = Receipt(
    seller={"zh-Hans": "燕山珐琅厂礼品店", "en": "Yanshan Enamel Works Gift Shop"},
    taxpayer_no="91110000MA0000000X",
    order_no="YS-1-000017",
    sold_on=date(2026, 11, 22),
    till="till-1",
    lines=(VASE, TEA),
    tender="cash",
    tendered=cny("1300.00"),
)


def test_a_cash_sale_of_a_numbered_piece_and_of_open_goods_at_another_rate() -> None:
    assert (
        print_receipt(SALE)
        == """\
             燕山珐琅厂礼品店
      Yanshan Enamel Works Gift Shop
------------------------------------------
税号 Taxpayer           91110000MA0000000X
单号 Order                     YS-1-000017
日期 Date                       2026-11-22
收银台 Till                         till-1
------------------------------------------
掐丝珐琅瓶“长城”
Cloisonné vase, The Great Wall
  编号 No. 17/500
  1 × 1,130.00                    1,130.00
茶叶
Tea
  2 × 54.50                         109.00
------------------------------------------
合计 Total CNY                    1,239.00
  含增值税 incl. VAT 13%            130.00
  含增值税 incl. VAT 9%               9.00
现金 Cash                         1,300.00
找零 Change                          61.00
------------------------------------------
          请保留小票，退货须凭票
    Keep this receipt: returns need it
"""
    )


def test_a_return_and_a_copy_say_so() -> None:
    text = print_receipt(replace(SALE, lines=(TEA,), tendered=None, return_no="YS-1-000017-R1", is_copy=True))
    assert "退货 RETURN" in text
    assert "退货单号 Return             YS-1-000017-R1" in text
    assert "单号 Order                     YS-1-000017" in text
    assert "副本 COPY" in text
    assert "退款 Total CNY                      109.00" in text
    assert "找零" not in text


def test_a_return_says_what_was_kept_of_its_price_and_which_form_is_void() -> None:
    back = replace(
        SALE, lines=(TEA,), tendered=None, return_no="YS-1-000017-R1", kept=cny("6.54"), voided_forms=("25110001",)
    )
    text = print_receipt(back)
    for line in (
        "作废申请单 Void form              25110001",
        "退款 Total CNY                      109.00",
        "抵扣预付退税款 Advance kept          -6.54",
        "现金 Cash                           102.46",
    ):
        assert line in text


def test_an_unknown_tender_is_printed_as_it_is_called() -> None:
    assert "voucher                           1,239.00" in print_receipt(replace(SALE, tender="voucher", tendered=None))


def test_no_line_is_wider_than_the_paper_even_for_long_names() -> None:
    long = replace(VASE, name={"zh-Hans": "景" * 50, "en": "Extraordinarily " * 8})
    text = print_receipt(replace(SALE, lines=(long,), seller={"en": "The Gift Shop of the " * 5}))
    assert max(map(width, text.splitlines())) <= COLUMNS


def test_words_in_other_languages_are_printed_as_written() -> None:
    assert "\nVase émaillé\n" in print_receipt(replace(SALE, lines=(replace(TEA, name={"fr": "Vase émaillé"}),)))
