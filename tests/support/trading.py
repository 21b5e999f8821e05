"""A shop group set up and run through its own API: every step is one of the published operation documents."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from calling import Client
from starlette.applications import Starlette

from souvenir.api.app import asgi
from souvenir.payments.provider import PaymentProvider, Providers
from souvenir.payments.providers.cash import Cash
from souvenir.payments.providers.sandbox import Sandbox
from souvenir.payments.providers.terminal import BankTerminal
from souvenir.shop import Shop

MORNING = datetime(2025, 5, 15, 1, tzinfo=UTC)
"""Nine o'clock in Beijing, on the day of the published instant case."""

TODAY = "2025-05-15"
BEIJING = {"region": "CN-BJ", "timeZone": "Asia/Shanghai"}
_KEYS = count(1)


def words(en: str, zh: str) -> list[dict[str, str]]:
    return [{"language": "zh-Hans", "text": zh}, {"language": "en", "text": en}]


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


@dataclass
class Counterpart:
    """One caller at one audience, who sends published operations by name."""

    app: Starlette
    audience: str
    token: str | None = None

    def ask(self, operation: str, **variables: Any) -> Any:
        """The data of an operation's one field; anything but an answer fails the test."""
        response = self.send(operation, **variables)
        body = response.json()
        assert "errors" not in body, body["errors"]
        (answer,) = body["data"].values()
        return answer

    def send(self, operation: str, accept_language: str = "en", **variables: Any) -> Any:
        headers = {"accept": "application/graphql-response+json", "accept-language": accept_language}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        request = {"documentId": operation, "variables": variables}
        return Client(self.app).request("POST", f"/graphql/{self.audience}", headers, json=request)

    def try_to(self, operation: str, **input: Any) -> Any:
        """The answer of a mutation, payload or refusal; without a key of its own it gets a fresh one."""
        return self.ask(operation, input={"idempotencyKey": f"key-{next(_KEYS)}", **input})

    def do(self, operation: str, **input: Any) -> Any:
        """The payload of a mutation that must succeed."""
        answer = self.try_to(operation, **input)
        assert answer["__typename"].endswith("Payload"), answer
        return answer


class Group:
    """An enamel factory's shop with two tills, an online storefront, a centralised refund point, and their people."""

    def __init__(
        self,
        url: str = "sqlite://",
        secrets: str | None = None,
        more: tuple[PaymentProvider, ...] = (),
        **authorities: Any,
    ) -> None:
        self.sandbox = Sandbox()
        providers = Providers(Cash(), BankTerminal(), self.sandbox, *more)
        self.shop = Shop.open(url, secrets=secrets, providers=providers, **authorities)
        self.app = asgi(self.shop)
        manager = self.shop.access.engage("M1", ["manager"]).result
        token = self.shop.access.give_staff_token(manager, "backoffice").result.token
        self.office = Counterpart(self.app, "backoffice", token)
        self.visitor = Counterpart(self.app, "storefront")
        self._places()
        self._goods()
        self._edition()
        self.till = self.device(self.counter, "T1")
        self.point = self.device(self.refund_point, "D1")
        self.desk = self.staff("R1", "refund_desk", "backoffice")
        self.finance = self.staff("F1", "finance", "finance")
        self.guest = self.session()

    def _places(self) -> None:
        office = self.office
        self.site = office.do(
            "registerSite", code="ENAMEL", kind="factory", name=words("Enamel factory", "珐琅厂"),
            story=words("Since 1956.", "建于1956年。"), **BEIJING,
        )["site"]["id"]  # fmt: skip
        place = {"currency": "CNY", "siteId": self.site, "tradesWithoutShift": True, **BEIJING}
        names = {"COUNTER": "shop", "PARK": "shop", "WEB": "online", "POINT": "refund_point"}
        ids = {
            code: office.do("openOutlet", code=code, kind=kind, name=words(code.title(), "商店"), **place)["outlet"][
                "id"
            ]
            for code, kind in names.items()
        }
        self.counter, self.park, self.web, self.refund_point = ids.values()
        for outlet, till in ((self.counter, "T1"), (self.counter, "T2"), (self.park, "T1"), (self.refund_point, "D1")):
            office.do("installTill", outletId=outlet, till=till)
        office.do(
            "registerForTaxRefund", outletId=self.counter, jurisdiction="CN", agency="Bank", storeNo="S1",
            instant=True, registeredOn="2015-07-01", refundPointId=self.refund_point,
        )  # fmt: skip

    def _goods(self) -> None:
        office = self.office
        self.licence = office.do(
            "grantLicence", contractNo="LIC-A", licensor="Palace Studio", propertyName=words("Crane", "仙鹤"),
            grant={
                "categories": ["enamelware"], "territories": ["CN"], "channels": ["shop", "online"],
                "starts": "2025-01-01", "ends": "2025-12-31",
            },
            terms={"currency": "CNY", "tiers": [{"rate": "0.08"}], "advance": cny("1000.00")},
        )["licence"]["id"]  # fmt: skip
        office.do("recordAdvance", licenceId=self.licence, reference="B1", amount=cny("1000.00"), paidOn="2025-01-02")
        self.mark = office.do(
            "certifyMark", certificateNo="GIFT-1", mark=words("Beijing Gifts", "北京礼物"), certifier="City",
            productSkus=["TIN"], validFrom="2025-01-01", validUntil="2025-12-31",
        )["markId"]  # fmt: skip
        self.mug = self.product("MUG", "747.00", gtin="6901234567892")
        self.pen = self.product("PEN", "502.00")
        self.scarf = self.product("SCARF", "113.00", licenceIds=[self.licence])
        self.tin = self.product("TIN", "20.00", markId=self.mark)
        self.vase = self.product("VASE", "1130.00", hasEdition=True, gtin="4006381333931", licenceIds=[self.licence])

    def _edition(self) -> None:
        office = self.office
        self.edition = office.do(
            "declareEdition", productId=self.vase, title=words("Crane vase", "仙鹤瓶"), size=500,
            proofs={"artists": 10}, approvalRequired=True,
        )["edition"]["id"]  # fmt: skip
        office.do("approveEdition", editionId=self.edition, approvalRef="sample 7", approvedOn=TODAY)
        office.do("allotEdition", editionId=self.edition, outletId=self.counter, first=1, last=100)
        office.do("allotEdition", editionId=self.edition, outletId=self.web, first=101, last=103)
        office.do("releaseEdition", editionId=self.edition)

    def product(self, sku: str, price: str, **more: Any) -> str:
        listed = self.office.do(
            "listProduct", sku=sku, name=words(sku.title(), f"商品{sku}"), story=words("Blue.", "蓝色。"),
            originSiteId=self.site, price=cny(price), vatCategory="standard", category="enamelware", listedOn=TODAY,
            **more,
        )  # fmt: skip
        return str(listed["product"]["id"])

    def device(self, outlet: str, till: str) -> Counterpart:
        """A device, paired as people do it: a code from the back office, typed in at the till."""
        expected = self.office.ask("expectDevice", input={"outletId": outlet, "till": till})
        enrolled = Counterpart(self.app, "pos", expected["code"]).ask("enrolDevice")
        return Counterpart(self.app, "pos", enrolled["token"])

    def staff(self, badge: str, role: str, audience: str) -> Counterpart:
        id = self.office.do("engageStaff", badge=badge, roles=[role])["staffId"]
        given = self.office.ask("giveStaffToken", input={"staffId": id, "audience": audience})
        return Counterpart(self.app, audience, given["token"])

    def session(self) -> Counterpart:
        token = Counterpart(self.app, "storefront").ask("openGuestSession")["token"]
        return Counterpart(self.app, "storefront", token)

    def basket(self, guest: Counterpart | None = None) -> str:
        return str((guest or self.guest).do("openBasket", outletId=self.web)["basket"]["id"])

    def bought(self, till: Counterpart | None = None, **sale: Any) -> dict[str, Any]:
        """An order paid in cash at the till."""
        order: dict[str, Any] = (till or self.till).do("sellAtTill", **{"tender": "CASH", **sale})["order"]
        return order
