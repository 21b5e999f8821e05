"""What staff, API and processes may ask of the sites: register places, open outlets, install tills, join the refund register."""

from datetime import date
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.localized import LocalizedText
from souvenir.sites.outlet import Outlet, OutletCodeTaken
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

    def open_outlet(
        self,
        *,
        code: str,
        kind: str,
        name: LocalizedText,
        site_id: UUID | None,
        region: str,
        time_zone: str,
        currency: str,
        trades_without_shift: bool = False,
    ) -> Committed[UUID]:
        """Open an outlet and give its id; the same opening again gives the same id and records nothing.

        Where it trades without shifts, cash may be taken that no count will ever be held against.
        """

        def decide(tx: Transaction) -> UUID:
            outlet = Outlet.open(
                code=code,
                kind=kind,
                name=name,
                site_id=site_id,
                region=region,
                time_zone=time_zone,
                currency=currency,
                trades_without_shift=trades_without_shift,
            )
            if site_id is not None:
                tx.get(Site, site_id)
            known = tx.find(Outlet, outlet.id)
            if known is None:
                tx.save(outlet)
            elif known.opened_as != outlet.opened_as:
                raise OutletCodeTaken(outlet_code=code, outlet_id=known.id).at("code")
            return outlet.id

        return self._log.execute(decide)

    def set_shift_rule(self, outlet_id: UUID, *, trades_without_shift: bool) -> Committed[None]:
        """Say whether an outlet's tills may trade with no shift open."""

        def decide(tx: Transaction) -> None:
            outlet = tx.get(Outlet, outlet_id)
            outlet.set_shift_rule(trades_without_shift=trades_without_shift)
            tx.save(outlet)

        return self._log.execute(decide)

    def set_cash_rounding(self, outlet_id: UUID, *, rounds_cash: bool) -> Committed[None]:
        """Say whether an outlet's tills round cash to the smallest coin, where that is custom and not law."""

        def decide(tx: Transaction) -> None:
            outlet = tx.get(Outlet, outlet_id)
            outlet.set_cash_rounding(rounds_cash=rounds_cash)
            tx.save(outlet)

        return self._log.execute(decide)

    def state_seller(
        self, outlet_id: UUID, legal_name: LocalizedText, taxpayer_no: str, phone: str = ""
    ) -> Committed[None]:
        """Say who sells at an outlet before the law: their name, taxpayer number and telephone."""

        def decide(tx: Transaction) -> None:
            outlet = tx.get(Outlet, outlet_id)
            outlet.state_seller(legal_name, taxpayer_no, phone)
            tx.save(outlet)

        return self._log.execute(decide)

    def install_till(self, outlet_id: UUID, till: str) -> Committed[None]:
        """Install a till in a shop."""

        def decide(tx: Transaction) -> None:
            outlet = tx.get(Outlet, outlet_id)
            outlet.install_till(till)
            tx.save(outlet)

        return self._log.execute(decide)

    def register_for_tax_refund(
        self,
        outlet_id: UUID,
        *,
        jurisdiction: str,
        agency: str,
        store_no: str,
        instant: bool,
        refund_point_id: UUID | None,
        registered_on: date,
        advanced_by: str = "shop",
        agency_phone: str = "",
    ) -> Committed[None]:
        """Note that the tax office registered an outlet as a tax-refund store, and who advances its instant refunds."""

        def decide(tx: Transaction) -> None:
            if refund_point_id is not None:
                tx.get(Outlet, refund_point_id)
            outlet = tx.get(Outlet, outlet_id)
            outlet.register_for_tax_refund(
                jurisdiction=jurisdiction,
                agency=agency,
                store_no=store_no,
                instant=instant,
                refund_point_id=refund_point_id,
                registered_on=registered_on,
                advanced_by=advanced_by,
                agency_phone=agency_phone,
            )
            tx.save(outlet)

        return self._log.execute(decide)

    def strike_off_tax_refund(self, outlet_id: UUID, struck_off_on: date, reason: str) -> Committed[None]:
        """Note that an outlet left the register of tax-refund stores."""

        def decide(tx: Transaction) -> None:
            outlet = tx.get(Outlet, outlet_id)
            outlet.strike_off_tax_refund(struck_off_on, reason)
            tx.save(outlet)

        return self._log.execute(decide)

    def close_outlet(self, outlet_id: UUID, closed_on: date) -> Committed[None]:
        """Close an outlet for good."""

        def decide(tx: Transaction) -> None:
            outlet = tx.get(Outlet, outlet_id)
            outlet.close(closed_on)
            tx.save(outlet)

        return self._log.execute(decide)
