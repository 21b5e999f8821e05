"""Any order of steps on a claim and its guarantee: nobody is paid twice, nothing resolves twice, history replays."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from refund_forms import cny, form

from souvenir.kernel import clock
from souvenir.kernel.aggregate import Aggregate
from souvenir.kernel.errors import SouvenirError
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.guarantee import Guarantee

NOW = clock.SettableClock(datetime(2025, 5, 15, 4, 0, tzinfo=UTC))
BOUGHT = date(2025, 5, 15)
ZERO = cny("0.00")
DAYS = st.integers(0, 100).map(lambda day: BOUGHT + timedelta(days=day))
RESOLUTIONS = {"Released", "Captured", "Lapsed", "DeclaredRecoverable"}


class RefundMachine(RuleBasedStateMachine):
    """A careless clerk, an unpunctual traveller and a moody customs officer, in any order."""

    def __init__(self) -> None:
        super().__init__()
        previous = clock.use(NOW)
        try:
            self.claim = Claim.open(form())
        finally:
            clock.use(previous)
        self.guarantee: Guarantee | None = None
        self.handed_out = self.taken_back = ZERO

    def attempt(self, decide: Callable[[], Any]) -> bool:
        """Try a decision twice; the second time must record nothing more. True if it was taken."""
        try:
            decide()
        except SouvenirError:
            return False
        after = len(self.history())
        decide()
        assert len(self.history()) == after, "asked twice, recorded twice"
        return True

    def history(self) -> list[Any]:
        return [*self.claim.pending_events, *(self.guarantee.pending_events if self.guarantee else ())]

    @rule(on=DAYS, days=st.integers(0, 60))
    def agree(self, on: date, days: int) -> None:
        by = on + timedelta(days=days)
        self.attempt(lambda: self.claim.agree(on=on, promised_by=by, capture_by=by, ports=("PEK",), by="agency"))

    @precondition(lambda self: self.guarantee is None)
    @rule(amount=st.sampled_from(["134.46", "134.45", "200.00"]))
    def hold(self, amount: str) -> None:
        self.guarantee = Guarantee.hold(
            claim_id=self.claim.id,
            amount=cny(amount),
            reference="pi_1",
            strength="card_hold",
            secured_until=datetime(2025, 6, 14, tzinfo=UTC),
            on=BOUGHT,
        )

    @rule(on=DAYS)
    def advance(self, on: date) -> None:
        guaranteed = self.guarantee.guaranteed if self.guarantee else ZERO
        before = self.claim.advanced
        if self.attempt(lambda: self.claim.advance("cash", on, guaranteed)) and before is None:
            self.handed_out = self.handed_out + self.claim.net

    @rule(on=DAYS, port=st.sampled_from(["PEK", "PVG"]), quantity=st.integers(0, 3))
    def customs(self, on: date, port: str, quantity: int) -> None:
        self.attempt(lambda: self.claim.confirm_customs(on, port, {1: quantity}))

    @rule(on=DAYS)
    def complete(self, on: date) -> None:
        self.attempt(lambda: self.claim.complete(on))

    @rule(on=DAYS)
    def miss(self, on: date) -> None:
        self.attempt(lambda: self.claim.miss_promise(on))

    @precondition(lambda self: self.guarantee is not None)
    @rule(on=DAYS, amount=st.sampled_from(["134.46", "67.23", "1.00"]))
    def capture(self, on: date, amount: str) -> None:
        guarantee = self.guarantee
        assert guarantee is not None
        if (
            guarantee.state == "held"
            and self.attempt(lambda: guarantee.capture(cny(amount), on))
            and self.attempt(lambda: self.claim.recover(guarantee.id, cny(amount), on))
        ):
            self.taken_back = self.taken_back + cny(amount)

    @precondition(lambda self: self.guarantee is not None)
    @rule(what=st.sampled_from(["release", "lapse", "owe", "write_off"]), on=DAYS)
    def resolve(self, what: str, on: date) -> None:
        guarantee = self.guarantee
        assert guarantee is not None
        steps: dict[str, Callable[[], None]] = {
            "release": lambda: guarantee.release(on),
            "lapse": lambda: guarantee.lapse(datetime(on.year, on.month, on.day, tzinfo=UTC), on),
            "owe": lambda: guarantee.declare_recoverable(cny("134.46"), on),
            "write_off": lambda: guarantee.write_off(on),
        }
        self.attempt(steps[what])

    @precondition(lambda self: self.guarantee is not None and self.guarantee.state == "recoverable")
    @rule(on=DAYS, amount=st.sampled_from(["134.46", "67.23", "0.01"]), number=st.integers(1, 3))
    def repay(self, on: date, amount: str, number: int) -> None:
        guarantee, repayment_id = self.guarantee, UUID(int=number)
        assert guarantee is not None
        new = repayment_id not in guarantee.repayments
        if cny(amount) <= self.claim.outstanding and self.attempt(
            lambda: guarantee.repay(repayment_id, cny(amount), "cash", on)
        ):
            assert self.attempt(lambda: self.claim.recover(repayment_id, cny(amount), on))
            self.taken_back = self.taken_back + (cny(amount) if new else ZERO)

    @rule(on=DAYS)
    def pay(self, on: date) -> None:
        before = self.claim.paid_on
        if self.attempt(lambda: self.claim.pay("wallet", on)) and before is None:
            self.handed_out = self.handed_out + self.claim.due_net

    @rule(on=DAYS)
    def settle(self, on: date) -> None:
        self.attempt(lambda: self.claim.settle(cny("134.46"), on))

    @rule(on=DAYS)
    def void(self, on: date) -> None:
        self.attempt(lambda: self.claim.void("returned", on))

    @invariant()
    def nobody_is_paid_twice(self) -> None:
        assert ZERO <= self.handed_out - self.taken_back <= self.claim.net
        assert self.claim.received == self.handed_out - self.taken_back
        assert self.claim.outstanding >= ZERO

    @invariant()
    def a_guarantee_resolves_once(self) -> None:
        if self.guarantee is None:
            return
        names = [type(event).__name__ for event in self.guarantee.pending_events]
        assert sum(name in RESOLUTIONS for name in names if name != "Lapsed") <= 1
        once = [name for name in names if name != "Repaid"]
        assert len(once) == len(set(once))
        assert self.guarantee.recoverable >= ZERO

    @invariant()
    def history_replays_to_the_same_state(self) -> None:
        for aggregate in (self.claim, self.guarantee):
            if aggregate is None:
                continue
            again: Aggregate | None = None
            for event in aggregate.pending_events:
                again = event.mutate(again)
            assert again is not None
            known = {name: value for name, value in vars(aggregate).items() if name != "_pending_events"}
            assert {name: vars(again)[name] for name in known} == known


TestRefunds = RefundMachine.TestCase
TestRefunds.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
