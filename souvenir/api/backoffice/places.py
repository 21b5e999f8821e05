"""The back office sets up places: sites, outlets, tills, refund stores, and the devices that may stand there."""

from datetime import date, datetime
from uuid import UUID

import strawberry

from souvenir.api import places
from souvenir.api.desk import EVERY_MUTATION, desk
from souvenir.api.identity import global_id, read_id
from souvenir.api.places import Outlet, Site
from souvenir.api.refusals import mutation
from souvenir.api.scalars import CurrencyCode
from souvenir.api.staff import manager
from souvenir.api.types import Info, TranslationInput, words
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.kernel.money import UnknownCurrency
from souvenir.pos.device import TillHasDevice
from souvenir.processes.enrol_device import expect_device, revoke_device
from souvenir.sites.outlet import (
    CashMustBeRounded,
    NoCashRounding,
    NotATaxRefundStore,
    OutletClosed,
    OutletCodeTaken,
    TillNotInstalled,
    TillsNotForThisOutlet,
)
from souvenir.sites.site import SiteCodeTaken


@strawberry.input
class RegisterSiteInput:
    idempotency_key: strawberry.ID
    code: str
    kind: str = strawberry.field(description="factory, museum or heritage_park.")
    name: list[TranslationInput]
    story: list[TranslationInput]
    region: str = strawberry.field(description="ISO 3166-2, such as CN-BJ.")
    time_zone: str = strawberry.field(description="IANA, such as Asia/Shanghai.")


@strawberry.input
class OpenOutletInput:
    idempotency_key: strawberry.ID
    code: str
    kind: str = strawberry.field(description="shop, online or refund_point.")
    name: list[TranslationInput]
    region: str
    time_zone: str
    currency: CurrencyCode
    site_id: strawberry.ID | None = None
    trades_without_shift: bool = strawberry.field(
        default=False, description="Whether its tills may sell with no shift open: their cash is then never counted."
    )


@strawberry.input
class SetShiftRuleInput:
    idempotency_key: strawberry.ID
    outlet_id: strawberry.ID
    trades_without_shift: bool


@strawberry.input
class SetCashRoundingInput:
    idempotency_key: strawberry.ID
    outlet_id: strawberry.ID
    rounds_cash: bool


@strawberry.input(description="Who sells at an outlet before the law: refund papers and receipts name them.")
class StateSellerInput:
    idempotency_key: strawberry.ID
    outlet_id: strawberry.ID
    legal_name: list[TranslationInput]
    taxpayer_no: str
    phone: str = ""


@strawberry.input
class CloseOutletInput:
    idempotency_key: strawberry.ID
    outlet_id: strawberry.ID
    closed_on: date


@strawberry.input
class StrikeOffTaxRefundInput:
    idempotency_key: strawberry.ID
    outlet_id: strawberry.ID
    struck_off_on: date
    reason: str


@strawberry.input
class InstallTillInput:
    idempotency_key: strawberry.ID
    outlet_id: strawberry.ID
    till: str


@strawberry.input
class RegisterForTaxRefundInput:
    idempotency_key: strawberry.ID
    outlet_id: strawberry.ID
    jurisdiction: str = strawberry.field(description="ISO 3166-1, such as CN.")
    agency: str
    store_no: str
    instant: bool = strawberry.field(description="Whether refunds may be paid at purchase.")
    registered_on: date
    refund_point_id: strawberry.ID | None = strawberry.field(
        default=None, description="The centralised point that pays instant refunds for this store."
    )
    advanced_by: str = strawberry.field(default="shop", description="Whose money instant refunds are: shop or agency.")
    agency_phone: str = strawberry.field(default="", description="Where a traveller reaches the agency.")


@strawberry.input
class ExpectDeviceInput:
    outlet_id: strawberry.ID
    till: str


@strawberry.input
class RevokeDeviceInput:
    idempotency_key: strawberry.ID
    device_id: strawberry.ID
    reason: str


@strawberry.type
class RegisterSitePayload:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def site(self, info: Info) -> Site:
        return places.site(desk(info), self.key)


@strawberry.type
class OutletChange:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def outlet(self, info: Info) -> Outlet:
        return places.outlet(desk(info), self.key)


@strawberry.type
class OpenOutletPayload(OutletChange): ...


@strawberry.type
class SetShiftRulePayload(OutletChange): ...


@strawberry.type
class SetCashRoundingPayload(OutletChange): ...


@strawberry.type
class StateSellerPayload(OutletChange): ...


@strawberry.type
class CloseOutletPayload(OutletChange): ...


@strawberry.type
class StrikeOffTaxRefundPayload(OutletChange): ...


@strawberry.type
class InstallTillPayload(OutletChange): ...


@strawberry.type
class RegisterForTaxRefundPayload(OutletChange): ...


@strawberry.type
class ExpectDevicePayload:
    device_id: strawberry.ID
    code: str = strawberry.field(description="To type into the device; shown once.")
    valid_until: datetime


@strawberry.type
class RevokeDevicePayload:
    device_id: strawberry.ID
    replayed: bool


@strawberry.type
class PlacesMutation:
    @mutation(*EVERY_MUTATION, SiteCodeTaken)
    def register_site(self, info: Info, input: RegisterSiteInput) -> RegisterSitePayload:
        """Register a place that people come to see and goods come from."""
        at = manager(info)
        facts = {"code": input.code, "kind": input.kind, "region": input.region, "time_zone": input.time_zone}
        name, story = words(input.name), words(input.story)
        done = at.carry_out(input, lambda: at.shop.sites.register_site(**facts, name=name, story=story))
        return RegisterSitePayload(replayed=done.replayed, key=done.result)

    @mutation(*EVERY_MUTATION, OutletCodeTaken, UnknownCurrency)
    def open_outlet(self, info: Info, input: OpenOutletInput) -> OpenOutletPayload:
        """Open a shop, an online storefront, or a refund point."""
        at = manager(info)
        site = read_id("Site", input.site_id, "input", "siteId") if input.site_id else None
        name = words(input.name)
        done = at.carry_out(
            input,
            lambda: at.shop.sites.open_outlet(
                code=input.code,
                kind=input.kind,
                name=name,
                site_id=site,
                region=input.region,
                time_zone=input.time_zone,
                currency=input.currency,
                trades_without_shift=input.trades_without_shift,
            ),
        )
        return OpenOutletPayload(replayed=done.replayed, key=done.result)

    @mutation(*EVERY_MUTATION, OutletClosed)
    def set_shift_rule(self, info: Info, input: SetShiftRuleInput) -> SetShiftRulePayload:
        """Say whether an outlet's tills may trade with no shift open."""
        at, outlet = manager(info), read_id("Outlet", input.outlet_id, "input", "outletId")
        rule = input.trades_without_shift
        done = at.carry_out(input, lambda: at.shop.sites.set_shift_rule(outlet, trades_without_shift=rule))
        return SetShiftRulePayload(replayed=done.replayed, key=outlet)

    @mutation(*EVERY_MUTATION, OutletClosed, NoCashRounding, CashMustBeRounded)
    def set_cash_rounding(self, info: Info, input: SetCashRoundingInput) -> SetCashRoundingPayload:
        """Say whether an outlet rounds cash to the smallest coin, where that is custom; where it is law, all do."""
        at, outlet = manager(info), read_id("Outlet", input.outlet_id, "input", "outletId")
        rounds = input.rounds_cash
        done = at.carry_out(input, lambda: at.shop.sites.set_cash_rounding(outlet, rounds_cash=rounds))
        return SetCashRoundingPayload(replayed=done.replayed, key=outlet)

    @mutation(*EVERY_MUTATION, OutletClosed)
    def state_seller(self, info: Info, input: StateSellerInput) -> StateSellerPayload:
        """Say who sells at an outlet before the law."""
        at, outlet = manager(info), read_id("Outlet", input.outlet_id, "input", "outletId")
        stated = (outlet, words(input.legal_name), input.taxpayer_no, input.phone)
        done = at.carry_out(input, lambda: at.shop.sites.state_seller(*stated))
        return StateSellerPayload(replayed=done.replayed, key=outlet)

    @mutation(*EVERY_MUTATION)
    def close_outlet(self, info: Info, input: CloseOutletInput) -> CloseOutletPayload:
        """Close an outlet for good: nothing is sold there any more."""
        at, outlet = manager(info), read_id("Outlet", input.outlet_id, "input", "outletId")
        done = at.carry_out(input, lambda: at.shop.sites.close_outlet(outlet, input.closed_on))
        return CloseOutletPayload(replayed=done.replayed, key=outlet)

    @mutation(*EVERY_MUTATION, NotATaxRefundStore)
    def strike_off_tax_refund(self, info: Info, input: StrikeOffTaxRefundInput) -> StrikeOffTaxRefundPayload:
        """Note that an outlet left the register of tax-refund stores."""
        at, outlet = manager(info), read_id("Outlet", input.outlet_id, "input", "outletId")
        struck = (outlet, input.struck_off_on, input.reason)
        done = at.carry_out(input, lambda: at.shop.sites.strike_off_tax_refund(*struck))
        return StrikeOffTaxRefundPayload(replayed=done.replayed, key=outlet)

    @mutation(*EVERY_MUTATION, OutletClosed, TillsNotForThisOutlet)
    def install_till(self, info: Info, input: InstallTillInput) -> InstallTillPayload:
        """Install a till, or a desk of a refund point."""
        at, outlet = manager(info), read_id("Outlet", input.outlet_id, "input", "outletId")
        done = at.carry_out(input, lambda: at.shop.sites.install_till(outlet, input.till))
        return InstallTillPayload(replayed=done.replayed, key=outlet)

    @mutation(*EVERY_MUTATION, OutletClosed)
    def register_for_tax_refund(self, info: Info, input: RegisterForTaxRefundInput) -> RegisterForTaxRefundPayload:
        """Note that the tax office put an outlet on its register of tax-refund stores."""
        at, outlet = manager(info), read_id("Outlet", input.outlet_id, "input", "outletId")
        point = input.refund_point_id and read_id("Outlet", input.refund_point_id, "input", "refundPointId")
        done = at.carry_out(
            input,
            lambda: at.shop.sites.register_for_tax_refund(
                outlet,
                jurisdiction=input.jurisdiction,
                agency=input.agency,
                store_no=input.store_no,
                instant=input.instant,
                refund_point_id=point or None,
                registered_on=input.registered_on,
                advanced_by=input.advanced_by,
                agency_phone=input.agency_phone,
            ),
        )
        return RegisterForTaxRefundPayload(replayed=done.replayed, key=outlet)

    @mutation(MalformedInput, NotFound, OutletClosed, TillNotInstalled, TillHasDevice)
    def expect_device(self, info: Info, input: ExpectDeviceInput) -> ExpectDevicePayload:
        """Expect a device at a till for a quarter of an hour. A code is never repeated: ask for another one."""
        at, outlet = manager(info), read_id("Outlet", input.outlet_id, "input", "outletId")
        expected = expect_device(at.shop.log, outlet, input.till).result
        return ExpectDevicePayload(
            device_id=global_id("Device", expected.device_id), code=expected.code, valid_until=expected.valid_until
        )

    @mutation(*EVERY_MUTATION)
    def revoke_device(self, info: Info, input: RevokeDeviceInput) -> RevokeDevicePayload:
        """Trust a device no more: its token stops at once, and its till is free for another."""
        at, device = manager(info), read_id("Device", input.device_id, "input", "deviceId")
        done = at.carry_out(input, lambda: revoke_device(at.shop.log, device, input.reason))
        return RevokeDevicePayload(device_id=input.device_id, replayed=done.replayed)
