"""``ckm list``: the certificates of an org's CKM."""

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from sfkeytool.crypto import certificates
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import SfkeytoolError
from sfkeytool.model import Notice, Outcome, Result, UtcTime
from sfkeytool.salesforce.ckm import CkmEntry, CkmListing
from sfkeytool.salesforce.org import OrgIdentity
from sfkeytool.workflows.ckm_record import held_by


class CkmCertificate(Result, frozen=True, kw_only=True):
    """A record of CKM. None is what the org does not tell; ``certificate`` is also None while it waits for one."""

    name: str
    label: str | None
    not_after: Annotated[UtcTime | None, Meta(description="As the record says; the certificate has its own")]
    key_bits: int | None
    ca_signed: bool | None
    waits_for_certificate: bool
    exportable: bool | None
    certificate: CertificateFacts | None
    chain_length: Annotated[int, Meta(ge=0)]


class Listed(Result, frozen=True, kw_only=True):
    """All records of an org's CKM; ``complete`` tells whether all could be read, with what they hold."""

    org: OrgIdentity
    complete: bool
    certificates: tuple[CkmCertificate, ...]


def ckm_list(listing: CkmListing, org: OrgIdentity) -> Outcome[Listed]:
    """Each record; notices say what could not be read. Pure."""
    notices = [Notice(error.code, error.message) for error in listing.errors]
    found = []
    for entry in listing.entries:
        try:
            found.append(describe_entry(entry))
        except SfkeytoolError as error:
            notices.append(Notice(error.code, error.message))
            found.append(describe_entry(replace(entry, content=b"")))
    return Outcome(
        result=Listed(org=org, complete=listing.is_complete, certificates=tuple(found)), notices=tuple(notices)
    )


def describe_entry(entry: CkmEntry) -> CkmCertificate:
    """Facts of a record. Raises as held_by(). Pure."""
    held = held_by(entry)
    return CkmCertificate(
        name=entry.name,
        label=entry.label or None,
        not_after=entry.expires,
        key_bits=entry.key_bits,
        ca_signed=entry.ca_signed,
        waits_for_certificate=entry.unusable if entry.unusable is not None else held.request is not None,
        exportable=entry.exportable,
        certificate=certificates.describe_certificate(held.leaf.certificate) if held.leaf else None,
        chain_length=len(held.chain),
    )
