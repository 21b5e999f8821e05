"""The royalty position, line for line."""

from dataclasses import replace
from datetime import date

from souvenir.documents.royalty_position import RoyaltyLine, RoyaltyPosition, print_royalty_position
from souvenir.kernel.money import Money


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


POSITION = RoyaltyPosition(
    licence_no="LIC-A",
    licensor="Palace Arts",
    property_name={"zh-Hans": "瑞兽", "en": "Auspicious beasts"},
    as_of=date(2026, 11, 22),
    advance=cny("300.00"),
    marketing_fund=cny("100.00"),
    lines=(
        RoyaltyLine("VASE-01", {"en": "Vase"}, 5, 1, cny("4000.00"), cny("320.00"), cny("300.00"), cny("20.00")),
        RoyaltyLine("PIN-02", {"en": "Pin"}, 10, 0, cny("1000.00"), cny("80.00"), cny("0.00"), cny("80.00")),
    ),
)


def test_two_products_recoup_the_advance_and_then_pay() -> None:
    assert (
        print_royalty_position(POSITION)
        == """\
版税状况 Royalty position  LIC-A  2026-11-22  CNY
授权方 Licensor: Palace Arts
授权内容 Property: 瑞兽 Auspicious beasts

产品 Product  售 Sold  退 Ret.  净销售 Net sales  版税 Royalty  抵扣 Recouped  应付 Due
------------  -------  -------  ----------------  ------------  -------------  --------
VASE-01             5        1          4,000.00        320.00         300.00     20.00
PIN-02             10        0          1,000.00         80.00           0.00     80.00
------------  -------  -------  ----------------  ------------  -------------  --------
合计 Total         15        1          5,000.00        400.00         300.00    100.00

预付款 Advance                                                          300.00
已抵扣 Recouped                                                         300.00
未抵扣 Still to recoup                                                    0.00
应付版税 Royalty payable                                                100.00
市场基金 Marketing fund payable                                         100.00
"""
    )


def test_an_advance_that_is_not_earned_back_yet() -> None:
    position = replace(POSITION, advance=cny("10000.00"), lines=POSITION.lines[:1])
    assert position.recouped == cny("300.00")
    assert position.unrecouped == cny("9700.00")
