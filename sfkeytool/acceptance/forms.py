"""The forms in which a certificate may lie that neither an app nor an upload asks for, in words."""

from typing import TYPE_CHECKING

from sfkeytool.crypto.pem import parse_pem
from sfkeytool.crypto.sniff import FileKind

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_METADATA = "{http://soap.sforce.com/2006/04/metadata}"
_SAML = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_WRAPPED_LABELS = {
    "PKCS7": "PKCS#7",
    "CMS": "PKCS#7",
    "PKCS #7 SIGNED DATA": "PKCS#7",
    "TRUSTED CERTIFICATE": "openssl's TRUSTED CERTIFICATE, with its trust settings",
}


def foreign_xml(root: "Element") -> str | None:
    """What XML is that is no Salesforce metadata; None for metadata. Pure."""
    if root.tag.startswith(_METADATA):
        return None
    name = root.tag.rpartition("}")[2]
    if root.tag.startswith(_SAML):
        return f"SAML metadata ({name}), with which an identity provider or a service describes itself"
    return f"XML that is no Salesforce metadata (<{name}>)"


def packaging(kind: FileKind, data: bytes, label: str) -> str | None:
    """What is around the certificates of a file; None for plain PEM or DER. Pure. Raises what parse_pem() raises."""
    if kind is FileKind.DER_PKCS7:
        return "PKCS#7"
    if kind is not FileKind.PEM:
        return None
    labels = [block.label for block in parse_pem(data, label)]
    return next((_WRAPPED_LABELS[label] for label in labels if label in _WRAPPED_LABELS), None)
