"""What desks see of tax refunds: claims, agencies, and what the tax office objects to."""

from souvenir.taxrefund.views.agency import AgencyAccount, OwedForm, ReceivedStatements, StatementOnList
from souvenir.taxrefund.views.claims import LARGEST_PAGE, ClaimList, ClaimOnList
from souvenir.taxrefund.views.filings import FilingList, Objection

__all__ = [
    "LARGEST_PAGE",
    "AgencyAccount",
    "ClaimList",
    "ClaimOnList",
    "FilingList",
    "Objection",
    "OwedForm",
    "ReceivedStatements",
    "StatementOnList",
]
