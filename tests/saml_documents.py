"""SAML metadata as identity providers publish it, and an org's settings for one: all of our own making."""

import base64
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import serialization

SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
ENTITY = "https://idp.example.com"
Key = tuple[str | None, Sequence[x509.Certificate | str]]
"""A key's use, and its certificates; a text is put in as it is."""


def base64_of(certificate: x509.Certificate, *, width: int = 0) -> str:
    """In one line, or in lines of so many characters, as .NET writes them."""
    text = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    if not width:
        return text
    return "\r\n" + "\r\n".join(text[at : at + width] for at in range(0, len(text), width)) + "\r\n  "


def key_descriptor(use: str | None, certificates: Sequence[x509.Certificate | str], *, md: str, width: int = 0) -> str:
    data = "".join(
        f"<X509Certificate>{one if isinstance(one, str) else base64_of(one, width=width)}</X509Certificate>"
        for one in certificates
    )
    inner = f"<X509Data>{data}</X509Data>" if certificates else "<KeyName>key-1</KeyName>"
    stated = f' use="{use}"' if use else ""
    return f'<{md}KeyDescriptor{stated}><KeyInfo xmlns="{SIGNATURE}">{inner}</KeyInfo></{md}KeyDescriptor>'


def role(name: str, keys: Sequence[Key], *, md: str = "md:", attributes: str = "", width: int = 0) -> str:
    described = "".join(key_descriptor(use, found, md=md, width=width) for use, found in keys)
    return f"<{md}{name}{attributes}>{described}</{md}{name}>"


def entity(
    *roles: str, id: str = ENTITY, prefix: str = "md", attributes: str = "", signed_by: x509.Certificate | None = None
) -> str:
    """An EntityDescriptor; ``signed_by`` is in a signature of the document's own, whose value is worth nothing."""
    md = f"{prefix}:" if prefix else ""
    namespace = f"xmlns:{prefix}" if prefix else "xmlns"
    signature = ""
    if signed_by is not None:
        signature = (
            f'<ds:Signature xmlns:ds="{SIGNATURE}"><ds:SignedInfo/><ds:SignatureValue>AAAA</ds:SignatureValue>'
            f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{base64_of(signed_by)}</ds:X509Certificate></ds:X509Data>"
            "</ds:KeyInfo></ds:Signature>"
        )
    return (
        f'<{md}EntityDescriptor {namespace}="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{id}"{attributes}>'
        f"{signature}{''.join(roles)}</{md}EntityDescriptor>"
    )


def entities(*inside: str, attributes: str = "") -> str:
    namespace = 'xmlns="urn:oasis:names:tc:SAML:2.0:metadata"'
    return f"<EntitiesDescriptor {namespace}{attributes}>{''.join(inside)}</EntitiesDescriptor>"


def provider(*signing: x509.Certificate | str, encryption: Sequence[x509.Certificate] = (), **options: str) -> str:
    """The plainest one: an identity provider with a key for each certificate."""
    keys: list[Key] = [("signing", [one]) for one in signing]
    keys += [("encryption", [one]) for one in encryption]
    return entity(role("IDPSSODescriptor", keys), **options)  # type: ignore[arg-type]


def ad_fs(*signing: x509.Certificate, encryption: x509.Certificate) -> str:
    """As AD FS writes it: no prefix, a signature, WS-Federation's roles and the service's before the provider's, the
    same certificates in each, base64 in lines."""
    keys: list[Key] = [("encryption", [encryption]), *(("signing", [one]) for one in signing)]
    federation = (
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:{}"'
    )
    return entity(
        role("RoleDescriptor", keys, md="", attributes=federation.format("ApplicationServiceType"), width=64),
        role("RoleDescriptor", keys, md="", attributes=federation.format("SecurityTokenServiceType"), width=64),
        role("SPSSODescriptor", keys, md="", width=64),
        role("IDPSSODescriptor", keys, md="", width=64),
        prefix="",
        signed_by=signing[0],
    )


def settings(*certificates: x509.Certificate, issuer: str = ENTITY) -> str:
    """The SamlSsoConfig of an org: the base64 of the PEM, in one line, as a retrieve gives it."""
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<SamlSsoConfig xmlns="http://soap.sforce.com/2006/04/metadata">\n'
        f"    <identityLocation>SubjectNameId</identityLocation>\n    <issuer>{issuer}</issuer>\n"
        "    <name>Idp</name>\n    <requestSigningCertId>0P1000000000001</requestSigningCertId>\n"
        "    <samlEntityId>https://example.my.salesforce.com</samlEntityId>\n    <samlVersion>SAML2_0</samlVersion>\n"
        f"    <validationCert>{base64.b64encode(pem).decode()}</validationCert>\n</SamlSsoConfig>\n"
    )
