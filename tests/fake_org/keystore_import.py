"""What becomes of an uploaded keystore: a genuine Java opens it, and the documented rules judge each entry.

Sources of the messages: Salesforce Help, "Exporting and Importing Certificates with a Keystore" (its error table);
Knowledge 000387714 (key password); https://github.com/sandriiy/salesforce-google-drive-library (alias). What no source
tells is marked as a guess, and stands in Rules where a test may want the org to answer otherwise.
"""

import re
import ssl
import time
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime

from oracle_java import JavaError, JavaKeyEntry, java_key_entries, java_load

from .contents import Contents

NO_KEY = "No certificate was imported because the keystore file doesn't contain a PrivateKey entry."
NOT_RSA = "The key is not an RSA key."
NOT_PKCS8 = "The key must be in PKCS#8 format."
WRONG_SIZE = "Imported keys must have a bit size of 2048, 3072, or 4096."
NOT_A_PAIR = "The private key does not match the certificate chain in the keystore."
OTHER_KEY_PASSWORD = (
    "The Keystore contains a certificate '{alias}' whose per key password is not the same as the keystore password."
)
ALIAS = "Keystore contains an entry whose alias is not acceptable for import"
NAME_TAKEN = "This Unique Name already exists or has been previously used. Please choose a different one."
"""A guess: Setup's words for unique names elsewhere; none is known of this page."""

_UNIQUE_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
"""Help, "Generate a Certificate Signed by a Certificate Authority". That it is the rule for aliases is a guess."""
_JKS = bytes.fromhex("feedfeed")


@dataclass
class Rules:
    """What no source tells, as this org has it. The defaults are the plainest guesses."""

    longest_alias: int = 80
    """As long as names are elsewhere in Setup."""
    takes_bcfks: bool = False
    """Government Cloud may import it; how, no page tells: as JKS, which is a guess."""
    trusted_entries: bool = True
    """Whether a keystore may hold certificates without keys beside the key's entry."""
    expired: bool = True
    """sfdx-browserforce-plugin's own test imports a certificate of 2019."""
    sha1: bool = True
    most_certificates: int = 50
    """The summary of an architect's article."""
    longest_chain: int = 10
    duplicates: bool = False
    """Whether a name that CKM has already is imported once more, over the old one."""
    names_return: bool = True
    """Whether the name of a certificate that was deleted may be used again."""
    shortest_password: int = 0
    """The same plugin's keystore has an empty password."""


class Refused(Exception):
    """With the message for the page."""


def import_keystore(data: bytes, password: str, contents: Contents, rules: Rules) -> list[str]:
    """The names that CKM has now; all entries, or none. Raises Refused."""
    if len(password) < rules.shortest_password:
        raise Refused("Password is too short.")  # a guess
    type = "BCFKS" if rules.takes_bcfks and data[:4] != _JKS else "JKS"
    if type == "JKS" and data[:4] != _JKS:
        # Help: "JKS", Government Cloud's BCFKS aside. The words are a guess: Java's own (JavaKeyStore.java).
        raise Refused("Invalid keystore format")
    try:
        entries = java_key_entries(data, type, password)
        aliases = java_load(data, type, password).aliases()
    except JavaError as error:
        # That the page shows Java's words is a guess: "Keystore was tampered with, or password was incorrect".
        words = str(error).partition(": ")[2]
        raise Refused("Invalid keystore format" if words == "None" else words) from None
    if not entries:
        raise Refused(NO_KEY)
    if len(aliases) > len(entries) and not rules.trusted_entries:
        raise Refused(ALIAS)  # a guess
    here = contents.components.get("Certificate", {})
    if not rules.names_return and {entry.alias for entry in entries} & contents.names_of_rows() - here.keys():
        raise Refused(NAME_TAKEN)
    for entry in entries:
        _judge(entry, here, rules)
    if len(here) + len(entries) > rules.most_certificates:
        raise Refused("You have reached the maximum number of certificates.")  # a guess
    for entry in entries:
        _put(entry, contents)
    return [entry.alias for entry in entries]


def _judge(entry: JavaKeyEntry, here: Container[str], rules: Rules) -> None:
    if not _UNIQUE_NAME.fullmatch(entry.alias) or len(entry.alias) > rules.longest_alias:
        raise Refused(ALIAS)
    if not entry.algorithm:
        raise Refused(OTHER_KEY_PASSWORD.format(alias=entry.alias))
    if not entry.chain_der:
        raise Refused(NO_KEY)
    if entry.algorithm != "RSA":
        raise Refused(NOT_RSA)
    if entry.format != "PKCS#8":
        raise Refused(NOT_PKCS8)
    if entry.bits not in (2048, 3072, 4096):
        raise Refused(WRONG_SIZE)
    if not entry.fits:
        raise Refused(NOT_A_PAIR)
    if entry.not_after_ms < time.time() * 1000 and not rules.expired:
        raise Refused("The certificate has expired.")  # a guess
    if entry.signed_with.startswith("SHA1") and not rules.sha1:
        raise Refused("The certificate's signature algorithm is not supported.")  # a guess
    if len(entry.chain_der) > rules.longest_chain:
        raise Refused("The certificate chain is too long.")  # a guess
    if entry.alias in here and not rules.duplicates:
        raise Refused(NAME_TAKEN)


def _put(entry: JavaKeyEntry, contents: Contents) -> None:
    """Label and type of what was imported are guesses: the alias; CA-signed where somebody else issued it."""
    expires = datetime.fromtimestamp(entry.not_after_ms / 1000, UTC)
    contents.add_certificate(
        entry.alias,
        "".join(map(ssl.DER_cert_to_PEM_cert, entry.chain_der)),
        f"{expires:%Y-%m-%dT%H:%M:%S.000+0000}",
        ca_signed=not entry.is_self_issued,
        key_size=entry.bits,
        created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:23] + "+0000",
        label=entry.alias,
    )
