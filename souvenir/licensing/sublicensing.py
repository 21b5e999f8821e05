"""Sub-licences: what somebody we let use the property reports for a period, and what the licensor gets of it."""

from datetime import date

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.amending import Restated, adjusted
from souvenir.licensing.contract import Contract
from souvenir.licensing.periods import last_day_of
from souvenir.licensing.position import Totals
from souvenir.licensing.royalty.shared_rates import sublicence


class SublicensingNotGranted(SouvenirError):
    message = "Contract {contract_no} does not let its property be sub-licensed."
    contract_no: str


class SublicenceUnsound(SouvenirError):
    message = "{sublicensee} cannot have reported this for {period} under contract {contract_no}: {reason}."
    contract_no: str
    sublicensee: str
    period: str
    reason: str


class SublicenceAlreadyReported(SouvenirError):
    message = "{sublicensee} has reported {period} under contract {contract_no} already, with other figures."
    contract_no: str
    sublicensee: str
    period: str


def name_of(sublicensee: str) -> str:
    """How a sub-licensee's line is called on the statement."""
    return f"sub-licence {sublicensee}"


def reported(
    contract: Contract, totals: Totals, sublicensee: str, period: str, receipts: Money, net_sales: Money, on: date
) -> Adjustment:
    """What one report adds to the royalty: the greater of a share of the receipts and a rate on the sales."""
    terms, facts = contract.terms, {"contract_no": contract.contract_no, "sublicensee": sublicensee, "period": period}
    if not contract.grant.sub_licensing:
        raise SublicensingNotGranted(contract_no=contract.contract_no)
    nothing = Money.zero(terms.currency)
    if not sublicensee.strip() or receipts < nothing or net_sales < nothing:
        raise SublicenceUnsound(**facts, reason="it needs a name, and amounts of no less than nothing")
    if not contract.has_period(period) or last_day_of(period) >= on:
        raise SublicenceUnsound(**facts, reason=f"{period} is not a period of the contract that was over on {on}")
    royalty = sublicence(receipts, terms.sublicence_share, net_sales, terms.sublicence_rate)
    by_share = royalty == receipts.at_rate(terms.sublicence_share)
    change = Restated(
        period=period,
        base=net_sales,
        rate=f"{terms.sublicence_share if by_share else terms.sublicence_rate:f}",
        royalty=royalty,
        marketing_fund=nothing,
    )
    return adjusted(contract, totals, name_of(sublicensee), contract.year_of(period), change, on)
