"""Which key, which entry and which certificate are meant: the one place where it is decided, for every command.

Nothing is guessed. What leaves several choices is an error that lists them, with the same code in every command, and
what decides is always something that somebody said: an alias, a certificate given as a file of its own, a password
that opens one entry and not another, the keystore that ties a certificate to a key, or a CA that signed it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.crypto import certificates, chains, keys
from sfkeytool.errors import CertificateError, KeystoreError, KeystorePasswordError, PrivateKeyError
from sfkeytool.keystores.contents import Contents, FoundCertificate, FoundKey, UnreadableCertificate
from sfkeytool.keystores.store import StoreType
from sfkeytool.model import Opaque


class Entry(Opaque, frozen=True, dict=True):
    """A private key where it stands: an entry of a keystore, or a key file.

    ``key`` is None where it was not loaded; ``locked`` says that no password given opens it. ``own`` are the
    certificates that the keystore ties to it. In a ``chained`` one (all but PFX) they are in its order, and Java takes
    the first for the key's.
    """

    origin: str
    alias: str | None = None
    key: FoundKey | None = None
    locked: bool = False
    own: tuple[FoundCertificate, ...] = ()
    chained: bool = False
    in_keystore: bool = False

    @cached_property
    def spki_der(self) -> bytes | None:
        """The public key; of a locked entry as its certificate has it, None if there is none."""
        if self.key is not None:
            return self.key.spki_der
        own = self.own if self.chained or len(self.own) < 2 else leaves(self.own)  # some tools mark a whole chain
        return certificates.spki_der(own[0].certificate) if own else None

    @property
    def title(self) -> str:
        """What to call it when its password is asked for."""
        return f"the entry {self.alias!r}" if self.alias else self.origin


class Heap(Struct, frozen=True):
    """All that some files hold; each certificate once. ``ignored`` names what is neither key nor certificate."""

    entries: tuple[Entry, ...]
    certificates: tuple[FoundCertificate, ...]
    given: frozenset[bytes] = frozenset()
    """DER of the certificates that stand in a file of their own, and not only in a keystore."""
    ignored: tuple[str, ...] = ()
    unreadable: tuple[UnreadableCertificate, ...] = ()
    """Certificates that nobody can read: one of them may be the one that is meant, where no other is."""
    password_flag: str = "--password"  # noqa: S105 - the option's name
    """With which a missing password is given, for messages."""
    by_alias: bool = True
    """Whether the command has --alias, for messages too."""


class Meant(Struct, frozen=True):
    """A private key, and the certificates of it that could be meant: one, if it was chosen for a pair.

    Not taken were ``placeholders`` (self-signed, and a CA has signed another one for the same key) and ``outranked``
    (in a keystore, while another one of the same key was given as a file). ``others`` are entries of other keys.
    """

    key: FoundKey
    leaves: tuple[FoundCertificate, ...]
    placeholders: tuple[FoundCertificate, ...] = ()
    outranked: tuple[FoundCertificate, ...] = ()
    others: tuple[Entry, ...] = ()
    seen: int = 0
    """How many certificates there are, of this key or not."""

    @property
    def leaf(self) -> FoundCertificate:
        """The one certificate of the key. Raises ``certificate.none``, ``key.no-match``, ``certificate.ambiguous``."""
        if not self.leaves:
            raise _no_match([self.key]) if self.seen else _no_certificate()
        if len(self.leaves) > 1:
            raise several_certificates(self.leaves)
        return self.leaves[0]


def gather(
    files: Iterable[Contents],
    password_flag: str = "--password",  # noqa: S107 - the option's name
    *,
    by_alias: bool = True,
) -> Heap:
    """One heap of all files; the flags are those of the command, for messages. Pure."""
    entries: list[Entry] = []
    found: dict[bytes, FoundCertificate] = {}
    given: set[bytes] = set()
    ignored: list[str] = []
    unreadable: list[UnreadableCertificate] = []
    for contents in files:
        entries += _entries(contents)
        unreadable += contents.unreadable
        for certificate in contents.certificates:
            found.setdefault(certificate.der, certificate)
            if contents.store is None:
                given.add(certificate.der)
        ignored += contents.ignored
        ignored += [f"{request.origin}: certificate request" for request in contents.requests]
    return Heap(
        tuple(entries),
        tuple(found.values()),
        frozenset(given),
        tuple(ignored),
        tuple(unreadable),
        password_flag,
        by_alias,
    )


def settle_key(heap: Heap, key: FoundKey, alias: str | None) -> Heap:
    """The heap where ``key``, which stands outside it, is the one that counts: its entries, opened by it, no others.

    Raises PrivateKeyError ``key.another-exists`` if ``alias`` names an entry of another key. Pure.
    """
    holding = [entry for entry in heap.entries if entry.spki_der == key.spki_der]
    if alias is not None:
        named = entries_under(heap, alias)
        if not named:
            raise no_such_alias([heap], alias)
        if not any(entry in holding for entry in named):
            if unknown := [entry for entry in named if entry.spki_der is None]:
                raise _locked(unknown, heap)
            raise PrivateKeyError(
                "key.another-exists",
                f"{key.origin} is there already and holds another key than the entry {alias!r}",
                "take another NAME or --output-dir: a private key is never replaced",
            )
    opened = [replace(entry, key=key, locked=False) for entry in holding]
    return replace(heap, entries=(Entry(key.origin, key=key), *opened))


def select_pair(heap: Heap, alias: str | None = None) -> Meant:
    """The one key and the one certificate of it that are meant.

    Raises our errors: ``keystore.no-such-alias``, ``keystore.entry-locked`` (KeystorePasswordError), ``key.none``,
    ``key.no-match`` (no certificate belongs to a key), ``certificate.none``, ``key.ambiguous`` (pairs of several
    keys), ``certificate.ambiguous`` (several certificates of one key). Pure.
    """
    wanted = _named(heap, alias)
    opened = _opened(wanted, heap)
    if not heap.certificates:
        raise _no_certificate()
    meant = [_meant(group, heap, named=alias is not None) for group in _by_key(entry for entry in opened if entry.key)]
    with_leaf = [one for one in meant if one.leaves]
    picked = [one for one in with_leaf if any(leaf.der in heap.given for leaf in one.leaves)]
    locked = [entry for entry in wanted if entry.locked]
    if not picked and (needed := [entry for entry in locked if not with_leaf or _is_given(entry, heap)]):
        raise _locked(needed, heap)
    if not with_leaf:
        _refuse_unreadable(heap)
        raise _no_match([one.key for one in meant])
    remaining = picked or with_leaf
    pairs = [(one.key, leaf) for one in remaining for leaf in one.leaves]
    if len(pairs) == 1:
        # A self-signed placeholder must not pass for the answer that a CA sent and nobody can read.
        if chains.is_self_signed(pairs[0][1].certificate):
            _refuse_unreadable(replace(heap, unreadable=tuple(one for one in heap.unreadable if one.alias is None)))
        return remaining[0]
    aliases = [name for name in _aliases(heap, remaining) if len(_leaves_under(heap, name)) == 1]
    ways = [f"choose with --alias ({', '.join(aliases)})"] if aliases and alias is None else []
    given = any(leaf.der in heap.given for _, leaf in pairs)
    ways.append("pass only the certificate that is meant" if given else "give the certificate that is meant, as a file")
    if len(remaining) == 1:
        raise several_certificates(remaining[0].leaves, ", or ".join(ways))
    raise _several_keys(pairs, ", or ".join(ways))


def select_key(heap: Heap, alias: str | None = None) -> Meant:
    """The one private key that is meant, and the certificates of it that could be.

    The same key in several places is one key. Raises ``keystore.no-such-alias``, ``keystore.entry-locked``,
    ``key.none``, ``key.ambiguous``. Pure.
    """
    found = list(_by_key(_opened(_named(heap, alias), heap)))
    meant = [_meant(group, heap, named=alias is not None) for group in found]
    if len(meant) > 1:
        names = [name for name in _aliases(heap, meant) if len(list(_by_key(entries_under(heap, name)))) == 1]
        way = f"choose with --alias ({', '.join(names)})" if names else "give a file with the one key that is meant"
        raise _several_keys([(one.key, None) for one in meant], way)
    return meant[0]


def select_each(heap: Heap, alias: str | None = None) -> tuple[tuple[Entry, Meant | None], ...]:
    """Every key entry, or those under ``alias``, each with what is meant by it; None for a locked one. Pure.

    Raises ``keystore.no-such-alias`` and, if there is no entry at all, ``key.none``.
    """
    wanted = _named(heap, alias)
    if not wanted:
        raise _no_key()
    return tuple(
        (entry, None if entry.key is None else _meant([entry], heap, named=alias is not None)) for entry in wanted
    )


def require_opened(heap: Heap, alias: str | None = None) -> None:
    """Raises KeystorePasswordError ``keystore.entry-locked`` if an entry (under ``alias``) is locked. Pure."""
    if locked := [entry for entry in _named(heap, alias) if entry.locked]:
        raise _locked(locked, heap)


def leaves_of_entry(entry: Entry, heap: Heap) -> tuple[FoundCertificate, ...]:
    """The certificates that could be meant by an entry, which may be locked or not loaded. Pure."""
    return _standing(_candidates(entry, heap, named=False))[0]


def leaves_of_key(spki_der: bytes, found: Sequence[FoundCertificate]) -> tuple[FoundCertificate, ...]:
    """Those of ``found`` that could be meant for a public key: a CA's answer replaces placeholders. Pure."""
    distinct = {one.der: one for one in reversed(found) if certificates.spki_der(one.certificate) == spki_der}
    return _standing(tuple(reversed(distinct.values())))[0]


def leaves(found: Sequence[FoundCertificate]) -> list[FoundCertificate]:
    """Certificates that signed no other one here: in a chain, only its leaf. Pure."""
    issuers = chains.issuers_among([one.certificate for one in found])
    return [one for one in found if one.certificate not in issuers]


def only_leaf(
    found: Sequence[FoundCertificate], label: str, unreadable: Sequence[UnreadableCertificate] = ()
) -> FoundCertificate:
    """The one leaf among ``found``, where no key says which is meant.

    Raises CertificateError ``certificate.none`` or ``certificate.ambiguous``, and what is wrong with an ``unreadable``
    one beside them, if it may be the leaf: where there is none else, or only a CA's. Pure.
    """
    candidates = possible_leaves(found)
    if unreadable and all(certificates.describe_certificate(one.certificate).is_ca for one in candidates):
        raise unreadable[0].error
    if not candidates:
        raise CertificateError("certificate.none", f"{label} holds no certificate")
    if len(candidates) > 1:
        raise several_certificates(candidates, "name the one file that is meant", label)
    return candidates[0]


def refuse_bad_signature(found: FoundCertificate) -> None:
    """Raises CertificateError for one that says that it signed itself, and did not: nothing is made of it. Pure."""
    if chains.check_self_signature(found.certificate) is chains.Signature.BAD:
        raise CertificateError(
            "certificate.bad-signature",
            f"{found.origin}: the certificate says that it signed itself, and its signature does not verify",
            "it was changed after it was signed: fetch it once more from where it was made",
        )


def possible_leaves(found: Sequence[FoundCertificate]) -> tuple[FoundCertificate, ...]:
    """The leaves among ``found``, less self-signed ones for whose key a CA has signed another. Pure."""
    distinct = {one.der: one for one in reversed(found)}
    candidates = leaves(tuple(reversed(distinct.values())))
    if len(candidates) == 1:
        return tuple(candidates)
    issued = {
        certificates.spki_der(one.certificate) for one in candidates if not chains.is_self_signed(one.certificate)
    }
    return tuple(
        one
        for one in candidates
        if certificates.spki_der(one.certificate) not in issued or not chains.is_self_signed(one.certificate)
    )


def entries_under(heap: Heap, alias: str) -> tuple[Entry, ...]:
    """Key entries under ``alias``, () if there are none. Java does not tell upper from lower case, so a spelling that
    fits exactly counts only where several would fit. Pure."""
    alike = tuple(entry for entry in heap.entries if _same_alias(entry.alias, alias))
    exactly = tuple(entry for entry in alike if entry.alias == alias)
    return exactly if len(alike) > 1 and exactly else alike


def certificates_under(heap: Heap, alias: str) -> tuple[FoundCertificate, ...]:
    """The certificates that could be meant by ``alias``: of key entries, else of certificate entries. Pure."""
    if entries := entries_under(heap, alias):
        found = {leaf.der: leaf for entry in entries for leaf in _standing(_candidates(entry, heap, named=True))[0]}
        return tuple(found.values())
    return tuple(one for one in heap.certificates if _same_alias(one.alias, alias))


def no_such_alias(heaps: Sequence[Heap], alias: str) -> KeystoreError:
    """The error for an alias that none of ``heaps`` has."""
    known = sorted({entry.alias for heap in heaps for entry in heap.entries if entry.alias})
    return KeystoreError(
        "keystore.no-such-alias",
        f"no private key has the alias {alias!r}; there is {', '.join(map(repr, known)) or 'none with an alias'}",
    )


def several_certificates(
    found: Sequence[FoundCertificate], hint: str = "give the certificate that is meant, as a file", label: str = ""
) -> CertificateError:
    """The error for several certificates that could be meant: it lists them."""
    could = f"{label} holds {len(found)} certificates that" if label else f"{len(found)} certificates"
    return CertificateError(
        "certificate.ambiguous", f"{could} could be meant: {_listed(map(describe_leaf, found))}", hint
    )


def describe_leaf(found: FoundCertificate) -> str:
    """A certificate in a list of choices: subject, last day, fingerprint's beginning, place."""
    facts = certificates.describe_certificate(found.certificate)
    return f"{facts.subject or '(no subject)'} until {facts.not_after.date()} ({facts.sha256[:23]}…) in {found.origin}"


def _entries(contents: Contents) -> Iterator[Entry]:
    if contents.store is None:
        yield from (Entry(key.origin, key=key) for key in contents.keys)
        yield from (Entry(origin, locked=True) for origin in contents.locked)
        return
    loaded = iter(contents.keys)  # in the store's order, and all that were opened, or none
    chained = contents.store.type is not StoreType.PKCS12
    for number, entry in enumerate(contents.store.keys, 1):
        opened = entry.key_pkcs8 is not None
        origin = f"{contents.label}, entry {entry.alias!r}" if entry.alias else f"{contents.label}, key {number}"
        tied = {one.der: one for one in contents.certificates}
        tied |= {one.der: one for one in contents.certificates if one.origin == origin}
        own = [tied[der] for der in dict.fromkeys(entry.chain_der) if der in tied]
        if not own and entry.alias and not chained:
            own = [one for one in contents.certificates if one.alias == entry.alias]
        yield Entry(
            origin,
            entry.alias,
            next(loaded, None) if opened else None,
            not opened,
            tuple(own),
            chained,
            in_keystore=True,
        )


def _named(heap: Heap, alias: str | None) -> tuple[Entry, ...]:
    """The entries under ``alias``, all without one. Raises KeystoreError ``keystore.no-such-alias``."""
    if alias is None:
        return heap.entries
    if not heap.entries:
        raise _no_key()
    if found := entries_under(heap, alias):
        return found
    raise no_such_alias([heap], alias)


def _same_alias(one: str | None, other: str) -> bool:
    return one is not None and one.lower() == other.lower()


def _opened(wanted: Sequence[Entry], heap: Heap) -> list[Entry]:
    """Those whose key is at hand. Raises ``keystore.entry-locked`` or ``key.none`` if there is none."""
    opened = [entry for entry in wanted if entry.key is not None]
    if not opened:
        raise _locked([entry for entry in wanted if entry.locked], heap) if wanted else _no_key()
    return opened


def _by_key(entries: Iterable[Entry]) -> Iterable[list[Entry]]:
    groups: dict[bytes | None, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.spki_der, []).append(entry)
    return groups.values()


def _meant(entries: Sequence[Entry], heap: Heap, *, named: bool) -> Meant:
    """What is meant by entries that hold the same key."""
    spki = entries[0].spki_der
    found = {one.der: one for entry in entries for one in _candidates(entry, heap, named=named)}
    standing, placeholders = _standing(tuple(found.values()))
    given = tuple(one for one in standing if one.der in heap.given)
    return Meant(
        _loaded(entries, heap),
        given or standing,
        placeholders,
        tuple(one for one in standing if given and one not in given),
        tuple(entry for entry in heap.entries if entry.spki_der != spki),
        len(heap.certificates),
    )


def _loaded(entries: Sequence[Entry], heap: Heap) -> FoundKey:
    """The key of ``entries``. An encrypted key file of it goes first: it says how the key is to be written."""
    spki = entries[0].spki_der
    everywhere = [entry.key for entry in heap.entries if entry.key is not None and entry.spki_der == spki]
    encrypted = [key for key in everywhere if key.file_password is not None]
    return [*encrypted, *(entry.key for entry in entries if entry.key is not None)][0]


def _candidates(entry: Entry, heap: Heap, *, named: bool) -> tuple[FoundCertificate, ...]:
    """Certificates of the entry's key that could be meant by it.

    What the keystore ties to it decides where it has a chain, or where the entry was ``named``: then others count only
    if they were given, or a CA signed one for the key of a placeholder. What is tied to another entry is that one's.
    """

    def fits(one: FoundCertificate) -> bool:
        return certificates.spki_der(one.certificate) == entry.spki_der

    fitting = [one for one in heap.certificates if fits(one)]
    if not entry.in_keystore:
        return tuple(fitting)
    own = [one for one in entry.own if fits(one)]
    if entry.chained:
        own = own[:1]
    given = [one for one in fitting if one.der in heap.given]
    tied_elsewhere = {one.der for other in heap.entries if other is not entry for one in other.own}
    free = [one for one in fitting if one.der not in tied_elsewhere]
    if own and (entry.chained or named):
        answers = [one for one in free if not chains.is_self_signed(one.certificate)]
        only_placeholders = all(chains.is_self_signed(one.certificate) for one in own)
        chosen = [*own, *given, *(answers if only_placeholders else ())]
    else:
        chosen = [*own, *given, *free] or fitting
    return tuple({one.der: one for one in chosen}.values())


def _standing(
    candidates: Sequence[FoundCertificate],
) -> tuple[tuple[FoundCertificate, ...], tuple[FoundCertificate, ...]]:
    """Candidates of one key, and the placeholders among them that a CA's answer replaces."""
    if len(candidates) < 2:
        return tuple(candidates), ()
    placeholders = tuple(one for one in candidates if chains.is_self_signed(one.certificate))
    issued = tuple(one for one in candidates if one not in placeholders)
    return (issued, placeholders) if issued else (placeholders, ())


def _is_given(entry: Entry, heap: Heap) -> bool:
    """Whether a certificate given as a file is of this entry's key: then the entry is the one that is meant."""
    return any(
        one.der in heap.given and certificates.spki_der(one.certificate) == entry.spki_der for one in heap.certificates
    )


def _leaves_under(heap: Heap, alias: str) -> set[tuple[bytes | None, bytes]]:
    """The pairs of key and certificate among which ``alias`` leaves the choice."""
    return {
        (group[0].spki_der, leaf.der)
        for group in _by_key(entries_under(heap, alias))
        for leaf in _meant(group, heap, named=True).leaves
    }


def _aliases(heap: Heap, meant: Sequence[Meant]) -> list[str]:
    """Aliases that would choose among ``meant``."""
    if not heap.by_alias:
        return []
    wanted = {one.key.spki_der for one in meant}
    return sorted({entry.alias for entry in heap.entries if entry.alias and entry.spki_der in wanted})


# The errors, the same from every command


def _refuse_unreadable(heap: Heap) -> None:
    """Raises CertificateError if there is one that nobody can read."""
    if heap.unreadable:
        raise heap.unreadable[0].error


def _no_key() -> PrivateKeyError:
    return PrivateKeyError(
        "key.none",
        "there is no private key in what was given",
        "add the .key, PFX or keystore that the request was made from; Certificate and Key Management exports none"
        " for a certificate that was made as not exportable",
    )


def _no_certificate() -> CertificateError:
    return CertificateError(
        "certificate.none", "there is no certificate in what was given", "add the file that the CA sent back"
    )


def _locked(entries: Sequence[Entry], heap: Heap) -> KeystorePasswordError:
    listed = _listed(entry.origin for entry in entries)
    otherwise = ", or pick another entry with --alias" if heap.by_alias and len(heap.entries) > 1 else ""
    return KeystorePasswordError(
        "keystore.entry-locked",
        f"no password given opens the private key of {listed}: it has another password than the keystore",
        f"give that password too, with {heap.password_flag} once more{otherwise}",
        question=f"Password of {entries[0].title}",
    )


def _no_match(found: Sequence[FoundKey]) -> PrivateKeyError:
    listed = "; ".join(f"the key in {key.origin} ({_print_of(key)})" for key in found)
    return PrivateKeyError(
        "key.no-match",
        f"none of the certificates belongs to {listed}",
        "the CA must sign the CSR that was made with this key: compare the key fingerprints that"
        " `sfkeytool show` prints",
    )


def _several_keys(found: Sequence[tuple[FoundKey, FoundCertificate | None]], hint: str) -> PrivateKeyError:
    listed = _listed(
        f"{key.origin} ({_print_of(key)})" if leaf is None else f"{key.origin} with {describe_leaf(leaf)}"
        for key, leaf in found
    )
    what = "private keys" if found[0][1] is None else "pairs of key and certificate"
    return PrivateKeyError("key.ambiguous", f"{len(found)} {what} could be meant: {listed}", hint)


def _listed(texts: Iterable[str]) -> str:
    every = list(texts)
    return "; ".join(every[:5]) + (f" and {len(every) - 5} more" if len(every) > 5 else "")


def _print_of(key: FoundKey) -> str:
    return f"key {keys.public_key_sha256(key.key.public_key())[:23]}…"
