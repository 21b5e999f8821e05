"""Know buyers: what somebody shows becomes a pseudonym each, and who they are is forgotten when they ask."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from souvenir.editions.purchase import Evidence
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.privacy.application import registered
from souvenir.privacy.keyring import KeyRing

VERSION: Final = "2"
"""Of the way in which evidence is read and named: to change the way is to change this."""

PURPOSE: Final = "identity"

_PUNCTUATION: Final = str.maketrans("", "", "-.()/")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a buyer shows of themselves. None of it is kept: what is empty was not shown."""

    document_number: str = ""
    telephone: str = ""
    card_fingerprint: str = ""
    address: str = ""

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

        What they bought stays, and counts for nobody any more. Raises ErasureOnHold while a law asks to keep any of it.
        """
        values = [*shown.person, *shown.household]
        known = [one for text in values for one in self._keyring.people_with(PURPOSE, text)]

        def command(tx: Transaction) -> int:
            for person in known:
                subject = registered(tx, person)
                subject.erase([PURPOSE], reason, requested_on)
                tx.save(subject)
            return len(known)

        done = self._log.execute(command)
        for person in known:
            self._keyring.forget(person, [PURPOSE])
        return done


def _named(kind: str, text: str) -> str:
    return f"buyer's {kind}:{text.translate(_PUNCTUATION)}"
