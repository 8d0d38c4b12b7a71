"""``show``: what is in a file."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from msgspec import to_builtins

from sfkeytool.crypto import certificates, chains, csr
from sfkeytool.crypto.sniff import FileKind
from sfkeytool.errors import CertificateError
from sfkeytool.keystores import jks
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.keystores.heap import gather, leaves_of_entry
from sfkeytool.keystores.store import StoreType
from sfkeytool.passwords import Secret
from sfkeytool.workflows.mails import describe_mails
from sfkeytool.workflows.parts import describe_key


def show_file(file: InputFile, passwords: Sequence[Secret], now: datetime) -> dict[str, Any]:
    """JSON-ready facts of one file, never a secret. Pure. Raises what parse_contents raises.

    A JKS shows its structure and certificates without a password; ``integrity`` then is ``not-checked``.
    """
    contents = parse_contents(file, passwords, structure_suffices=True)
    facts: dict[str, Any] = {"path": file.label, "type": str(contents.kind)}
    if contents.store is not None:
        facts["keystore"] = _describe_store(file, contents)
    facts["keys"] = [
        {"origin": found.origin, "alias": found.alias, "encrypted": found.file_password is not None}
        | to_builtins(describe_key(found.key))
        | {"certificates": _fitting(found.spki_der, contents)}
        for found in contents.keys
    ]
    facts["lockedKeys"] = list(contents.locked)
    facts["certificates"] = [
        {
            "origin": found.origin,
            "alias": found.alias,
            **to_builtins(certificates.describe_certificate(found.certificate)),
            "daysLeft": (found.certificate.not_valid_after_utc.date() - now.date()).days,
            "mailDates": describe_mails(found.certificate, now),
        }
        for found in contents.certificates
    ]
    facts["requests"] = [
        {
            "origin": found.origin,
            **to_builtins(csr.describe_csr(found.csr)),
            "caAsks": _ca_asks(csr.describe_csr(found.csr)),
        }
        for found in contents.requests
    ]
    facts["unreadableCertificates"] = [
        {"origin": found.origin, "alias": found.alias, "reason": found.error.message} for found in contents.unreadable
    ]
    facts["ignored"] = [*contents.ignored, *(found.error.message for found in contents.unreadable_keys)]
    return facts


def holds_something(facts: Mapping[str, Any]) -> bool:
    """Whether a file that was met in a folder is worth showing, by what show_file() says of it. Pure."""
    parts = ("keystore", "keys", "lockedKeys", "certificates", "requests", "ignored")
    return any(facts.get(part) for part in parts)


def _ca_asks(request: csr.CsrFacts) -> list[str]:
    """What a public CA will want proved; a company's own CA asks what it likes. Pure."""
    asks = []
    names = [name.removeprefix("DNS:") for name in request.san if name.startswith("DNS:")]
    if names:
        asks.append(f"that you control {', '.join(names)} (by DNS, mail or a file on the web server)")
    elif "." in request.subject:
        asks.append("for which DNS names the certificate shall be, if any: the request names none")
    if "O=" in request.subject:
        asks.append("that the organization in the subject exists and that you act for it")
    return asks


def _describe_store(file: InputFile, contents: Contents) -> dict[str, Any]:
    store = contents.store
    if store is None:
        return {}
    facts: dict[str, Any] = {
        "type": str(store.type),
        "integrity": "verified" if store.password is not None else "not-checked",
        "entries": [
            {
                "alias": entry.alias,
                "kind": "private-key",
                "createdAt": _iso(entry.created_at),
                "chainLength": len(chain),
                "chain": [certificates.fingerprint(der) for der in chain],
                "chainInOrder": _in_order(chain, file.label),
            }
            for entry, chain in zip(store.keys, _chains(contents), strict=True)
        ]
        + [
            {
                "alias": entry.alias,
                "kind": "certificate",
                "createdAt": _iso(entry.created_at),
                "chain": [certificates.fingerprint(entry.certificate_der)],
            }
            for entry in store.certificates
        ],
    }
    if contents.kind is FileKind.JKS:
        parsed = jks.parse_jks(file.data, file.label)
        facts["version"] = parsed.version
        facts["trailingBytes"] = len(parsed.trailing)
    return facts


def _chains(contents: Contents) -> list[Sequence[bytes]]:
    """The certificates of each key entry, DER: as the keystore orders them; of a PFX, which keeps them apart, the chain
    that ``wrap`` would build. Empty where no one certificate of the key can be told."""
    if contents.store is None:
        return []
    if contents.store.type is not StoreType.PKCS12:
        return [entry.chain_der for entry in contents.store.keys]
    heap = gather([contents])
    pool = [found.certificate for found in heap.certificates]
    built: list[Sequence[bytes]] = []
    for entry in heap.entries:
        leaves = leaves_of_entry(entry, heap)
        chain = chains.build_chain(leaves[0].certificate, pool).certificates if len(leaves) == 1 else ()
        built.append([certificates.encode_der(one) for one in chain])
    return built


def _in_order(chain_der: Sequence[bytes], label: str) -> bool:
    try:
        chain = [certificates.parse_certificate(der, label) for der in chain_der]
    except CertificateError:
        return False
    return all(chains.signed_by(below, above) for below, above in pairwise(chain))


def _fitting(spki_der: bytes, contents: Contents) -> list[str]:
    """Fingerprints of the certificates in the file that belong to a key."""
    fitting = [found for found in contents.certificates if certificates.spki_der(found.certificate) == spki_der]
    return [certificates.fingerprint(found.der) for found in fitting]


def _iso(moment: datetime | None) -> str | None:
    return certificates.iso_utc(moment) if moment else None
