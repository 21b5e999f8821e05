"""What staff, API and processes may ask of the sites: register places, open outlets, install tills, join the refund register."""

from collections.abc import Callable
from datetime import date
from typing import Unpack
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.localized import LocalizedText
from souvenir.sites.outlet import Opening, Outlet, OutletCodeTaken, Registration
from souvenir.sites.site import Site, SiteCodeTaken


class Sites:
    """The places and outlets of one shop group."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def register_site(
        self, *, code: str, kind: str, name: LocalizedText, story: LocalizedText, region: str, time_zone: str
    ) -> Committed[UUID]:
        """Register a site and give its id; the same registration again gives the same id and records nothing."""

        def decide(tx: Transaction) -> UUID:
            site = Site.register(code=code, kind=kind, name=name, story=story, region=region, time_zone=time_zone)
            known = tx.find(Site, site.id)
            if known is None:
                tx.save(site)
            elif known.registered_as != site.registered_as:
                raise SiteCodeTaken(site_code=code, site_id=known.id).at("code")
            return site.id

        return self._log.execute(decide)

    def retell(self, site_id: UUID, story: LocalizedText) -> Committed[None]:
        """Tell the story of a site anew."""

        def decide(tx: Transaction) -> None:
            site = tx.get(Site, site_id)
            site.retell(story)
            tx.save(site)

        return self._log.execute(decide)

    def open_outlet(self, **opening: Unpack[Opening]) -> Committed[UUID]:
        """Open an outlet and give its id; the same opening again gives the same id and records nothing."""

        def decide(tx: Transaction) -> UUID:
            outlet = Outlet.open(**opening)
            if outlet.site_id is not None:
                tx.get(Site, outlet.site_id)
            known = tx.find(Outlet, outlet.id)
            if known is None:
                tx.save(outlet)
            elif known.opened_as != outlet.opened_as:
                raise OutletCodeTaken(outlet_code=outlet.code, outlet_id=known.id).at("code")
            return outlet.id

        return self._log.execute(decide)

    def set_shift_rule(self, outlet_id: UUID, *, trades_without_shift: bool) -> Committed[None]:
        """Say whether an outlet's tills may trade with no shift open."""
        return self._decide(outlet_id, lambda outlet: outlet.set_shift_rule(trades_without_shift=trades_without_shift))

    def set_cash_rounding(self, outlet_id: UUID, *, rounds_cash: bool) -> Committed[None]:
        """Say whether an outlet's tills round cash to the smallest coin, where that is custom and not law."""
        return self._decide(outlet_id, lambda outlet: outlet.set_cash_rounding(rounds_cash=rounds_cash))

    def state_seller(
        self, outlet_id: UUID, legal_name: LocalizedText, taxpayer_no: str, phone: str = ""
    ) -> Committed[None]:
        """Say who sells at an outlet before the law: their name, taxpayer number and telephone."""
        return self._decide(outlet_id, lambda outlet: outlet.state_seller(legal_name, taxpayer_no, phone))

    def install_till(self, outlet_id: UUID, till: str) -> Committed[None]:
        """Install a till in a shop."""
        return self._decide(outlet_id, lambda outlet: outlet.install_till(till))

    def register_for_tax_refund(self, outlet_id: UUID, **registration: Unpack[Registration]) -> Committed[None]:
        """Note that the tax office registered an outlet as a tax-refund store, and who advances its instant refunds."""

        def decide(tx: Transaction) -> None:
            if (point := registration["refund_point_id"]) is not None:
                tx.get(Outlet, point)
            outlet = tx.get(Outlet, outlet_id)
            outlet.register_for_tax_refund(**registration)
            tx.save(outlet)

        return self._log.execute(decide)

    def strike_off_tax_refund(self, outlet_id: UUID, struck_off_on: date, reason: str) -> Committed[None]:
        """Note that an outlet left the register of tax-refund stores."""
        return self._decide(outlet_id, lambda outlet: outlet.strike_off_tax_refund(struck_off_on, reason))

    def close_outlet(self, outlet_id: UUID, closed_on: date) -> Committed[None]:
        """Close an outlet for good."""
        return self._decide(outlet_id, lambda outlet: outlet.close(closed_on))

    def _decide(self, outlet_id: UUID, decide: Callable[[Outlet], None]) -> Committed[None]:
        def command(tx: Transaction) -> None:
            outlet = tx.get(Outlet, outlet_id)
            decide(outlet)
            tx.save(outlet)

        return self._log.execute(command)
