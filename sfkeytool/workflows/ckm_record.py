"""What a record of Certificate and Key Management holds."""

from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.crypto import certificates, keys
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate, FoundCsr
from sfkeytool.keystores.leaves import only_leaf
from sfkeytool.salesforce.ckm import CkmEntry

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate


class Held(Struct, frozen=True):
    """A certificate with its chain, in the record's order, or the request that waits for one; neither if the record
    shows nothing."""

    leaf: FoundCertificate | None = None
    chain: "tuple[Certificate, ...]" = ()
    request: FoundCsr | None = None

    @property
    def key_owners(self) -> tuple[tuple[str, bytes], ...]:
        """What tells the record's key: what it is, in words, and its SubjectPublicKeyInfo, DER."""
        owners = []
        if self.request is not None:
            owners.append(("the request", keys.spki_der(self.request.csr.public_key())))
        if self.leaf is not None:
            owners.append(("the present certificate", certificates.spki_der(self.leaf.certificate)))
        return tuple(owners)


def held_by(entry: CkmEntry | None) -> Held:
    """What ``entry`` holds; nothing if there is none. Pure.

    Raises what parse_contents raises, and CertificateError as only_leaf() where it does not tell its certificate.
    """
    if entry is None or not entry.content:
        return Held()
    label = f"CKM's {entry.name}"
    contents = parse_contents(InputFile(label, entry.content), (), load_keys=False)
    leaf = None
    if contents.certificates or contents.unreadable:
        leaf = only_leaf(contents.certificates, label, contents.unreadable)
    return Held(leaf, tuple(found.certificate for found in contents.certificates), next(iter(contents.requests), None))
