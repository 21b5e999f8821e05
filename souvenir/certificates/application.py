"""What staff and the API may ask of certificates once they are issued: suspend, reinstate, pass on, retire."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from souvenir.certificates.certificate import Certificate
from souvenir.eventlog import Committed, EventLog, Transaction


class Certificates:
    """What becomes of a certificate once it is issued."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def suspend(self, certificate: UUID, reason: str, suspended_on: date) -> Committed[None]:
        """Put a certificate in doubt, as when its piece was reported stolen."""
        return self._decide(certificate, lambda one: one.suspend(reason, suspended_on))

    def reinstate(self, certificate: UUID, reinstated_on: date) -> Committed[None]:
        """The doubt is gone."""
        return self._decide(certificate, lambda one: one.reinstate(reinstated_on))

    def retire(self, certificate: UUID, reason: str, retired_on: date) -> Committed[None]:
        """End the certificate of a piece that is gone for good."""
        return self._decide(certificate, lambda one: one.retire(reason, retired_on))

    def transfer(self, certificate: UUID, owner: str, transferred_on: date) -> Committed[None]:
        """Note a new owner, by a pseudonym."""
        return self._decide(certificate, lambda one: one.transfer(owner, transferred_on))

    def _decide(self, certificate: UUID, decide: Callable[[Certificate], None]) -> Committed[None]:
        def command(tx: Transaction) -> None:
            one = tx.get(Certificate, certificate)
            decide(one)
            tx.save(one)

        return self._log.execute(command)
