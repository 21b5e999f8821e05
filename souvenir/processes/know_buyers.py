"""Know buyers: what somebody shows becomes a pseudonym each, and who they are is forgotten when they ask."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from souvenir.editions.purchase import Evidence
from souvenir.eventlog import Committed, EventLog
from souvenir.privacy.keyring import KeyRing
from souvenir.processes.forget_person import forget_pseudonyms

VERSION: Final = "2"
"""Of the way in which evidence is read and named: to change the way is to change this."""

PURPOSE: Final = "identity"

_PUNCTUATION: Final = str.maketrans("", "", "-.()/")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a buyer shows of themselves. None of it is kept: what is empty was not shown."""

    document_number: str = field(default="", repr=False)
    telephone: str = field(default="", repr=False)
    card_fingerprint: str = field(default="", repr=False)
    address: str = field(default="", repr=False)

    @property
    def person(self) -> list[str]:
        """What speaks of one person, as it is named."""
        said = {"document": self.document_number, "telephone": self.telephone, "card": self.card_fingerprint}
        return [_named(kind, text) for kind, text in said.items() if text.strip()]

    @property
    def household(self) -> list[str]:
        """What speaks of everyone at one address."""
        return [_named("address", self.address)] if self.address.strip() else []


class KnowBuyers:
    """Who buys, as far as limits and draws ask. Only the key store leads from a passport to its pseudonym."""

    def __init__(self, log: EventLog, keyring: KeyRing) -> None:
        self._log, self._keyring = log, keyring

    def evidence(self, shown: Shown, customer: UUID | None = None) -> Evidence:
        """The buyer as limits weigh them; a known customer is evidence of their own."""
        people = self._keyring.pseudonyms(PURPOSE, [*shown.person, *shown.household])
        names = [str(name) for name in people]
        known = [str(customer)] if customer else []
        split = len(shown.person)
        return Evidence(version=VERSION, person=(*names[:split], *known), household=tuple(names[split:]))

    def forget(self, shown: Shown, reason: str, requested_on: date) -> Committed[int]:
        """Forget whoever showed these; answers under how many pseudonyms they were known.

        What they bought stays, and counts for nobody any more. Raises LegalHold while any of it has to be kept.
        """
        known = dict.fromkeys(self.known_as(shown), (PURPOSE,))
        done = forget_pseudonyms(self._log, self._keyring, known, reason, requested_on)
        return Committed(len(done.result), done.position, done.replayed)

    def known_as(self, shown: Shown) -> list[UUID]:
        """What whoever shows these goes by in the log."""
        values = [*shown.person, *shown.household]
        return [one for text in values for one in self._keyring.people_with(PURPOSE, text)]


def _named(kind: str, text: str) -> str:
    return f"buyer's {kind}:{text.translate(_PUNCTUATION)}"
