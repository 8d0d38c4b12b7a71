"""A keystore on its way to the import page: its entries, and what the rules of acceptance say of it."""

from collections.abc import Sequence
from datetime import datetime

from sfkeytool.acceptance.engine import Report, judge
from sfkeytool.acceptance.subject import prepare_subject
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.certificates import CertificateFacts, describe_certificate
from sfkeytool.crypto.sniff import FileKind, sniff
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Opaque, Profile
from sfkeytool.passwords import Secret


class ImportEntry(Opaque, frozen=True):
    """A private key's entry: ``name`` is the alias in lower case, under which CKM shows it, and ``certificate`` the
    first of its chain, which is what CKM's record should hold."""

    name: str
    certificate: Certificate

    @property
    def facts(self) -> CertificateFacts:
        """Of the certificate."""
        return describe_certificate(self.certificate)


class ImportKeystore(Opaque, frozen=True):
    """``path`` is the file as it was named. ``report``: what ``check`` says of it. ``password``: what opens it, secret;
    None where none that was given does."""

    path: str
    entries: tuple[ImportEntry, ...]
    report: Report
    password: Secret | None = None
    needs_password: bool = False
    """Whether another password may open it."""
    is_bcfks: bool = False
    """Which orgs in Government Cloud alone take."""


def read_import_keystore(file: InputFile, passwords: Sequence[Secret], now: datetime) -> ImportKeystore:
    """The keystore as an import would see it. An entry without a certificate that can be read is left out: the report
    refuses it. Pure. Raises what prepare_subject() raises."""
    is_bcfks = sniff(file.data) is FileKind.BCFKS
    subject = prepare_subject(
        file, as_of=now, profile=Profile.CKM_IMPORT, passwords=tuple(passwords), takes_bcfks=is_bcfks
    )
    entries = tuple(
        ImportEntry((entry.alias or "").lower(), entry.certificates[0])
        for entry in subject.entries
        if entry.certificates and entry.certificates[0] is not None
    )
    return ImportKeystore(file.label, entries, judge(subject), subject.password, subject.needs_password, is_bcfks)
