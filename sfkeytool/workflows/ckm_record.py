"""What a record of Certificate and Key Management holds."""

from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.crypto import certificates, keys
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate, FoundCsr
from sfkeytool.keystores.leaves import possible_leaves
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

    Of a chain with gaps the first leaf counts. Raises what parse_contents raises, and CertificateError for one that
    nobody can read beside CAs alone: it may be the leaf.
    """
    if entry is None or not entry.content:
        return Held()
    contents = parse_contents(InputFile(f"CKM's {entry.name}", entry.content), (), load_keys=False)
    found = contents.certificates
    leaves = possible_leaves(found) or found
    if contents.unreadable and all(certificates.describe_certificate(leaf.certificate).is_ca for leaf in leaves):
        raise contents.unreadable[0].error
    return Held(next(iter(leaves), None), tuple(one.certificate for one in found), next(iter(contents.requests), None))
