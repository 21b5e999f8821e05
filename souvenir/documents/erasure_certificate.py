"""The certificate of erasure 个人信息删除证明: what was erased of one person, when, and what a law still keeps. It names nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from souvenir.documents.columns import centred, wrapped

COLUMNS = 78

PURPOSES = {
    "identity": ("身份与联系信息", "identity and contact"),
    "tax": ("退税资料", "tax refund file"),
    "marketing": ("营销", "marketing"),
    "provenance": ("流传记录", "provenance"),
}


@dataclass(frozen=True, slots=True)
class Erased:
    """Data of one purpose that is gone; `destroyed` says that no key of it was found when the certificate was made."""

    purpose: str
    requested_on: date
    erased_at: datetime
    destroyed: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """Data of one purpose that must not be erased yet, and why."""

    purpose: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class ErasureCertificate:
    """One person's, under the pseudonym they had: nothing leads from it to them any more."""

    pseudonym: UUID
    erased: Sequence[Erased]
    kept: Sequence[Kept]


def print_erasure_certificate(certificate: ErasureCertificate) -> str:
    """The certificate as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(certificate))


def erasure_certificate_pdf(certificate: ErasureCertificate) -> bytes:
    """The certificate on paper."""
    from souvenir.documents.pdf import Sheet

    sheet = Sheet(("个人信息删除证明", "Certificate of Erasure"), str(certificate.pseudonym))
    sheet.fields(_facts(certificate))
    return sheet.pdf()


def _lines(certificate: ErasureCertificate) -> Iterator[str]:
    yield centred("个人信息删除证明 Certificate of Erasure", COLUMNS)
    yield ""
    for (chinese, english), value in _facts(certificate):
        yield f"{chinese} {english}"
        yield from (f"  {line}" for line in wrapped(value, COLUMNS - 2))


def _facts(certificate: ErasureCertificate) -> Iterator[tuple[tuple[str, str], str]]:
    yield ("代号", "Pseudonym"), str(certificate.pseudonym)
    for gone in certificate.erased:
        keys = "密钥已销毁 keys destroyed" if gone.destroyed else "密钥销毁中 keys being destroyed"
        when = f"申请 asked {gone.requested_on}; 删除 erased {gone.erased_at:%Y-%m-%d %H:%M} UTC; {keys}"
        yield _named("已删除", "Erased", gone.purpose), when
    for kept in certificate.kept:
        yield _named("依法保留", "Kept by law", kept.purpose), f"至 until {kept.until}: {kept.reason}"


def _named(chinese: str, english: str, purpose: str) -> tuple[str, str]:
    of = PURPOSES[purpose]
    return f"{chinese}：{of[0]}", f"{english}: {of[1]}"
