"""What staff and the API may ask of certificates once they are issued: doubt, pass on, retire; verify, publish, change keys."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal
from uuid import UUID

from souvenir.certificates.certificate import Certificate, Verdict, verify_certificate
from souvenir.certificates.credential import credential_jwt, proven, render_credential, verification_method
from souvenir.certificates.jose import jwk_set, jwt_of
from souvenir.certificates.key import IssuerKey
from souvenir.certificates.signing import KeyCabinet, Keys
from souvenir.certificates.status import Listed, Purpose, list_link, status_credential
from souvenir.certificates.views import StatusLists, certificate_with, status_of
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock


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


class CertificateKeys:
    """The keys certificates are signed with, changed while the shop runs. What changed, and why, stands in the log.

    It stands there first: a change that a crash cut off between the log and the files is finished by `ChangeKeys`.
    """

    def __init__(self, log: EventLog, cabinet: KeyCabinet) -> None:
        self._log, self._cabinet = log, cabinet

    def rotate(self, key_id: str, on: date) -> Committed[str]:
        """Sign with a new key if `key_id` still signs; answers the id of the key that signs now. Raises NoSuchKey."""
        keys = self._cabinet.after(key_id)

        def command(tx: Transaction) -> str:
            if tx.find(IssuerKey, IssuerKey.id_of(keys.key_id)) is None:
                tx.save(IssuerKey.introduce(keys.key_id, keys.public[keys.key_id], on))
            return keys.key_id

        done = self._log.execute(command)
        self._cabinet.begin(done.result)
        return done

    def withdraw(self, key_id: str, reason: str, on: date) -> Committed[None]:
        """Trust a key no more, as when it was stolen; the certificates it signed that stand are sealed anew.

        Raises NoSuchKey, or KeyStillSigns: rotate first.
        """
        public = self._cabinet.public_half(key_id)

        def command(tx: Transaction) -> None:
            key = tx.find(IssuerKey, IssuerKey.id_of(key_id)) or IssuerKey.introduce(key_id, public, on)
            key.withdraw(reason, on)
            tx.save(key)

        done = self._log.execute(command)
        self._cabinet.withdraw(key_id)
        return done


class Publication:
    """What the issuer publishes of its certificates: verdicts, credentials, status lists and keys."""

    def __init__(self, log: EventLog, keys: Keys, resolver: str, lists: StatusLists) -> None:
        self._log, self._keys, self._lists = log, keys, lists
        self.resolver = resolver.rstrip("/")

    def verify(self, text_or_link: str) -> Verdict:
        """Check a certificate, and by the shop's own records whether it stands; unless there are none of it.

        Raises MalformedCertificate, ForeignCertificate, WithdrawnKey or ForgedCertificate.
        """
        keys = self._keys.now
        found = verify_certificate(text_or_link, keys.public, withdrawn=keys.withdrawn)
        with self._log.reading() as session:
            status = status_of(session, found.gtin, found.serial, clock.now())
        return verify_certificate(text_or_link, keys.public, status)

    def under(self, gtin: str, serial: str) -> Certificate:
        """The certificate under a serial. Raises NotFound."""
        with self._log.reading() as session:
            found = certificate_with(session, gtin, serial)
        return self._log.load(Certificate, found)

    def listed(self, certificate: Certificate) -> Listed | None:
        """Where a certificate is in the status lists; None while the lists have not reached it."""
        with self._log.reading() as session:
            place = self._lists.place(session, certificate.id)
        gtin = certificate.seal.statement.gtin
        return None if place is None else Listed(self.resolver, gtin, place)

    def credential(self, certificate: Certificate, form: Literal["proof", "jwt"]) -> str:
        """A certificate as a W3C credential: in canonical JSON with its proof, or as a JWT."""
        keys, listed = self._keys.now, self.listed(certificate)
        if form == "jwt":
            return credential_jwt(certificate.seal, keys, listed)
        return render_credential(certificate.seal, keys, clock.now(), listed)

    def status_list(self, gtin: str, part: int, purpose: Purpose, form: Literal["proof", "jwt"]) -> str:
        """One status list as a credential. Raises NotFound."""
        with self._log.reading() as session:
            places = self._lists.part(session, gtin, part, purpose)
        keys, link = self._keys.now, list_link(self.resolver, gtin, part, purpose)
        issuer = verification_method(keys.public[keys.key_id]).partition("#")[0]
        hour = clock.now().replace(minute=0, second=0, microsecond=0)
        credential = status_credential(link, issuer, purpose, places, hour.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return jwt_of(credential, keys, "vc+jwt") if form == "jwt" else proven(credential, keys, hour)

    def key_set(self) -> dict[str, Any]:
        """The public keys as a JWK set. Keys that were withdrawn are not in it."""
        return jwk_set(self._keys.now.public)
