"""Forget a person: record the erasure, destroy the keys (again, if a backup brings them back), end their sessions."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Final
from uuid import UUID

from souvenir.access.application import revoke_all_of
from souvenir.eventlog import Committed, EventLog, Process, Transaction, when
from souvenir.kernel import clock
from souvenir.privacy.application import Privacy, due, erase, erasures, erasures_so_far, registered
from souvenir.privacy.keyring import KeyRing
from souvenir.privacy.subject import LegalHold, Subject

KEPT_LONG_ENOUGH: Final = "the time to keep it is over"


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

    Raises LegalHold while any of them has to be kept; then nothing is erased.
    """
    committed = Privacy(log).erase(subject_id, purposes, reason, requested_on)
    keyring.forget(subject_id, log.load(Subject, subject_id).erased)
    return committed


def forget_pseudonyms(
    log: EventLog, keyring: KeyRing, known: Mapping[UUID, Sequence[str]], reason: str, requested_on: date
) -> Committed[list[UUID]]:
    """Forget all that one person goes by, each for its purposes, or nothing; answers which. Raises LegalHold."""

    def command(tx: Transaction) -> list[UUID]:
        for person, purposes in known.items():
            erase(tx, registered(tx, person), purposes, reason, requested_on)
        return list(known)

    done = log.execute(command)
    if not done.replayed:  # else whoever goes by these now came back since
        for person, purposes in known.items():
            keyring.forget(person, purposes)
    return done


class EraseDue:
    """Erases whatever the retention schedule lets nobody keep any longer, and nothing that is on hold."""

    def __init__(self, log: EventLog, keyring: KeyRing) -> None:
        self._log, self._keyring = log, keyring
        self._looked_on: date | None = None

    def act_on_schedule(self) -> None:
        """Once a day look at what is due; every time, at whether a backup brought keys back."""
        shred_restored_keys(self._log, self._keyring)
        if self._looked_on != clock.now().date():
            self.erase_due()
            self._looked_on = clock.now().date()

    def on_request(self) -> Committed[int]:
        """As staff ask for it: erase what is due, and remember the answer under their command's key."""
        gone = self.erase_due()
        return self._log.execute(lambda tx: gone)

    def erase_due(self) -> int:
        """Erase what is due today; answers for how many people and purposes. Safe to repeat after any downtime."""
        today, gone = clock.now().date(), 0
        for subject, purpose in due(self._log, today):
            with suppress(LegalHold):
                self._erase(subject, purpose, today)
                gone += 1
        return gone

    def _erase(self, subject: UUID, purpose: str, today: date) -> None:
        self._log.commit(lambda tx: erase(tx, tx.get(Subject, subject), [purpose], KEPT_LONG_ENOUGH, today))
        self._keyring.forget(subject, [purpose])


def shred_restored_keys(log: EventLog, keyring: KeyRing) -> int:
    """Destroy keys that should no longer exist, such as after a backup of the key store; returns how many there were.

    Run whenever a shop opens, and every minute: it costs nothing while the key store is the one it was.
    """
    known = erasures_so_far(log)
    if keyring.agrees_on(known):
        return 0
    missed = [(subject, purpose) for subject, purpose in erasures(log) if not keyring.is_forgotten(subject, purpose)]
    gone = sum(len(keyring.forget(subject, [purpose])) for subject, purpose in missed)
    keyring.agree_on(known)
    return gone
