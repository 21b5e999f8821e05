"""Forget a person: record the erasure, destroy the keys (again, if a backup brings them back), end their sessions."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from souvenir.access.application import revoke_all_of
from souvenir.eventlog import Committed, EventLog, Process, Transaction, when
from souvenir.privacy.application import Privacy, erasures
from souvenir.privacy.keyring import KeyRing
from souvenir.privacy.subject import Subject


class ForgetPerson(Process):
    """Destroys the keys of everyone the log says was erased; who is no longer known by name is no longer logged in.

    Doing it twice does nothing more.
    """

    name = "forget_person"

    def __init__(self, keyring: KeyRing) -> None:
        self._keyring = keyring

    @when(Subject.Erased)
    def _erased(self, tx: Transaction, event: Subject.Erased) -> None:
        self._keyring.forget(event.originator_id, event.purposes)
        if "identity" in event.purposes:
            revoke_all_of(tx, event.originator_id, reason="forgotten on request")


def forget_person(
    log: EventLog, keyring: KeyRing, subject_id: UUID, purposes: Sequence[str], reason: str, requested_on: date
) -> Committed[None]:
    """Forget a person for some purposes now. Should this stop halfway, the process finishes it.

    Raises ErasureOnHold while the law still asks to keep any of them; then nothing is erased.
    """
    committed = Privacy(log).erase(subject_id, purposes, reason, requested_on)
    keyring.forget(subject_id, log.load(Subject, subject_id).erased)
    return committed


def shred_restored_keys(log: EventLog, keyring: KeyRing) -> int:
    """Destroy keys that should no longer exist, such as after a backup of the key store; returns how many there were.

    Run whenever a shop opens.
    """
    return sum(len(keyring.forget(subject, [purpose])) for subject, purpose in erasures(log))
