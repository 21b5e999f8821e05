"""A grant: what a licensor allows, where, through which channels and for how long; and which grants exclude each other."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.licensing.terms import RateOutOfRange, TermUnsound

LONGEST_SELL_OFF: Final = 366
TERRITORY: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


class GrantsOverlap(SouvenirError):
    message = (
        "Contract {contract_no} would overlap {other_contract_no}, and one of them is exclusive: both grant the same "
        "property for {category} in {territory}."
    )
    contract_no: str
    other_contract_no: str
    category: str
    territory: str


Stage = Literal["concept", "artwork", "pre_production", "production_sample", "marketing"]
"""What a licensor is shown before a product is sold, in this order."""

STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
LONGEST_ANSWER: Final = 120


class ApprovalRules(Value):
    """Which stages the contract wants approved, and how long the licensor has to answer, in business days.

    A product may be sold once the last of the stages is approved. Silence rejects, unless it is said to consent.
    """

    stages: tuple[Stage, ...] = STAGES
    answer_days: int = 10
    silence_consents: bool = False


class Grant(Value):
    """What is granted, where, through which channels and for how long; `ends` is the last day of the term.

    Categories are the catalogue's. Territories are ISO 3166: "CN" covers "CN-BJ". The days are those of `time_zone`.
    Where an `agent` acts for the licensor, `agent_commission` is its part of the royalty, paid by the licensor; where
    the grant is a sub-licence, `head_contract_no` is the contract it derives from.
    """

    categories: tuple[str, ...]
    territories: tuple[str, ...]
    channels: tuple[str, ...]
    starts: date
    ends: date
    sell_off_days: int = 0
    time_zone: str = "Asia/Shanghai"
    exclusive: bool = False
    agent: str | None = None
    agent_commission: Decimal = Decimal(0)
    head_contract_no: str | None = None
    sub_licensing: bool = False
    approval: ApprovalRules | None = None

    @property
    def last_day(self) -> date:
        """The last day of sale, sell-off included."""
        return self.ends + timedelta(days=self.sell_off_days)

    def day(self, instant: datetime) -> date:
        """The licence's own calendar day at an instant."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    def covers(self, territory: str) -> bool:
        return any(_within(territory, granted) for granted in self.territories)


class Scope(Value):
    """What two contracts are compared by: the property in every language it is named in, and the grant."""

    contract_no: str
    property_name: frozenset[str]
    grant: Grant

    @classmethod
    def of(cls, contract_no: str, property_name: Mapping[str, str], grant: Grant) -> "Scope":
        names = frozenset(" ".join(name.split()).casefold() for name in property_name.values())
        return cls(contract_no=contract_no, property_name=names, grant=grant)

    def refuse_overlap(self, other: "Scope") -> None:
        """Refuse two grants of one property that meet in category, channel, territory and term, if one is exclusive."""
        ours, theirs = self.grant, other.grant
        if not (ours.exclusive or theirs.exclusive) or not self.property_name & other.property_name:
            return
        if ours.starts > theirs.ends or theirs.starts > ours.ends or not set(ours.channels) & set(theirs.channels):
            return
        categories = sorted(set(ours.categories) & set(theirs.categories))
        territories = sorted(
            {one for one in ours.territories if theirs.covers(one)}
            | {one for one in theirs.territories if ours.covers(one)}
        )
        if categories and territories:
            raise GrantsOverlap(
                contract_no=self.contract_no,
                other_contract_no=other.contract_no,
                category=categories[0],
                territory=territories[0],
            )


def refuse_unsound_grant(grant: Grant) -> None:
    """Refuse a grant under which nothing could be sold, or whose territories, days or commission make no sense."""
    if grant.ends < grant.starts:
        raise TermUnsound(reason=f"it ends on {grant.ends}, before it starts on {grant.starts}")
    if not 0 <= grant.sell_off_days <= LONGEST_SELL_OFF:
        raise TermUnsound(reason=f"a sell-off of {grant.sell_off_days} days; give 0 to {LONGEST_SELL_OFF}")
    if not (grant.categories and grant.territories and grant.channels):
        raise TermUnsound(reason="it names no category, no territory or no channel, so nothing could be sold")
    for territory in grant.territories:
        if not TERRITORY.fullmatch(territory):
            raise MalformedInput(expected='territory of ISO 3166, such as "CN" or "CN-BJ"', value=territory)
    if not 0 <= grant.agent_commission <= 1:
        raise RateOutOfRange(rate_name="agent's commission", rate=f"{grant.agent_commission:f}")
    if grant.approval is not None:
        _refuse_unsound_approval(grant.approval)
    try:
        ZoneInfo(grant.time_zone)
    except (KeyError, ValueError):
        raise MalformedInput(expected="IANA time zone", value=grant.time_zone) from None


def _refuse_unsound_approval(rules: ApprovalRules) -> None:
    if not rules.stages or list(rules.stages) != [stage for stage in STAGES if stage in rules.stages]:
        raise TermUnsound(reason=f"its approvals are not some of {', '.join(STAGES)}, in this order")
    if not 1 <= rules.answer_days <= LONGEST_ANSWER:
        raise TermUnsound(reason=f"an answer within {rules.answer_days} business days; give 1 to {LONGEST_ANSWER}")


def _within(territory: str, granted: str) -> bool:
    return territory == granted or territory.startswith(f"{granted}-")
