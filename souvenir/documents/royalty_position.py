"""The royalty position of one licence: what sales have earned, what the advance has absorbed, what is now payable."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from souvenir.documents.columns import across, amount, table
from souvenir.kernel.money import Money, total

COLUMNS = 78


@dataclass(frozen=True, slots=True)
class RoyaltyLine:
    """One product under the licence; returns are already subtracted from the amounts, and counted apart."""

    sku: str
    name: Mapping[str, str]
    sold: int
    returned: int
    base: Money
    royalty: Money
    recouped: Money
    payable: Money


@dataclass(frozen=True, slots=True)
class RoyaltyPosition:
    """One licence as of a day. `advance` is what was paid ahead, `marketing_fund` never recoups it."""

    licence_no: str
    licensor: str
    property_name: Mapping[str, str]
    as_of: date
    advance: Money
    marketing_fund: Money
    lines: Sequence[RoyaltyLine]

    @property
    def recouped(self) -> Money:
        """How much of the advance the royalties have earned back."""
        return total((line.recouped for line in self.lines), self.advance.currency)

    @property
    def unrecouped(self) -> Money:
        """How much of the advance still has to be earned."""
        return self.advance - self.recouped


def print_royalty_position(position: RoyaltyPosition) -> str:
    """The position as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(position))


def _lines(position: RoyaltyPosition) -> Iterator[str]:
    currency = position.advance.currency
    names = " ".join(position.property_name[tag] for tag in ("zh-Hans", "en") if tag in position.property_name)
    yield f"版税状况 Royalty position  {position.licence_no}  {position.as_of.isoformat()}  {currency}"
    yield f"授权方 Licensor: {position.licensor}"
    yield f"授权内容 Property: {names or next(iter(position.property_name.values()))}"
    yield ""
    headings = ("产品 Product", "售 Sold", "退 Ret.", "净销售 Net sales", "版税 Royalty", "抵扣 Recouped", "应付 Due")
    rows = [
        (
            line.sku,
            str(line.sold),
            str(line.returned),
            *(amount(money) for money in (line.base, line.royalty, line.recouped, line.payable)),
        )
        for line in position.lines
    ]
    sums = [
        total(moneys, currency)
        for moneys in (
            (line.base for line in position.lines),
            (line.royalty for line in position.lines),
            (line.recouped for line in position.lines),
            (line.payable for line in position.lines),
        )
    ]
    sold, returned = sum(line.sold for line in position.lines), sum(line.returned for line in position.lines)
    yield from table(headings, rows, [("合计 Total", str(sold), str(returned), *map(amount, sums))])
    yield ""
    yield from across("预付款 Advance", amount(position.advance), COLUMNS)
    yield from across("已抵扣 Recouped", amount(position.recouped), COLUMNS)
    yield from across("未抵扣 Still to recoup", amount(position.unrecouped), COLUMNS)
    yield from across("应付版税 Royalty payable", amount(sums[-1]), COLUMNS)
    yield from across("市场基金 Marketing fund payable", amount(position.marketing_fund), COLUMNS)
