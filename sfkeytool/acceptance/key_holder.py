"""Who has the private key of a certificate that was found somewhere: only they can make the next one."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_APPS = ("ConnectedApp", "ExtlClntAppGlobalOauthSettings")


class KeyHolder(StrEnum):
    """The value completes "the key is with …"."""

    READER = "whoever runs the commands"
    CKM = "Certificate and Key Management, unless it was imported there"
    IDENTITY_PROVIDER = "the identity provider"
    SOMEBODY = "whoever shows the certificate"


WAY_OUT = {
    KeyHolder.CKM: (
        "if Salesforce made the key, make the next certificate in Setup > Certificate and Key Management too, and"
        " choose it where this one is used; if the pair was imported, make it where the key is: sfkeytool self-signed"
        " {name} --key FILE --password generate (FILE: the key)"
    ),
    KeyHolder.IDENTITY_PROVIDER: (
        "ask whoever runs the identity provider for its next certificate, and prove that an admin can log in with a"
        " password before you change it in Setup > Single Sign-On Settings"
    ),
    KeyHolder.SOMEBODY: "ask whoever holds its key for the next certificate, and put it where this one stands",
}
"""Where a next certificate comes from, in place of a command that makes one: for all but the reader's own keys."""


def holder_in_metadata(root: "Element") -> KeyHolder:
    """Of the certificates in a component of metadata. Pure."""
    from sfkeytool.keystores.metadata_xml import tag_of

    type = tag_of(root)
    if type == "SamlSsoConfig":
        return KeyHolder.IDENTITY_PROVIDER
    return KeyHolder.READER if type in _APPS else KeyHolder.SOMEBODY
