"""Change keys: the log says so first, then the files; what a withdrawn key had signed is sealed with today's."""

from contextlib import suppress
from typing import ClassVar
from uuid import UUID

from souvenir.certificates.certificate import Certificate
from souvenir.certificates.key import IssuerKey
from souvenir.certificates.signing import KeyCabinet, NoSuchKey
from souvenir.certificates.views import standing_after
from souvenir.eventlog import Process, Transaction, when


class ChangeKeys(Process):
    """Follows what the log says of the issuer's keys. Certificates are sealed anew batch after batch, each in one commit.

    Their owners find the new sheet where they found the old one; the serials stay.
    """

    name = "change_keys"
    certificates_at_once: ClassVar[int] = 100

    def __init__(self, cabinet: KeyCabinet) -> None:
        self._cabinet = cabinet

    @when(IssuerKey.Introduced)
    def _introduced(self, tx: Transaction, event: IssuerKey.Introduced) -> None:
        self._cabinet.begin(event.key_id)

    @when(IssuerKey.Withdrawn)
    def _withdrawn(self, tx: Transaction, event: IssuerKey.Withdrawn) -> None:
        key = tx.get(IssuerKey, event.originator_id)
        with suppress(NoSuchKey):  # it was kept elsewhere
            self._cabinet.withdraw(key.key_id)
        self._renew(tx, key, None)

    @when(IssuerKey.SealsRenewed)
    def _next_batch(self, tx: Transaction, event: IssuerKey.SealsRenewed) -> None:
        self._renew(tx, tx.get(IssuerKey, event.originator_id), event.up_to)

    def _renew(self, tx: Transaction, key: IssuerKey, after: UUID | None) -> None:
        """One batch; what it records brings the next one."""
        found = standing_after(tx.session, after, self.certificates_at_once)
        for certificate in (tx.get(Certificate, id) for id in found):
            certificate.seal_anew(key.key_id, self._cabinet.now)
            tx.save(certificate)
        if found:
            key.renew_seals(found[-1])
            tx.save(key)
