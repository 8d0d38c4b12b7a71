"""Subjects and subject alternative names, as CAs and Salesforce take them."""

import ipaddress
import re
import warnings
from collections.abc import Iterable
from typing import NoReturn
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID, ObjectIdentifier

from sfkeytool.errors import UsageError
from sfkeytool.plain_text import escaped

UPPER_BOUNDS = {
    NameOID.COMMON_NAME: 64,
    NameOID.ORGANIZATION_NAME: 64,
    NameOID.ORGANIZATIONAL_UNIT_NAME: 64,
    NameOID.LOCALITY_NAME: 128,
    NameOID.STATE_OR_PROVINCE_NAME: 128,
    NameOID.EMAIL_ADDRESS: 255,
    NameOID.SERIAL_NUMBER: 64,
    NameOID.TITLE: 64,
}
"""Characters at most, from the upper bounds of X.520 in RFC 5280, appendix A.1."""

LIBRARY_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises for a certificate or request that it cannot read, some of it only on access."""

# The order in which a directory, and openssl's default subject, go from the large to the small.
_PARTS = {
    "country": NameOID.COUNTRY_NAME,
    "state": NameOID.STATE_OR_PROVINCE_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizational_unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "common_name": NameOID.COMMON_NAME,
    "email": NameOID.EMAIL_ADDRESS,
}
# RFC 4514's short names, and those that Windows (E, S), openssl and Java print; case does not count.
_ATTRIBUTES = {
    "c": NameOID.COUNTRY_NAME,
    "st": NameOID.STATE_OR_PROVINCE_NAME,
    "s": NameOID.STATE_OR_PROVINCE_NAME,
    "l": NameOID.LOCALITY_NAME,
    "street": NameOID.STREET_ADDRESS,
    "o": NameOID.ORGANIZATION_NAME,
    "ou": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "cn": NameOID.COMMON_NAME,
    "e": NameOID.EMAIL_ADDRESS,
    "emailaddress": NameOID.EMAIL_ADDRESS,
    "dc": NameOID.DOMAIN_COMPONENT,
    "uid": NameOID.USER_ID,
    "title": NameOID.TITLE,
    "serialnumber": NameOID.SERIAL_NUMBER,
}
_TWO_LETTERS = frozenset({NameOID.COUNTRY_NAME, NameOID.JURISDICTION_COUNTRY_NAME})
# What cryptography writes as PrintableString and as IA5String, without looking at the characters.
_PRINTABLE_STRINGS = frozenset({NameOID.SERIAL_NUMBER, NameOID.DN_QUALIFIER})
_ASCII_STRINGS = frozenset({NameOID.DOMAIN_COMPONENT, NameOID.EMAIL_ADDRESS})

# RFC 4514, section 3; blanks around "," and "=" are allowed as in RFC 2253, since people write them.
_RFC4514_PART = re.compile(
    r"""\ *([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\ *=\ *
        ((?:[^\\,+"<>;\ ]|\\[0-9A-Fa-f]{2}|\\[\ "\#+,;<=>\\]|\ +(?![\ ,+]|\Z))*)
        \ *([,+]|\Z)""",
    re.VERBOSE,
)
_RFC4514_ESCAPES = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)")
# A value that begins like a command of a CI system: its first character has an escape already.
_LEADING_HASHES = re.compile(r"(?<==)\\#(?=#)")
_SUBJECT_HINT = "write it like 'CN=pay,O=Acme,C=DE'; a comma inside a value is written \\,"

_DNS_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_MAIL_LOCAL_PART = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")


def build_subject(
    *,
    common_name: str | None = None,
    organization: str | None = None,
    organizational_unit: str | None = None,
    locality: str | None = None,
    state: str | None = None,
    country: str | None = None,
    email: str | None = None,
) -> x509.Name:
    """A subject of these parts; the country is upper-cased. Pure. Raises UsageError that names the option."""
    given = {
        "country": country,
        "state": state,
        "locality": locality,
        "organization": organization,
        "organizational_unit": organizational_unit,
        "common_name": common_name,
        "email": email,
    }
    return x509.Name(
        [
            _attribute(_PARTS[part], value, "--" + part.replace("_", "-"))
            for part, value in given.items()
            if value is not None
        ]
    )


def parse_subject(rfc4514: str) -> x509.Name:
    """The subject that an RFC 4514 string means: ``CN=pay,O=Acme,C=DE``, the last part being the largest.

    Names of attributes may be in any case, or dotted OIDs. Pure. Raises UsageError for a string that is no such
    name, or for a part beyond its bound.
    """
    if not rfc4514.strip():
        raise UsageError("usage.subject", "--subject is empty", _SUBJECT_HINT)
    rdns: list[list[x509.NameAttribute[str]]] = [[]]
    position = 0
    separator = ","
    while separator:
        match = _RFC4514_PART.match(rfc4514, position)
        if match is None:
            _refuse(
                "--subject",
                f"not an RFC 4514 name from {rfc4514[position : position + 20]!r} on",
                _SUBJECT_HINT,
            )
        name, escaped, separator = match.groups()
        rdns[-1].append(_attribute(_parse_type(name), _unescape(escaped, name), f"--subject: {name}"))
        if separator == ",":
            rdns.append([])
        position = match.end()
    try:
        return x509.Name([x509.RelativeDistinguishedName(rdn) for rdn in reversed(rdns)])
    except ValueError:
        _refuse("--subject", "the same attribute stands twice in one part (joined by +)")


def parse_san(values: Iterable[str]) -> tuple[x509.GeneralName, ...]:
    """Subject alternative names, told apart by form, or by a prefix ``dns:``, ``ip:``, ``email:``, ``uri:``.

    Pure. Raises UsageError for a value that is none of them. Duplicates are dropped.
    """
    return tuple(dict.fromkeys(_general_name(value) for value in values))


def describe_name(name: x509.Name) -> str:
    """The RFC 4514 string of a name, most specific part first, safe to print. Pure."""
    try:
        text = name.rfc4514_string({NameOID.EMAIL_ADDRESS: "emailAddress"})
        return escape_unprintable(_LEADING_HASHES.sub(r"\\23", text))
    except LIBRARY_ERRORS:
        return "(unreadable name)"


def common_name(name: x509.Name) -> str:
    """The most specific common name as text, else the whole as describe_name() gives it; safe to print. Pure."""
    try:
        found = [str(one.value) for one in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except LIBRARY_ERRORS:
        found = []
    return escape_unprintable(found[-1]) if found else describe_name(name)


def escape_unprintable(text: str) -> str:
    """``text`` with control and invisible characters as RFC 4514 writes them (``\\0A``), and so what a CI system would
    obey. Pure.

    A certificate's maker chooses its names, and a terminal obeys escape sequences.
    """
    return escaped(text, _hexadecimal)


def _hexadecimal(character: str) -> str:
    return "".join(f"\\{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _parse_type(name: str) -> ObjectIdentifier:
    try:
        return _ATTRIBUTES.get(name.lower()) or ObjectIdentifier(name)
    except ValueError:
        known = ", ".join(_ATTRIBUTES).upper()
        _refuse("--subject", f"{name} is no attribute that is known here", f"known are {known}, and dotted OIDs")


def _unescape(escaped: str, name: str) -> str:
    if escaped.startswith("#"):
        _refuse(f"--subject: {name}", "values in hexadecimal DER are not taken; write the text")
    try:
        return _RFC4514_ESCAPES.sub(lambda m: bytes.fromhex(m[1].replace("\\", "")).decode() if m[1] else m[2], escaped)
    except UnicodeDecodeError:
        _refuse(f"--subject: {name}", "its \\XX escapes are not UTF-8")


def _attribute(oid: ObjectIdentifier, value: str, where: str) -> "x509.NameAttribute[str]":
    if oid in _TWO_LETTERS:
        if not re.fullmatch(r"[A-Za-z]{2}", value):
            _refuse(where, f"a country is two letters (ISO 3166), not {value!r}")
        return x509.NameAttribute(oid, value.upper())
    limit = UPPER_BOUNDS.get(oid)
    if not value.strip():
        _refuse(where, "the value is empty; leave it out instead")
    if not value.isprintable():
        _refuse(where, "the value holds a control character or an invisible one")
    if limit is not None and len(value) > limit:
        _refuse(where, f"the value has {len(value)} characters; X.520 allows {limit}")
    if oid == NameOID.EMAIL_ADDRESS and not _is_mail_address(value):
        _refuse(where, f"{value!r} is not a mail address in ASCII")
    if (oid in _ASCII_STRINGS and not value.isascii()) or (
        oid in _PRINTABLE_STRINGS and not re.fullmatch(r"[A-Za-z0-9 '()+,\-./:=?]+", value)
    ):
        _refuse(where, f"{value!r} holds characters that X.520 does not allow here")
    with warnings.catch_warnings():
        # cryptography counts a common name in bytes, X.520 in characters, and they were counted above.
        warnings.simplefilter("ignore")
        return x509.NameAttribute(oid, value, _validate=False)


def _refuse(where: str, problem: str, *hints: str) -> NoReturn:
    raise UsageError("usage.subject", f"{where}: {problem}", *hints)


def _general_name(value: str) -> x509.GeneralName:
    prefix, colon, rest = value.partition(":")
    if colon and prefix.lower() in ("dns", "ip", "email", "uri"):
        kind, text = prefix.lower(), rest
    else:
        kind, text = _form(value), value
    try:
        match kind:
            case "ip" if "%" not in text:  # a certificate has no room for an IPv6 zone
                return x509.IPAddress(ipaddress.ip_address(text))
            case "email" if _is_mail_address(text):
                return x509.RFC822Name(text)
            case "uri" if _is_uri(text):
                return x509.UniformResourceIdentifier(text)
            case "dns" if _is_dns_name(text):
                return x509.DNSName(text)
    except ValueError:
        pass
    hint = "international names are written in their ASCII form (xn--…)"
    raise UsageError(
        "usage.san",
        f"--san: {value!r} is no DNS name, IP address, mail address or URI",
        *([] if value.isascii() else [hint]),
    )


def _form(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        pass
    else:
        return "ip"
    if "://" in value or value.lower().startswith(("urn:", "spiffe:")):
        return "uri"
    return "email" if "@" in value else "dns"


def _is_dns_name(text: str) -> bool:
    labels = text.removeprefix("*.").split(".")
    # No top-level domain is a number (RFC 3696, section 2): such a name is a mistyped IP address.
    return len(text) <= 253 and all(map(_DNS_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def _is_mail_address(text: str) -> bool:
    local_part, at, domain = text.partition("@")
    return bool(at and _MAIL_LOCAL_PART.fullmatch(local_part)) and "*" not in domain and _is_dns_name(domain)


def _is_uri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme and (parts.netloc or parts.path)) and text.isprintable() and " " not in text
