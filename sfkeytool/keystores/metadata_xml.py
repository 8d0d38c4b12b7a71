"""Salesforce metadata as XML: its texts by path, and which of them hold or name a certificate."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sfkeytool.errors import InputError
from sfkeytool.keystores.guarded_xml import parse_tree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CERTIFICATE_FIELDS = {
    "ConnectedApp": (
        "oauthConfig.certificate",
        "samlConfig.certificate",
        "samlConfig.encryptionCertificate",
        "oauthConfig.assetTokenConfig.assetSigningCertId",
    ),
    "CustomSite": ("customWebAddresses.certificate",),
    "ExternalCredential": ("externalCredentialParameters.certificate",),
    "ExternalDataSource": ("certificate",),
    "ExtlClntAppGlobalOauthSettings": ("certificate",),
    "ExtlClntAppOauthSettings": ("assetTokenSigningCertificate", "clientAssertionCertificate"),
    "ExtlClntAppSamlConfigurablePolicies": ("certificate", "encryptionCertificate"),
    "IdentityProviderSettings": ("certificateName",),
    "NamedCredential": ("certificate", "jwtSigningCertificate", "namedCredentialParameters.certificate"),
    "SamlSsoConfig": ("validationCert", "requestSigningCertId", "decryptionCertificate"),
}
"""By type, the fields that hold a certificate or name one: all that the Metadata API's WSDL, version 63.0, has."""

FREE_FIELDS = {
    "CallCenter": ("sections.items.value",),
    "PublicKeyCertificateSet": ("publicKeyCertificateSetKeys.publicKeyCertificate",),
}
"""Texts in which people keep certificates; other text there is a name of something else, or no name at all."""

_LATER_TYPES = ("AuthProvider",)
"""Types that have none in version 63.0: what a later version calls a certificate is read by its name."""

TYPES = frozenset({*CERTIFICATE_FIELDS, *FREE_FIELDS, *_LATER_TYPES})
"""The types with such fields."""

SAML_ROOTS = ("EntityDescriptor", "EntitiesDescriptor")
"""Of SAML metadata, which holds certificates too."""

_DEEPEST_FIELD = 3
"""Dots in the path of a field: no field that is wanted is deeper."""

_UTF_16 = re.compile(rb"""\A\s*<\?xml[^>]{0,200}encoding=["']utf-?16[^>]{0,200}>""", re.IGNORECASE)
_BLANKS = re.compile(rb"\s*")
_ROOT = re.compile(rb"<(?:[\w.-]{1,80}:)?([\w.-]{1,80})")
_NOT_YET = ((b"<?", b"?>"), (b"<!--", b"-->"))


def is_certificate_field(type: str, field: str) -> bool:
    """Whether what stands in a field is a certificate or a name of one, and an error otherwise. Pure."""
    later = type in _LATER_TYPES and field.lower().endswith(("certificate", "certificatename"))
    return later or field in CERTIFICATE_FIELDS.get(type, ())


def root_type(data: bytes) -> str | None:
    """The root element's name, without a parser: an audit asks it of every file. None if that is not plain. Pure."""
    position = 0
    while True:
        position = _skip_blanks(data, position)
        for begin, end in _NOT_YET:
            if data.startswith(begin, position):
                found = data.find(end, position)
                if found < 0:
                    return None
                position = found + len(end)
                break
        else:
            match = _ROOT.match(data, position)
            return match[1].decode("ascii", "replace") if match else None


def _skip_blanks(data: bytes, position: int) -> int:
    match = _BLANKS.match(data, position)
    return match.end() if match else position


def parse_xml(data: bytes, label: str) -> "Element":
    """The root element of a document that normalise_text() has seen. Pure.

    Raises InputError as parse_tree() does, but xml.malformed-other where the root says that it holds no certificate.
    """
    try:
        # Its text is UTF-8 by now, whatever a file in UTF-16 says of itself.
        return parse_tree(_UTF_16.sub(b"", data, count=1), label)
    except InputError as error:
        if error.code != "xml.malformed" or (root_type(data) or "") in {"", *TYPES, *SAML_ROOTS}:
            raise
        raise InputError("xml.malformed-other", error.message) from None


def texts(root: "Element") -> Iterator[tuple[str, str]]:
    """The texts of all elements below the root, by their dotted path, in order; not those that are too deep. Pure."""
    pending = [(tag_of(child), child) for child in reversed(root)]
    while pending:
        here, child = pending.pop()
        yield here, (child.text or "").strip()
        if here.count(".") < _DEEPEST_FIELD:
            pending += [(f"{here}.{tag_of(grandchild)}", grandchild) for grandchild in reversed(child)]


def tag_of(element: "Element") -> str:
    """An element's name without its namespace; empty for a comment. Pure."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
