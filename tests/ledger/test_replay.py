"""Replay: it foots, the fast path equals the slow one, portions do not matter, and the past does not change."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.money import Money
from souvenir.ledger import chart, postings, replay
from souvenir.ledger.journal import Cause, Entry
from souvenir.ledger.postings import Goods, Legs
from souvenir.ledger.replay import AsOf, BooksDoNotFoot, Replay

OPENING_DAY = date(2026, 7, 1)
FIRST_INSTANT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
SHARE = Decimal("0.7")
DRAWER = "Assets:Cash:Drawer-01"


class Row(NamedTuple):
    stream: UUID
    state: bytes


def entry(number: int, legs: Legs, *, day: int = 0, known: timedelta = timedelta(0), rule: str = "J01") -> Entry.Posted:
    cause = Cause("test.Cause", UUID(int=number), 1, FIRST_INSTANT + known)
    posted = Entry.post(cause, rule, OPENING_DAY + timedelta(day), legs, "Test", {"claim": f"C{number}"})
    (event,) = posted.collect_events()
    assert isinstance(event, Entry.Posted)
    return event


def stored(events: Sequence[Entry.Posted]) -> list[Row]:
    return [
        Row(e.originator_id, e.model_dump_json(exclude={"originator_id", "originator_version"}).encode())
        for e in events
    ]


def states(events: Sequence[Entry.Posted]) -> list[bytes]:
    return [row.state for row in stored(events)]


# Any sequence of business, in several currencies, on any days, learned of at any later instant.

amounts = st.integers(1, 20) | st.integers(1, 10**9)
currencies = st.sampled_from(["CNY", "JPY", "KWD"])


@st.composite
def some_legs(draw: st.DrawFn) -> Legs:
    currency = draw(currencies)
    refund = Money(draw(amounts), currency)
    fee = Money(draw(st.integers(0, refund.minor - 1)), currency)
    goods = [Goods(refund, fee)]
    tender = draw(st.sampled_from([DRAWER, chart.CARD, chart.WALLET]))
    rule = draw(
        st.sampled_from(
            [
                lambda: postings.sale({tender: refund}, goods),
                lambda: postings.goods_returned({tender: refund}, goods),
                lambda: postings.refund_advanced(tender, refund, fee) + postings.guarantee_held(refund - fee),
                lambda: postings.customs_verified(refund, fee, SHARE),
                lambda: postings.guarantee_captured(chart.CARD, refund, fee) + postings.guarantee_over(refund - fee),
                lambda: postings.ordinary_refund_paid(tender, refund, fee, SHARE),
                lambda: postings.royalty_accrued("LIC-A", refund, fee, refund),
                lambda: postings.royalty_reversed("LIC-A", refund, fee, refund),
                lambda: postings.reversal(postings.sale({tender: refund}, goods)),
            ]
        )
    )
    return rule()


@st.composite
def histories(draw: st.DrawFn) -> list[Entry.Posted]:
    each = draw(
        st.lists(st.tuples(some_legs(), st.integers(-5, 5), st.integers(0, 3_000_000)), max_size=30),
    )
    known_order = sorted(known for _, _, known in each)
    return [
        entry(number, legs, day=day, known=timedelta(milliseconds=known))
        for number, ((legs, day, _), known) in enumerate(zip(each, known_order, strict=True))
    ]


bounds = st.builds(
    AsOf,
    effective=st.none() | st.integers(-6, 6).map(lambda day: OPENING_DAY + timedelta(day)),
    known=st.none() | st.integers(0, 3_000_000).map(lambda ms: FIRST_INSTANT + timedelta(milliseconds=ms)),
    since=st.none() | st.integers(-6, 6).map(lambda day: OPENING_DAY + timedelta(day)),
)


@given(histories(), bounds)
def test_the_books_foot_whatever_happened_and_whenever_one_looks(history: list[Entry.Posted], as_of: AsOf) -> None:
    balance = replay.replay(states(history), as_of)

    for currency in ("CNY", "JPY", "KWD"):
        rows = [row for row in balance.rows if row.currency == currency]
        assert sum(row.opening.minor for row in rows) == 0
        assert sum(row.debit.minor for row in rows) == sum(row.credit.minor for row in rows)
        assert sum(row.closing.minor for row in rows) == 0
        assert all(row.debit.minor >= 0 and row.credit.minor >= 0 for row in rows)


@given(histories(), bounds)
def test_the_fold_over_stored_rows_is_the_plain_sum_of_the_legs_that_count(
    history: list[Entry.Posted], as_of: AsOf
) -> None:
    sums: Counter[tuple[str, str]] = Counter()
    for entry in history:
        if as_of.counts(entry.effective_on, entry.known_at):
            for line in entry.lines:
                sums[line.account, line.currency] += line.minor

    balance = replay.replay(states(history), as_of)
    assert {(row.account, row.currency): row.closing.minor for row in balance.rows} == dict(sums)


@given(histories(), bounds, st.integers(1, 7))
def test_replay_in_portions_of_any_size_gives_the_same_bytes(
    history: list[Entry.Posted], as_of: AsOf, size: int
) -> None:
    rows = states(history)
    fold = Replay(as_of)
    for start in range(0, len(rows), size):
        fold.take(rows[start : start + size])

    assert fold.trial_balance().canonical() == replay.replay(rows, as_of).canonical()


@given(histories(), histories(), bounds)
def test_what_was_known_at_a_past_instant_never_changes(
    past: list[Entry.Posted], future: list[Entry.Posted], as_of: AsOf
) -> None:
    instant = max((posted.known_at for posted in past), default=FIRST_INSTANT)
    asked = AsOf(effective=as_of.effective, known=min(as_of.known or instant, instant), since=as_of.since)
    before = replay.replay(states(past), asked)

    later = [
        posted.model_copy(update={"known_at": posted.known_at + timedelta(hours=1, milliseconds=1)})
        for posted in future
    ]

    assert replay.replay(states([*past, *later]), asked).canonical() == before.canonical()


@given(histories(), bounds)
def test_the_legs_drilled_into_add_up_to_the_balance(history: list[Entry.Posted], as_of: AsOf) -> None:
    rows = stored(history)
    for row in replay.replay(states(history), as_of).rows:
        legs = list(replay.drill_down(rows, row.account, row.currency, as_of))

        assert sum(leg.money.minor for leg in legs) == row.closing.minor
        assert {leg.cause.id for leg in legs} <= {posted.cause_id for posted in history}


@given(histories(), bounds)
def test_what_changed_between_two_instants_is_the_difference_of_the_two_answers(
    history: list[Entry.Posted], as_of: AsOf
) -> None:
    earlier, later = FIRST_INSTANT + timedelta(minutes=20), FIRST_INSTANT + timedelta(minutes=40)
    then = replay.replay(states(history), AsOf(effective=as_of.effective, known=earlier))
    now = replay.replay(states(history), AsOf(effective=as_of.effective, known=later))

    changed = replay.replay(states(history), AsOf(effective=as_of.effective, known=later, known_after=earlier))

    for row in now.rows:
        difference = row.closing - then.closing(row.account, row.currency)
        assert changed.closing(row.account, row.currency) == difference
    assert changed.entries == now.entries - then.entries


# One story, in figures.


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


REFUND, FEE = cny("164.34"), cny("29.88")
STORY = [
    entry(1, postings.refund_advanced(DRAWER, REFUND, FEE) + postings.guarantee_held(cny("134.46")), rule="J08"),
    entry(2, postings.customs_verified(REFUND, FEE, SHARE), day=3, known=timedelta(days=3), rule="J09"),
    entry(3, postings.guarantee_over(cny("134.46")), day=3, known=timedelta(days=3), rule="J09m"),
    entry(4, postings.sale({DRAWER: cny("113.00")}, [Goods(cny("113.00"), cny("13.00"))]), day=0, known=timedelta(4)),
]


def test_the_trial_balance_of_a_refund_shows_gross_turnovers() -> None:
    balance = replay.replay(states(STORY))

    assert [(r.account, r.debit.amount, r.credit.amount, r.closing.amount) for r in balance.rows] == [
        ("Assets:Cash:Drawer-01", "113.00", "134.46", "-21.46"),
        ("Assets:Receivable:RefundAgency", "164.34", "0.00", "164.34"),
        ("Assets:RefundAdvance:PendingCustoms", "164.34", "164.34", "0.00"),
        ("Income:RefundCommission", "0.00", "8.96", "-8.96"),
        ("Income:Sales", "0.00", "100.00", "-100.00"),
        ("Liabilities:AgencyFee", "0.00", "20.92", "-20.92"),
        ("Liabilities:UnearnedRefundFee", "29.88", "29.88", "0.00"),
        ("Liabilities:VAT:Output", "0.00", "13.00", "-13.00"),
        ("Memo:Guarantee:Contra", "134.46", "134.46", "0.00"),
        ("Memo:Guarantee:Held", "134.46", "134.46", "0.00"),
    ]
    assert balance.entries == 4


def test_an_entry_learned_of_late_counts_for_its_day_but_not_for_what_was_known_then() -> None:
    first_day = AsOf(effective=OPENING_DAY, known=FIRST_INSTANT + timedelta(days=1))
    seen_later = AsOf(effective=OPENING_DAY, known=FIRST_INSTANT + timedelta(days=5))

    assert replay.replay(states(STORY), first_day).closing(DRAWER, "CNY") == cny("-134.46")
    assert replay.replay(states(STORY), seen_later).closing(DRAWER, "CNY") == cny("-21.46")


def test_what_changed_since_an_instant_leaves_out_what_was_known_at_it() -> None:
    since_the_sale = AsOf(known=FIRST_INSTANT + timedelta(days=4), known_after=FIRST_INSTANT + timedelta(days=3))

    assert [(row.account, row.closing.amount) for row in replay.replay(states(STORY), since_the_sale).rows] == [
        ("Assets:Cash:Drawer-01", "113.00"),
        ("Income:Sales", "-100.00"),
        ("Liabilities:VAT:Output", "-13.00"),
    ]


def test_a_period_opens_with_what_came_before_it() -> None:
    balance = replay.replay(states(STORY), AsOf(since=OPENING_DAY + timedelta(days=1)))

    (pending,) = [row for row in balance.rows if row.account == chart.PENDING_CUSTOMS]
    assert (pending.opening, pending.debit, pending.credit) == (cny("164.34"), cny("0.00"), cny("164.34"))
    assert pending.closing == cny("0.00")


def test_a_balance_leads_to_the_events_that_made_it() -> None:
    (advanced, verified) = replay.drill_down(stored(STORY), chart.PENDING_CUSTOMS, "CNY")

    assert (advanced.rule, advanced.money, advanced.cause.id) == ("J08", cny("164.34"), UUID(int=1))
    assert (verified.rule, verified.money, verified.cause.id) == ("J09", cny("-164.34"), UUID(int=2))
    assert advanced.dimensions == {"claim": "C1"}
    assert verified.entry_id == STORY[1].originator_id


def test_an_error_and_its_correction_stay_visible() -> None:
    wrong = postings.sale({DRAWER: cny("50.00")}, [Goods(cny("50.00"), cny("0.00"))])

    balance = replay.replay(states([entry(1, wrong), entry(2, postings.reversal(wrong), rule="REV")]))

    assert [(row.debit.amount, row.credit.amount, row.closing.amount) for row in balance.rows] == [
        ("50.00", "50.00", "0.00"),
        ("50.00", "50.00", "0.00"),
    ]


def test_books_changed_from_outside_do_not_pass() -> None:
    fields = json.loads(states(STORY)[0])
    fields["lines"][0]["minor"] += 1

    with pytest.raises(BooksDoNotFoot, match=r"money legs in CNY are 0\.01 CNY out"):
        replay.replay([json.dumps(fields).encode()])


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(MalformedInput, match="state its time zone"):
        AsOf(known=datetime(2026, 7, 1, 8, 0))  # noqa: DTZ001


def test_empty_books_foot() -> None:
    assert replay.replay([]).rows == ()


def test_an_entry_stored_in_its_first_version_is_still_read() -> None:
    frozen = (
        b'{"timestamp":"2026-07-01T08:00:00.000001Z","originator_topic":"ledger.Entry","effective_on":"2026-07-01",'
        b'"known_at":"2026-07-01T08:00:00Z","cause_topic":"taxrefund.ClaimAdvanced",'
        b'"cause_id":"00000000-0000-0000-0000-000000000001","cause_version":3,"rule":"J08","lines":['
        b'{"account":"Assets:RefundAdvance:PendingCustoms","minor":16434,"currency":"CNY","dimensions":{}},'
        b'{"account":"Assets:Cash:Drawer-01","minor":-13446,"currency":"CNY","dimensions":{}},'
        b'{"account":"Liabilities:UnearnedRefundFee","minor":-2988,"currency":"CNY","dimensions":{}}],'
        b'"text":"Instant refund advanced","dimensions":{"claim":"C1"}}'
    )

    assert Entry.Posted.model_validate_json(frozen).lines[1].money == cny("-134.46")
    assert replay.replay([frozen]).closing(DRAWER, "CNY") == cny("-134.46")
