"""Metadata, of files and of orgs alike: which fields hold a certificate, and which name one of CKM."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sfkeytool.audit.model import Carrier, CarrierKind, Problem
from sfkeytool.crypto.certificates import describe_certificate
from sfkeytool.crypto.chains import issuers_among
from sfkeytool.crypto.reminders import reminded_sha256_prefix
from sfkeytool.errors import SfkeytoolError
from sfkeytool.keystores.contents import FoundCertificate, InputFile, parse_contents

APP_FIELDS = {
    ("ConnectedApp", "oauthConfig.certificate"): CarrierKind.CONNECTED_APP,
    ("ExtlClntAppGlobalOauthSettings", "certificate"): CarrierKind.EXTERNAL_CLIENT_APP,
}
_OTHER_FIELDS = {
    "ConnectedApp": (
        "samlConfig.certificate",
        "samlConfig.encryptionCertificate",
        "oauthConfig.assetTokenConfig.assetSigningCertId",
    ),
    "ExtlClntAppOauthSettings": ("assetTokenSigningCertificate", "clientAssertionCertificate"),
    "ExtlClntAppSamlConfigurablePolicies": ("certificate", "encryptionCertificate"),
    "NamedCredential": ("certificate", "jwtSigningCertificate", "namedCredentialParameters.certificate"),
    "ExternalCredential": ("externalCredentialParameters.certificate",),
    "SamlSsoConfig": ("validationCert", "requestSigningCertId", "decryptionCertificate"),
    "IdentityProviderSettings": ("certificateName",),
    "CustomSite": ("customWebAddresses.certificate",),
    "SiteWebAddress": ("certificate",),
    "ExternalDataSource": ("certificate",),
    "PublicKeyCertificateSet": ("publicKeyCertificateSetKeys.publicKeyCertificate",),
    "PublicKeyCertificateSetKey": ("publicKeyCertificate",),
}
"""Fields that hold or name a certificate, by the Metadata API's WSDL, version 63.0."""

_LATER_FIELDS = ("AuthProvider",)
"""Types that name none in version 63.0: what a later version calls a certificate is reported by its name."""

_UNIQUE_NAME = re.compile(r"[A-Za-z]\w{0,79}")


def carriers_of(
    source: str, type: str, name: str, path: str, values: Sequence[tuple[str, str]]
) -> Iterator[Carrier | Problem]:
    """What the fields of one component carry. ``values`` are texts by dotted path below the component. Pure.

    A field whose certificate is damaged is a Problem; the other fields are read all the same.
    """
    if type == "ExtlClntAppGlobalOauthSettings":
        owners = [text for field, text in values if field == "externalClientApplication"]
        name = owners[0] if owners else name.removesuffix("_glbloauth")
    for field, text in values:
        kind = _kind(type, field)
        if kind is None or not text:
            continue
        part = f"{type}.{field}"
        if text.startswith(("-----BEGIN ", "MI")):
            try:
                found = parse_contents(InputFile(f"{path}, <{field.rpartition('.')[2]}>", text.encode()), ())
            except SfkeytoolError as error:
                yield Problem(source, path, error.code, error.message)
                continue
            yield from (carrier_of(source, kind, name, path, part, each) for each in found.certificates)
            for unreadable in found.unreadable:
                yield Problem(source, path, unreadable.error.code, unreadable.error.message)
        elif _UNIQUE_NAME.fullmatch(text):
            yield Carrier(source, kind, name, path, part, reference=text)


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
    return Carrier(
        source,
        kind,
        name,
        path,
        part,
        describe_certificate(found.certificate),
        reminds_of=reminded_sha256_prefix(found.certificate),
        der=found.der if kind.is_app else b"",
    )


def _kind(type: str, field: str) -> CarrierKind | None:
    if kind := APP_FIELDS.get((type, field)):
        return kind
    later = type in _LATER_FIELDS and field.lower().endswith(("certificate", "certificatename"))
    return CarrierKind.METADATA if later or field in _OTHER_FIELDS.get(type, ()) else None
