"""The shop group of the demo: an enamel factory and a heritage park with their shops, a storefront, a refund point.

Every name is invented.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from souvenir.demo.desk import Desk, Wire

CHINA = {"region": "CN-BJ", "timeZone": "Asia/Shanghai"}
ISSUER = {"zh-Hans": "京彩纪念品", "en": "Jingcai Souvenirs"}


def words(zh: str, en: str) -> list[dict[str, str]]:
    return [{"language": "zh-Hans", "text": zh}, {"language": "en", "text": en}]


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


@dataclass
class World:
    """The desks that are open, and the ids of what was set up, by name."""

    wire: Wire
    office: Desk
    finance: Desk
    tills: dict[str, Desk] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def pair(self, till: str, outlet: str) -> Desk:
        """Pair a device with a till: a code from the back office, shown once at the till."""
        code = self.office.ask("expectDevice", input={"outletId": self.ids[outlet], "till": till})["code"]
        token = Desk(self.wire, "pos", code).ask("enrolDevice")["token"]
        self.tills[till] = Desk(self.wire, "pos", token)
        return self.tills[till]


def open_houses(world: World) -> None:
    """Sites with their stories, shops with their tills, the storefront and the refund point."""
    factory = _site(
        world, "ENAMEL", "factory", ("京彩珐琅厂", "Jingcai Enamel Works"),
        ("自1956年起，匠人在此点蓝。车间即课堂。", "Since 1956 its hands have laid blue on copper. The workshop is a classroom."),
    )  # fmt: skip
    park = _site(
        world, "FURNACE", "heritage_park", ("一号高炉公园", "Furnace No. 1 Park"),
        ("高炉熄火之后，人们来看日落。", "The furnace went out; people now come for the sunset."),
    )  # fmt: skip
    _outlet(world, "FACTORY-SHOP", "shop", ("珐琅厂商店", "Enamel Works shop"), factory, "T1", "T2")
    _outlet(world, "PARK-SHOP", "shop", ("高炉公园商店", "Furnace Park shop"), park, "P1")
    _outlet(world, "STOREFRONT", "online", ("京彩网店", "Jingcai online"), None)
    _outlet(world, "REFUND-POINT", "refund_point", ("市中心退税点", "City refund point"), None, "R1")


def register_for_refunds(world: World, on: date, *, instant: bool) -> None:
    """Both shops, and who sells there, on the register of tax refund stores; instant refunds are paid at the city's point."""
    for number, outlet in enumerate(("FACTORY-SHOP", "PARK-SHOP"), start=1):
        world.office.do(
            "stateSeller", outletId=world.ids[outlet], taxpayerNo=f"91110000DEMO00000{number}",
            legalName=words("京彩纪念品有限公司", "Jingcai Souvenirs Ltd"), phone=f"+86 10 0000 000{number}",
        )  # fmt: skip
        world.office.do(
            "registerForTaxRefund", outletId=world.ids[outlet], jurisdiction="CN", agency="Capital Refund Agency",
            storeNo=f"BJ{number:04}", instant=instant, registeredOn=on.isoformat(),
            refundPointId=world.ids["REFUND-POINT"] if instant else None, agencyPhone="+86 10 0000 0100",
        )  # fmt: skip


def list_product(world: World, sku: str, name: tuple[str, str], price: str, on: date, **more: Any) -> str:
    """List one product under the enamel factory's story; answers its id."""
    listed = world.office.do(
        "listProduct", sku=sku, name=words(*name), originSiteId=world.ids["ENAMEL"], price=yuan(price),
        story=words("产自京彩珐琅厂。", "From the Jingcai Enamel Works."), vatCategory="standard",
        listedOn=on.isoformat(), **{"category": "enamelware", **more},
    )  # fmt: skip
    world.ids[sku] = listed["product"]["id"]
    return world.ids[sku]


def open_the_books(world: World, on: date) -> None:
    """What the group has on its first day."""
    _post(world, on, "Opening balances", {"Assets:Bank": "500000.00", "Assets:Cash:Safe": "5000.00"}, "Equity:Opening")


def _post(world: World, on: date, text: str, debits: dict[str, str], credit: str) -> None:
    amount = sum(map(Decimal, debits.values()))
    legs = [{"account": account, "amount": yuan(debit)} for account, debit in debits.items()]
    legs.append({"account": credit, "amount": yuan(str(-amount))})
    world.finance.do("postEntry", effectiveOn=on.isoformat(), text=text, legs=legs)


def stock_the_shelves(world: World, on: date) -> None:
    """Story line 1: open goods, a limited edition, a licensed product, and one that carries a gift mark."""
    stock = {"Assets:Inventory:Edition": "200000.00", "Assets:Inventory:Goods": "30000.00"}
    _post(world, on, "Stock from the workshop", stock, "Assets:Bank")
    list_product(world, "MUG", ("珐琅马克杯", "Enamel mug"), "113.00", on, cost=yuan("38.00"), gtin="6901234000016")
    licence = world.office.do(
        "grantLicence", contractNo="LIC-2026-07", licensor="Cloud Crane Studio",
        propertyName=words("云鹤", "Cloud Crane"),
        grant={
            "categories": ["enamelware", "scarves"], "territories": ["CN"], "channels": ["shop", "online"],
            "starts": (on - timedelta(days=30)).isoformat(), "ends": (on + timedelta(days=700)).isoformat(),
            "sellOffDays": 90,
        },
        terms={"currency": "CNY", "tiers": [{"rate": "0.08"}], "advance": yuan("10000.00"), "marketingFundRate": "0.02"},
    )["licence"]["id"]  # fmt: skip
    world.ids["LICENCE"] = licence
    world.office.do(
        "recordAdvance", licenceId=licence, reference="TT-1", amount=yuan("10000.00"), withheld=yuan("1000.00"),
        paidOn=on.isoformat(),
    )  # fmt: skip
    list_product(
        world, "SCARF", ("云鹤丝巾", "Cloud Crane scarf"), "339.00", on, category="scarves",
        licenceIds=[licence], cost=yuan("96.00"), gtin="6901234000023",
    )  # fmt: skip
    mark = world.office.do(
        "certifyMark", certificateNo="CG-2026-118", mark=words("京城好礼", "Capital Gifts"),
        certifier="Capital Gifts Office", productSkus=["TEA-SET"],
        validFrom=(on - timedelta(days=60)).isoformat(), validUntil=(on + timedelta(days=300)).isoformat(),
    )["markId"]  # fmt: skip
    list_product(
        world, "TEA-SET", ("珐琅茶具", "Enamel tea set"), "904.00", on, markId=mark, cost=yuan("310.00"),
        gtin="6901234000030",
    )  # fmt: skip
    list_product(
        world, "VASE", ("云鹤限量瓶", "Cloud Crane vase, limited edition"), "1130.00", on, hasEdition=True,
        licenceIds=[licence], cost=yuan("400.00"), gtin="6901234000047",
    )  # fmt: skip


def bring_out_the_edition(world: World, on: date) -> None:
    """Story line 2: 500 declared with their proofs, approved by the licensor, allotted, released."""
    edition = world.office.do(
        "declareEdition", productId=world.ids["VASE"], title=words("云鹤限量瓶", "Cloud Crane vase"), size=500,
        proofs={"artists": 50, "horsCommerce": 5}, reserved=[1, 500], approvalRequired=True,
    )["edition"]["id"]  # fmt: skip
    world.ids["EDITION"] = edition
    world.office.do(
        "approveEdition", editionId=edition, approvalRef="production sample 3", approvedOn=on.isoformat(),
        licenceId=world.ids["LICENCE"],
    )  # fmt: skip
    for outlet, first, last in (("FACTORY-SHOP", 1, 200), ("PARK-SHOP", 201, 250), ("STOREFRONT", 251, 500)):
        world.office.do("allotEdition", editionId=edition, outletId=world.ids[outlet], first=first, last=last)
    world.office.do("releaseEdition", editionId=edition)


def _site(world: World, code: str, kind: str, name: tuple[str, str], story: tuple[str, str]) -> str:
    site = world.office.do("registerSite", code=code, kind=kind, name=words(*name), story=words(*story), **CHINA)
    world.ids[code] = site["site"]["id"]
    return world.ids[code]


def _outlet(world: World, code: str, kind: str, name: tuple[str, str], site: str | None, *tills: str) -> None:
    opened = world.office.do(
        "openOutlet", code=code, kind=kind, name=words(*name), currency="CNY", siteId=site, **CHINA
    )
    world.ids[code] = opened["outlet"]["id"]
    for till in tills:
        world.office.do("installTill", outletId=world.ids[code], till=till)
