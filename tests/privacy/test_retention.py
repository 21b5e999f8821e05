"""How long records are kept is dated data with its source, for every country that refunds, and reads as the law does."""

from datetime import date

import pytest

from souvenir.privacy.retention import NoRetentionRule, RetentionFileRefused, RetentionSchedule, open_schedule
from souvenir.privacy.subject import Term
from souvenir.taxrefund.rulebook import open_rule_book

RULE = """
[[retention]]
record = "refund_form"
jurisdiction = "CN"
years = 10
counted_from = "end_of_year"
purpose = "tax"
from = 2002-10-15
reason = "refund forms are tax documents"
source = "Implementing Rules, Art. 29"
confidence = "high"
"""


@pytest.mark.parametrize(
    ("country", "last_entry", "until"),
    [
        ("CN", date(2025, 5, 15), date(2036, 1, 1)),
        ("CN", date(2025, 12, 31), date(2036, 1, 1)),
        ("JP", date(2026, 1, 1), date(2034, 1, 1)),
        ("KR", date(2025, 5, 15), date(2031, 1, 1)),
        ("DE", date(2024, 12, 31), date(2035, 1, 1)),
        ("DE", date(2025, 1, 1), date(2034, 1, 1)),
        ("XX", date(2025, 5, 15), date(2036, 1, 1)),
    ],
)
def test_a_refund_form_is_kept_as_the_law_of_its_country_and_day_says(country: str, last_entry: date, until: date):
    rule = open_schedule().rule("refund_form", country, last_entry)
    assert rule.term(last_entry) == Term("refund forms are tax documents", until, by_law=True)


def test_every_country_with_refunds_has_a_rule_of_its_own():
    ruled = {rule.jurisdiction for rule in open_schedule().rules if rule.record == "refund_form"}
    assert set(open_rule_book().jurisdictions) <= ruled


def test_what_a_buyer_showed_goes_three_years_after_and_a_leap_day_counts_as_the_day_after():
    rule = open_schedule().rule("purchase_evidence", "CN", date(2025, 5, 15))
    assert rule.term(date(2025, 5, 15)).until == date(2028, 5, 15)
    assert rule.term(date(2024, 2, 29)) == Term(rule.reason, date(2027, 3, 1), by_law=False)


def test_a_rule_has_a_name_for_ever():
    assert open_schedule().rule("refund_form", "CN", date(2025, 5, 15)).version == "CN/refund_form@2002-10-15"


def test_where_no_rule_reaches_nothing_is_guessed():
    with pytest.raises(NoRetentionRule, match="refund_form in CN on 1999-01-01"):
        RetentionSchedule.read(RULE).rule("refund_form", "CN", date(1999, 1, 1))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (RULE.replace("years = 10", "years = -1"), "years"),
        (RULE.replace('source = "Implementing Rules, Art. 29"', ""), "source"),
        (RULE.replace("refund_form", "diary"), "record"),
        (RULE + RULE.replace("2002-10-15", "2020-01-01"), "CN/refund_form@2020-01-01"),
        ("years = ", "the TOML"),
        ("", "the TOML"),
    ],
)
def test_a_schedule_that_cannot_be_relied_on_is_refused(text: str, where: str):
    with pytest.raises(RetentionFileRefused) as refused:
        RetentionSchedule.read(text)
    assert refused.value.facts["where"] == where
