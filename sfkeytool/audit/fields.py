"""Metadata, of files and of orgs alike: what its fields that hold or name a certificate carry."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from sfkeytool.audit.facts import KeptFacts, shared
from sfkeytool.audit.model import Carrier, CarrierKind, Problem
from sfkeytool.crypto.certificates import describe_certificate
from sfkeytool.crypto.chains import issuers_among
from sfkeytool.crypto.names import common_name
from sfkeytool.crypto.reminders import reminded_sha256_prefix
from sfkeytool.errors import SfkeytoolError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate
from sfkeytool.keystores.metadata_field import parse_field
from sfkeytool.names import parse_record_id

APP_FIELDS = {
    ("ConnectedApp", "oauthConfig.certificate"): CarrierKind.CONNECTED_APP,
    ("ExtlClntAppGlobalOauthSettings", "certificate"): CarrierKind.EXTERNAL_CLIENT_APP,
}


def carriers_of(
    source: str, type: str, name: str, path: str, values: Sequence[tuple[str, str]]
) -> Iterator[Carrier | Problem]:
    """What the fields of one component carry. ``values`` are texts by dotted path below the component. Pure.

    A filled certificate field that holds none and names none is a Problem; the other fields are read all the same.
    """
    if type == "ExtlClntAppGlobalOauthSettings":
        owners = [text for field, text in values if field == "externalClientApplication"]
        name = owners[0] if owners else name.removesuffix("_glbloauth")
    for field, text in values:
        part = f"{type}.{field}"
        kind = APP_FIELDS.get((type, field), CarrierKind.METADATA)
        try:
            found = parse_field(type, field, text, path)
        except SfkeytoolError as error:
            yield Problem(source, path, error.code, error.message)
            continue
        yield from (carrier_of(source, kind, name, path, part, each) for each in found.certificates)
        for unreadable in found.unreadable:
            yield Problem(source, path, unreadable.error.code, unreadable.error.message)
        if found.reference:
            note = found.words if parse_record_id(found.reference) else ""
            yield Carrier(source, kind, name, path, part, reference=found.reference, note=note)


def carriers_of_content(source: str, kind: CarrierKind, name: str, path: str, content: bytes) -> tuple[Carrier, ...]:
    """The certificates in the ``content`` of a component, such as a chain; empty if it holds none. Pure.

    Raises what parse_contents raises.
    """
    contents = parse_contents(InputFile(f"{path} {name}", content), ())
    found = contents.certificates
    if contents.unreadable and all(describe_certificate(each.certificate).is_ca for each in found):
        raise contents.unreadable[0].error  # it may be the leaf
    note = "a certificate beside it cannot be read" if contents.unreadable else ""
    issuers = issuers_among([each.certificate for each in found])
    return tuple(
        replace(carrier_of(source, kind, name, path, "", each), in_chain=each.certificate in issuers, note=note)
        for each in found
    )


def carrier_of(source: str, kind: CarrierKind, name: str, path: str, part: str, found: FoundCertificate) -> Carrier:
    """A carrier that holds a certificate. Pure."""
    subject, issuer = common_name(found.certificate.subject), common_name(found.certificate.issuer)
    return Carrier(
        source,
        kind,
        name,
        path,
        part,
        KeptFacts.of(describe_certificate(found.certificate)),
        reminds_of=reminded_sha256_prefix(found.certificate),
        der=found.der if kind.is_app else b"",
        subject_name=subject,
        issuer_name=subject if issuer == subject else shared(issuer),
    )
