"""SAML 2.0 metadata: what an identity provider or a service publishes of itself, and with which certificates.

The names and rules are those of OASIS' "Metadata for SAML V2.0": 2.3 has the documents, 2.4.1.1 the keys of a role.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sfkeytool.crypto.certificate_text import TextKind, parse_certificate_text, refusal
from sfkeytool.crypto.chains import issuers_among
from sfkeytool.crypto.sniff import sniff
from sfkeytool.errors import SfkeytoolError
from sfkeytool.keystores.found import FoundCertificate, UnreadableCertificate
from sfkeytool.keystores.metadata_xml import SAML_ROOTS
from sfkeytool.keystores.pem_der import collect
from sfkeytool.model import Opaque

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SAML_WORDS = "SAML metadata, which publishes certificates and never holds a private key"
"""What a document is, for whoever looks for a key in it."""

_SAML = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_SIGNATURES = "{http://www.w3.org/2000/09/xmldsig#}"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_ENTITY, _ENTITIES = (_SAML + name for name in SAML_ROOTS)


class Role(StrEnum):
    """What an entity is."""

    IDENTITY_PROVIDER = "identity-provider"
    SERVICE_PROVIDER = "service-provider"
    TOKEN_SERVICE = "ws-federation-token-service"  # noqa: S105 - what AD FS and Entra are besides
    APPLICATION = "ws-federation-application"
    OTHER = "other"

    @property
    def words(self) -> str:
        return _ROLE_WORDS[self]


_ROLE_WORDS = {
    Role.IDENTITY_PROVIDER: "identity provider",
    Role.SERVICE_PROVIDER: "service",
    Role.TOKEN_SERVICE: "WS-Federation token service",
    Role.APPLICATION: "WS-Federation application",
    Role.OTHER: "another role",
}
_ROLES = {
    "IDPSSODescriptor": Role.IDENTITY_PROVIDER,
    "SPSSODescriptor": Role.SERVICE_PROVIDER,
    "AttributeAuthorityDescriptor": Role.OTHER,
    "AuthnAuthorityDescriptor": Role.OTHER,
    "PDPDescriptor": Role.OTHER,
    "RoleDescriptor": Role.OTHER,
}
_TYPES = {"SecurityTokenServiceType": Role.TOKEN_SERVICE, "ApplicationServiceType": Role.APPLICATION}
"""What WS-Federation makes of a RoleDescriptor, by its xsi:type."""


class Use(StrEnum):
    """What a role has a key for. One that does not say has it for both (2.4.1.1)."""

    SIGNING = "signing"
    ENCRYPTION = "encryption"
    BOTH = "signing-and-encryption"

    @property
    def words(self) -> str:
        return {Use.SIGNING: "to sign", Use.ENCRYPTION: "to encrypt", Use.BOTH: "to sign and to encrypt"}[self]


class PublishedKey(Opaque, frozen=True):
    """A KeyDescriptor. ``name`` is its KeyName, where it gives no certificate."""

    role: Role
    use: Use
    certificates: tuple[FoundCertificate, ...]
    unreadable: tuple[UnreadableCertificate, ...]
    name: str = ""


class Entity(Opaque, frozen=True):
    """An EntityDescriptor. ``valid_until`` is the earliest that it, its roles or what is around it says, aware UTC."""

    id: str
    roles: tuple[Role, ...]
    keys: tuple[PublishedKey, ...]
    valid_until: datetime | None
    cache_duration: str

    @property
    def is_identity_provider(self) -> bool:
        return Role.IDENTITY_PROVIDER in self.roles

    @property
    def signing(self) -> tuple[FoundCertificate, ...]:
        """The certificates with which it signs, or may, as an identity provider: each once, without CAs of others."""
        return self._distinct(Use.SIGNING, Use.BOTH)

    @property
    def encryption_only(self) -> tuple[FoundCertificate, ...]:
        """Those that are published for encryption alone."""
        signing = {found.der for found in self.signing}
        return tuple(found for found in self._distinct(Use.ENCRYPTION) if found.der not in signing)

    @property
    def unreadable_signing(self) -> tuple[UnreadableCertificate, ...]:
        """Those among ``signing`` that nobody can read."""
        keys = (key for key in self.keys if key.role is Role.IDENTITY_PROVIDER and key.use is not Use.ENCRYPTION)
        return tuple(one for key in keys for one in key.unreadable)

    def _distinct(self, *uses: Use) -> tuple[FoundCertificate, ...]:
        keys = (key for key in self.keys if key.role is Role.IDENTITY_PROVIDER and key.use in uses)
        return tuple({found.der: found for key in keys for found in _without_issuers(key.certificates)}.values())


class SamlMetadata(Opaque, frozen=True):
    """A whole document. ``is_signed``: it has a signature of its own, which nothing here verifies."""

    label: str
    entities: tuple[Entity, ...]
    is_signed: bool

    @property
    def certificates(self) -> tuple[FoundCertificate, ...]:
        """All that are published, each once."""
        keys = (key for entity in self.entities for key in entity.keys)
        return tuple({found.der: found for key in keys for found in key.certificates}.values())

    @property
    def unreadable(self) -> tuple[UnreadableCertificate, ...]:
        return tuple(one for entity in self.entities for key in entity.keys for one in key.unreadable)

    @property
    def identity_providers(self) -> tuple[Entity, ...]:
        return tuple(entity for entity in self.entities if entity.is_identity_provider)


def is_saml_metadata(root: "Element") -> bool:
    """Whether it is the root of SAML metadata, by whatever prefix. Pure."""
    return root.tag in (_ENTITY, _ENTITIES)


def parse_saml_metadata(root: "Element", label: str) -> SamlMetadata:
    """What a document says; a damaged certificate is among the unreadable ones of its key. Pure. Never raises."""
    elements = list(root.iter(_ENTITY))
    around = {child: parent for parent in root.iter(_ENTITIES) for child in parent}
    entities = []
    for element in elements:
        id = element.get("entityID", "").strip()
        place = f"{label}, {id or '(no entityID)'}" if len(elements) > 1 else label
        entities.append(_entity(id, element, list(_above(element, around)), place))
    signed = any(element.find(f"{_SIGNATURES}Signature") is not None for element in (root, *elements))
    return SamlMetadata(label, tuple(entities), signed)


def _above(element: "Element", around: "dict[Element, Element]") -> "Iterator[Element]":
    while (parent := around.get(element)) is not None:
        yield parent
        element = parent


def _entity(id: str, element: "Element", above: "Sequence[Element]", place: str) -> Entity:
    roles = [(role, child) for child in element if (role := _role(child)) is not None]
    places: Counter[str] = Counter()
    moments = [_moment(one.get("validUntil", "")) for one in (element, *above, *(child for _, child in roles))]
    return Entity(
        id,
        tuple(dict.fromkeys(role for role, _ in roles)),
        tuple(
            _key(role, child, place, places) for role, parent in roles for child in parent.iter(f"{_SAML}KeyDescriptor")
        ),
        min((moment for moment in moments if moment is not None), default=None),
        next((text for one in (element, *above) if (text := one.get("cacheDuration", "").strip())), ""),
    )


def _role(element: "Element") -> Role | None:
    if not isinstance(element.tag, str) or not element.tag.startswith(_SAML):
        return None
    role = _ROLES.get(element.tag.removeprefix(_SAML))
    return _TYPES.get(element.get(_TYPE, "").rpartition(":")[2].strip(), role) if role is Role.OTHER else role


def _key(role: Role, element: "Element", entity: str, places: "Counter[str]") -> PublishedKey:
    """``places`` counts the certificates of each role and use, and grows."""
    stated = element.get("use", "").strip()
    use = Use(stated) if stated in (Use.SIGNING, Use.ENCRYPTION) else Use.BOTH
    place = f"{entity}, {role.words}, {use.words}"
    found: list[FoundCertificate] = []
    unreadable: list[UnreadableCertificate] = []
    for text in element.iter(f"{_SIGNATURES}X509Certificate"):
        places[place] += 1
        origin = place if places[place] == 1 else f"{place}, certificate {places[place]}"
        try:
            found += _certificates(text.text or "", origin)
        except SfkeytoolError as error:
            unreadable.append(UnreadableCertificate(origin, error))
    name = "" if found or unreadable else (element.findtext(f".//{_SIGNATURES}KeyName") or "").strip()
    return PublishedKey(role, use, tuple(found), tuple(unreadable), name)


def _certificates(text: str, origin: str) -> list[FoundCertificate]:
    """The one certificate of an element; base64 in lines or none, and the PEM that some write there. Raises
    SfkeytoolError for anything else."""
    parsed = parse_certificate_text(text)
    if parsed.kind is not TextKind.CERTIFICATE:
        raise refusal(parsed, origin)
    return collect(parsed.data, origin, sniff(parsed.data), (), load_keys=False).certificates


def _without_issuers(found: "Sequence[FoundCertificate]") -> "Sequence[FoundCertificate]":
    """A KeyInfo may hold the chain of its certificate; several that issued none of each other stand for themselves."""
    if len(found) < 2:
        return found
    issuers = issuers_among([one.certificate for one in found])
    return [one for one in found if one.certificate not in issuers]


def _moment(text: str) -> datetime | None:
    """An xs:dateTime in whole seconds, which SAML has in UTC; None for an empty one and what is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
