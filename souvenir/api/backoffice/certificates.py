"""The back office looks after certificates and the keys that sign them: doubted, cleared, passed on, retired; rotated, withdrawn."""

from datetime import date
from uuid import UUID

import strawberry

from souvenir.api import certificates
from souvenir.api.certificates import Certificate, PublicKey
from souvenir.api.desk import EVERY_MUTATION, desk
from souvenir.api.identity import read_id
from souvenir.api.refusals import mutation
from souvenir.api.staff import manager
from souvenir.api.types import Info
from souvenir.certificates.certificate import CertificateNotStanding
from souvenir.certificates.signing import KeyStillSigns, NoSuchKey


@strawberry.input
class SuspendCertificateInput:
    idempotency_key: strawberry.ID
    certificate_id: strawberry.ID
    reason: str
    on: date


@strawberry.input
class ReinstateCertificateInput:
    idempotency_key: strawberry.ID
    certificate_id: strawberry.ID
    on: date


@strawberry.input
class TransferCertificateInput:
    idempotency_key: strawberry.ID
    certificate_id: strawberry.ID
    owner: str = strawberry.field(description="A pseudonym: nobody here knows who that is.")
    on: date


@strawberry.input
class RetireCertificateInput:
    idempotency_key: strawberry.ID
    certificate_id: strawberry.ID
    reason: str
    on: date


@strawberry.input
class RotateCertificateKeyInput:
    idempotency_key: strawberry.ID
    key_id: str = strawberry.field(description="The key that signs now, so that two who ask at once make one new key.")
    on: date


@strawberry.input
class WithdrawCertificateKeyInput:
    idempotency_key: strawberry.ID
    key_id: str = strawberry.field(
        description="A key that fell into wrong hands. Certificates it signed prove nothing."
    )
    reason: str
    on: date


@strawberry.type
class CertificateChange:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def certificate(self, info: Info) -> Certificate:
        return certificates.certificate(desk(info), self.key)


@strawberry.type
class SuspendCertificatePayload(CertificateChange): ...


@strawberry.type
class ReinstateCertificatePayload(CertificateChange): ...


@strawberry.type
class TransferCertificatePayload(CertificateChange): ...


@strawberry.type
class RetireCertificatePayload(CertificateChange): ...


@strawberry.type
class KeysChange:
    replayed: bool

    @strawberry.field
    def keys(self, info: Info) -> list[PublicKey]:
        return certificates.public_keys(desk(info))


@strawberry.type
class RotateCertificateKeyPayload(KeysChange):
    key_id: str = strawberry.field(description="The key that signs now.")


@strawberry.type
class WithdrawCertificateKeyPayload(KeysChange): ...


@strawberry.type
class CertificatesMutation:
    @mutation(*EVERY_MUTATION)
    def suspend_certificate(self, info: Info, input: SuspendCertificateInput) -> SuspendCertificatePayload:
        """Put a certificate in doubt, as when its piece was reported stolen. What is revoked stays revoked."""
        at, one = manager(info), read_id("Certificate", input.certificate_id, "input", "certificateId")
        done = at.carry_out(input, lambda: at.shop.certificates.suspend(one, input.reason, input.on))
        return SuspendCertificatePayload(replayed=done.replayed, key=one)

    @mutation(*EVERY_MUTATION)
    def reinstate_certificate(self, info: Info, input: ReinstateCertificateInput) -> ReinstateCertificatePayload:
        """The doubt is gone."""
        at, one = manager(info), read_id("Certificate", input.certificate_id, "input", "certificateId")
        done = at.carry_out(input, lambda: at.shop.certificates.reinstate(one, input.on))
        return ReinstateCertificatePayload(replayed=done.replayed, key=one)

    @mutation(*EVERY_MUTATION, CertificateNotStanding)
    def transfer_certificate(self, info: Info, input: TransferCertificateInput) -> TransferCertificatePayload:
        """Note a new owner, by a pseudonym."""
        at, one = manager(info), read_id("Certificate", input.certificate_id, "input", "certificateId")
        done = at.carry_out(input, lambda: at.shop.certificates.transfer(one, input.owner, input.on))
        return TransferCertificatePayload(replayed=done.replayed, key=one)

    @mutation(*EVERY_MUTATION)
    def retire_certificate(self, info: Info, input: RetireCertificateInput) -> RetireCertificatePayload:
        """End the certificate of a piece that is gone for good. What is revoked stays revoked."""
        at, one = manager(info), read_id("Certificate", input.certificate_id, "input", "certificateId")
        done = at.carry_out(input, lambda: at.shop.certificates.retire(one, input.reason, input.on))
        return RetireCertificatePayload(replayed=done.replayed, key=one)

    @mutation(*EVERY_MUTATION, NoSuchKey)
    def rotate_certificate_key(self, info: Info, input: RotateCertificateKeyInput) -> RotateCertificateKeyPayload:
        """Sign certificates with a new key from now on; those that older keys signed still verify."""
        at = manager(info)
        done = at.carry_out(input, lambda: at.shop.certificate_keys.rotate(input.key_id, input.on))
        return RotateCertificateKeyPayload(replayed=done.replayed, key_id=done.result)

    @mutation(*EVERY_MUTATION, NoSuchKey, KeyStillSigns)
    def withdraw_certificate_key(self, info: Info, input: WithdrawCertificateKeyInput) -> WithdrawCertificateKeyPayload:
        """Trust a key no more: whoever shows what it signed is told so, and certificates that stand get new sheets."""
        at = manager(info)
        done = at.carry_out(input, lambda: at.shop.certificate_keys.withdraw(input.key_id, input.reason, input.on))
        return WithdrawCertificateKeyPayload(replayed=done.replayed)
