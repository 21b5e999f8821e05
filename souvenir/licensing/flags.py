"""Discrepancies: what someone should look at before a statement goes out."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from souvenir.kernel.money import Money
from souvenir.licensing.sheet import Header, Sheet

MANY_RETURNS: Final = Decimal("0.2")
"""Returned units for each sold one, above which a period's returns are worth a look."""

UNUSUAL: Final = 3
"""A royalty more than so many times that of the last statement, or less than its part, is worth a look."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One discrepancy: a code for machines and a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known about a licence when its statement is drawn up.

    `register` is what the royalty register has as earned in all, `logged` what statements, this one included, and later
    entries add up to, what may not recoup left out. `by_accruals` is what the statement's accruals, one by one, made
    payable.
    """

    register: Money
    logged: Money
    by_accruals: Money
    over_cap_units: int


def flags(sheet: Sheet, last: Header | None, known: Known) -> tuple[Flag, ...]:
    """Everything that looks wrong or unusual, gravest first; empty as a rule."""
    return (*_arithmetic(sheet, known), *_conduct(sheet, known), *_unusual(sheet, last))


def _arithmetic(sheet: Sheet, known: Known) -> Iterator[Flag]:
    account = sheet.header.account
    if known.register != known.logged:
        yield Flag("REGISTER_DIFFERS", f"The register has {known.register} earned, the log {known.logged}.")
    deferred = sheet.header.reserve is not None or sheet.header.shared_account is not None
    if known.by_accruals != account.payable and not deferred:
        text = f"The accruals made {known.by_accruals} payable, the statement {account.payable}: some came out of turn."
        yield Flag("PAYABLE_DIFFERS", text)
    for line in sheet.lines:
        if line.net and (line.royalty.minor > 0) != (line.net.minor > 0) and line.royalty:
            yield Flag("SIGN_DIFFERS", f"Line {line.number}: {line.royalty} on {line.net}.")


def _conduct(sheet: Sheet, known: Known) -> Iterator[Flag]:
    account = sheet.header.account
    if sheet.breaches:
        units = sum(breach.units for breach in sheet.breaches)
        yield Flag("BREACHES", f"{units} units were sold outside the licence; they are settled apart.")
    if known.over_cap_units:
        yield Flag("UNIT_CAP_EXCEEDED", f"{known.over_cap_units} units were sold over the cap.")
    advance = account.guarantee if account.advance is None else account.advance
    if account.paid_ahead < advance and sheet.header.shared_account is None:
        yield Flag("ADVANCE_UNPAID", f"{advance - account.paid_ahead} of the advance of {advance} is not paid.")
    labels = sheet.header.labels
    if labels is not None and labels.unaccounted:
        settled = f"{labels.charged} are charged as sold" if labels.charged else "they are settled apart"
        text = f"{labels.unaccounted} labels of {labels.issued} cannot be shown; {settled}."
        yield Flag("LABELS_UNACCOUNTED", text)


def _unusual(sheet: Sheet, last: Header | None) -> Iterator[Flag]:
    sold, returned = (sum(getattr(line, side) for line in sheet.lines) for side in ("sold", "returned"))
    if returned > MANY_RETURNS * sold:
        yield Flag("MANY_RETURNS", f"{returned} units came back, {sold} were sold.")
    if sheet.prior:
        yield Flag("LATE_ENTRIES", f"{len(sheet.prior)} lines belong to periods that were already stated.")
    if last is None:
        return
    before, now = (abs((a.earned + a.outside).minor) for a in (last.account, sheet.header.account))
    if before and (now > UNUSUAL * before or now * UNUSUAL < before):
        changed = f"{last.account.earned + last.account.outside} in {last.period}, now {sheet.royalty}"
        yield Flag("UNUSUAL_CHANGE", f"The royalty was {changed}.")
