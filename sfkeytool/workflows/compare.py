"""``compare``: do two files hold the same certificate, the same key only, or strangers?"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePath

from sfkeytool.crypto import certificates, chains, keys
from sfkeytool.errors import EXIT_DIFFERENT, EXIT_DONE, CertificateError, PrivateKeyPasswordError, SfkeytoolError
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.keystores.file_names import is_worth_a_word
from sfkeytool.keystores.found import FoundCertificate
from sfkeytool.keystores.heap import Heap, certificates_under, entries_under, gather, leaves_of_entry, no_such_alias
from sfkeytool.keystores.leaves import possible_leaves
from sfkeytool.model import Notice, Outcome, Request
from sfkeytool.passwords import Secret, Source
from sfkeytool.workflows.compared import (
    Compared,
    Identity,
    Relation,
    Side,
    describe_side,
    is_early,
    is_expired,
    listed_identities,
    validity_notices,
)
from sfkeytool.workflows.published import compare_documents, compare_published, providers_in, require_provider
from sfkeytool.workflows.published_words import Held


class CompareRequest(Request, frozen=True, kw_only=True):
    """``aliases``: none, one for both sides, or one for each."""

    left: Path
    right: Path
    passwords: tuple[Source, ...] = ()
    aliases: tuple[str, ...] = ()


_MEANING = {
    Relation.SAME_CERTIFICATE: (
        "The same certificate. In Certificate and Key Management and on the app, it expires there when it expires here,"
        " so the mails are about the right day; logins signed with its key verify against either."
    ),
    Relation.SAME_KEY: (
        "The same key, but not the same certificate. Logins verify against either; mails about one say nothing of when"
        " the other expires."
    ),
    Relation.STRANGERS: (
        "Different keys. Logins signed with one are refused where the other's certificate is uploaded, and mails about"
        " one say nothing of the other."
    ),
}
_SAME_EXPIRED = (
    "The same certificate, and it has expired: mails of Certificate and Key Management about it end with the day of the"
    " expiry. Whether Salesforce still accepts logins signed with its key is open; count on a refusal."
)
_SAME_NOT_YET = (
    "The same certificate, and it is not valid yet. In Certificate and Key Management and on the app, it expires there"
    " when it expires here, so the mails are about the right day. Whether Salesforce accepts logins signed with its key"
    " before it is valid is open; count on a refusal."
)
_SAME_KEY_INVALID = (
    "The same key, but not the same certificate, and not every one is valid now: whether Salesforce takes logins where"
    " the one on the app is not valid is open; count on a refusal. Mails about one say nothing of when the other"
    " expires."
)


def compare(
    left: Side, right: Side, passwords: Sequence[Secret], now: datetime, aliases: Sequence[str] = ()
) -> Outcome[Compared]:
    """How the two sides relate; exit code 0 only for the same certificate. Pure.

    Where a side is SAML metadata of an identity provider, what it publishes is compared: see workflows/published.py.

    One of ``aliases`` names the entry on each side that has it, two name that of the left and that of the right. Of a
    file with several certificates otherwise that one counts which the other side has, else those of the same key.

    Raises KeystoreError for an alias that is not there, and CertificateError for a side with nothing to compare, for
    several certificates on both, and for a folder of several: there it is the question whether its files agree.
    """
    notices: list[Notice] = []
    contents = [_read_all(side, passwords, notices) for side in (left, right)]
    providers = [providers_in(one) for one in contents]
    require_provider((left, right), contents, providers)
    if all(providers):
        return compare_documents((left, right), providers, now, notices)
    if any(providers):
        at = 0 if providers[0] else 1
        held = _held(right if at == 0 else left, contents[1 - at], aliases)
        return compare_published((left, right), at, providers[at], held, now, notices)
    heaps = [gather(one) for one in contents]
    a, b = (
        _identities(side, parts, heap, alias)
        for side, parts, heap, alias in zip((left, right), contents, heaps, _aliases(heaps, aliases), strict=True)
    )
    for side, found, other in ((left, a, b), (right, b, a)):
        if len(found) > 1 and (side.walked or len(other) > 1):
            raise CertificateError(
                "certificate.ambiguous",
                f"{side.label} holds {len(found)} certificates that could be meant: {listed_identities(found)}",
                "choose with --alias (given twice, the first is for A and the second for B), or name the one file"
                " that is meant",
            )
    compared = _matching(a, b), _matching(b, a)
    for side, found, chosen in ((left, a, compared[0]), (right, b, compared[1])):
        if others := [one for one in found if one not in chosen]:
            named = listed_identities(others)
            notices.append(Notice("compare.others", f"{side.label} also holds, not compared: {named}"))
    notices += validity_notices(compared, now)
    relation = _relate(compared[0][0], compared[1][0])
    result = Compared(
        relation=relation,
        meaning=_meaning(relation, compared, now),
        left=describe_side(left, compared[0], now),
        right=describe_side(right, compared[1], now),
    )
    exit_code = EXIT_DONE if relation is Relation.SAME_CERTIFICATE else EXIT_DIFFERENT
    return Outcome(result=result, notices=tuple(notices), exit_code=exit_code)


def _held(side: Side, contents: Sequence[Contents], aliases: Sequence[str]) -> Held:
    """What is compared with the certificates of an identity provider: those of settings for single sign-on, where the
    side has any."""
    settings = [one for one in contents if one.sso is not None]
    wanted = settings or contents
    heap = gather(wanted)
    (alias,) = _aliases([heap], aliases)
    issuers = [one.sso.issuer for one in settings if one.sso is not None]
    if len(settings) > 1:
        raise CertificateError(
            "certificate.ambiguous",
            f"{side.label} holds {len(settings)} settings for single sign-on, of {', '.join(map(repr, issuers))}",
            "name the one file that is meant",
        )
    return Held(tuple(_identities(side, wanted, heap, alias)), issuers[0] if issuers else None)


def _matching(found: Sequence[Identity], other: Sequence[Identity]) -> Sequence[Identity]:
    """The one of several that is the other side's, else those of its key, else all."""
    if len(found) == 1:
        return found
    same = [one for one in found if _relate(one, other[0]) is Relation.SAME_CERTIFICATE]
    return same or [one for one in found if _relate(one, other[0]) is Relation.SAME_KEY] or found


def _relate(a: Identity, b: Identity) -> Relation:
    if a.certificate is not None and a.certificate == b.certificate:
        return Relation.SAME_CERTIFICATE
    return Relation.SAME_KEY if a.spki_der == b.spki_der else Relation.STRANGERS


def _meaning(relation: Relation, sides: Sequence[Sequence[Identity]], now: datetime) -> str:
    pair = [side[0].certificate for side in sides]
    found = [one for one in pair if one is not None]
    if relation is Relation.SAME_KEY and len(found) < len(pair):
        return "The same key; one side holds no certificate, so there are no two certificates to compare."
    if relation is not Relation.STRANGERS and any(is_expired(one, now) for one in found):
        return _SAME_EXPIRED if relation is Relation.SAME_CERTIFICATE else _SAME_KEY_INVALID
    if relation is not Relation.STRANGERS and any(is_early(one, now) for one in found):
        return _SAME_NOT_YET if relation is Relation.SAME_CERTIFICATE else _SAME_KEY_INVALID
    return _MEANING[relation]


def _aliases(heaps: Sequence[Heap], aliases: Sequence[str]) -> Sequence[str | None]:
    """The alias for each heap. Raises KeystoreError ``keystore.no-such-alias``."""
    if len(aliases) == 1:
        found = [aliases[0] if _has(heap, aliases[0]) else None for heap in heaps]
        if not any(found):
            raise no_such_alias(heaps, aliases[0])
        return found
    for heap, alias in zip(heaps, aliases, strict=False):
        if not _has(heap, alias):
            raise no_such_alias([heap], alias)
    return aliases or [None] * len(heaps)


def _has(heap: Heap, alias: str) -> bool:
    return bool(entries_under(heap, alias) or certificates_under(heap, alias))


def _identities(side: Side, contents: Sequence[Contents], heap: Heap, alias: str | None) -> Sequence[Identity]:
    """What a side could stand for: leaf certificates, or keys where there is no certificate. Never nothing."""
    entries = heap.entries if alias is None else entries_under(heap, alias)
    found = [_identity(one) for one in (_leaves(heap) if alias is None else certificates_under(heap, alias))]
    if side.walked:
        issued = {one.spki_der for one in found if one.certificate and not chains.is_self_signed(one.certificate)}
        found = [
            one
            for one in found
            if one.spki_der not in issued or (one.certificate and not chains.is_self_signed(one.certificate))
        ]
    known = {one.spki_der for one in found}
    # A key file beside certificates is one of theirs, or not what is compared; a keystore's entry stands for itself.
    alone = [entry for entry in entries if entry.in_keystore or not found]
    bare = {one.spki_der: one.origin for one in alone if one.spki_der is not None and one.spki_der not in known}
    if not found and alias is None:
        for request in (request for one in contents for request in one.requests):
            bare.setdefault(keys.spki_der(request.csr.public_key()), request.origin)
    found += [Identity(spki, None, origin) for spki, origin in bare.items()]
    if heap.unreadable and all(
        one.certificate and certificates.describe_certificate(one.certificate).is_ca for one in found
    ):
        raise heap.unreadable[0].error  # one of them may be the leaf: no CA beside it is taken in its place
    if found:
        return found
    if locked := [entry.origin for entry in entries if entry.locked]:
        raise PrivateKeyPasswordError(
            "key.password-needed",
            f"{', '.join(locked)} is encrypted and needs its password",
            "give it with --password SOURCE",
        )
    if unreadable := [entry.unreadable for entry in entries if entry.unreadable]:
        raise unreadable[0]
    raise CertificateError("compare.nothing", f"{side.label} holds no key and no certificate to compare")


def _identity(found: FoundCertificate) -> Identity:
    return Identity(certificates.spki_der(found.certificate), found.certificate, found.origin)


def _leaves(heap: Heap) -> Sequence[FoundCertificate]:
    """What each entry of a keystore stands for, and the leaves among those that were given as files. Certificates that
    a keystore merely trusts count where it has no key."""
    in_keystores = [entry for entry in heap.entries if entry.in_keystore]
    found = [leaf for entry in in_keystores for leaf in leaves_of_entry(entry, heap)]
    others = [one for one in heap.certificates if one.der in heap.given or not in_keystores]
    return tuple({one.der: one for one in (*found, *possible_leaves(others))}.values())


def _read_all(side: Side, passwords: Sequence[Secret], notices: list[Notice]) -> list[Contents]:
    """What is in a side's files. What cannot be read in a folder, or a key beside something else in a file, is a
    notice, as long as something else is there."""
    read: list[Contents] = []
    unread = list(side.unread)
    for file in side.files:
        try:
            read.append(_read(file, passwords))
        except SfkeytoolError as error:
            if not side.walked:
                raise
            if is_worth_a_word(PurePath(file.label), error):
                unread.append(error)
    if unread and not any(contents.keys or contents.certificates or contents.requests for contents in read):
        raise unread[0]
    unread += [key.error for contents in read for key in contents.unreadable_keys]
    notices += [Notice(error.code, f"{error.message}: not compared") for error in unread]
    return read


def _read(file: InputFile, passwords: Sequence[Secret]) -> Contents:
    """What is in a file; its keys only where they alone tell what it stands for, as loading one takes long."""
    contents = parse_contents(file, passwords, load_keys=False)
    if contents.store is not None and any(not entry.chain_der for entry in contents.store.keys):
        return contents.with_keys()
    return contents
