"""All keys and certificates of some files, and which belong to which: what there is to choose from."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from sfkeytool.crypto import certificates, chains
from sfkeytool.errors import KeystoreError, SfkeytoolError
from sfkeytool.keystores.contents import Contents
from sfkeytool.keystores.found import FoundCertificate, FoundKey, UnreadableCertificate
from sfkeytool.keystores.leaves import leaves, split_placeholders
from sfkeytool.keystores.store import StoreType
from sfkeytool.model import Opaque


class Entry(Opaque, frozen=True, dict=True):
    """A private key where it stands: an entry of a keystore, or a key file.

    ``key`` is None where it was not loaded; ``locked`` says that no password given opens it, ``unreadable`` why it
    cannot be loaded. ``own`` are the certificates that the keystore ties to it. In a ``chained`` one (all but PFX) they
    are in its order, and Java takes the first for the key's.
    """

    origin: str
    alias: str | None = None
    key: FoundKey | None = None
    locked: bool = False
    own: tuple[FoundCertificate, ...] = ()
    chained: bool = False
    in_keystore: bool = False
    unreadable: SfkeytoolError | None = None

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


class Heap(Opaque, frozen=True, dict=True):
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
    saml: tuple[str, ...] = ()
    """The files that are SAML metadata, in which people look for a key in vain."""

    @cached_property
    def by_key(self) -> Mapping[bytes, Sequence[FoundCertificate]]:
        """The certificates of each public key, by its SubjectPublicKeyInfo."""
        found: defaultdict[bytes, list[FoundCertificate]] = defaultdict(list)
        for one in self.certificates:
            found[certificates.spki_der(one.certificate)].append(one)
        return found

    @cached_property
    def ties(self) -> Counter[bytes]:
        """To how many entries each certificate is tied, by its DER."""
        return Counter(der for entry in self.entries for der in {one.der for one in entry.own})


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
    saml: list[str] = []
    for contents in files:
        entries += _entries(contents)
        saml += [contents.label] if contents.saml is not None else []
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
        tuple(saml),
    )


def _entries(contents: Contents) -> Iterator[Entry]:
    if contents.store is None:
        yield from (Entry(key.origin, key=key) for key in contents.keys)
        yield from (Entry(origin, locked=True) for origin in contents.locked)
        yield from (Entry(one.origin, unreadable=one.error) for one in contents.unreadable_keys)
        return
    loaded = {key.entry: key for key in contents.keys}
    unreadable = {key.entry: key.error for key in contents.unreadable_keys}
    chained = contents.store.type is not StoreType.PKCS12
    by_der = {one.der: one for one in contents.certificates}
    by_place = {(one.origin, one.der): one for one in contents.certificates}
    by_alias: defaultdict[str | None, list[FoundCertificate]] = defaultdict(list)
    for one in contents.certificates:
        by_alias[one.alias].append(one)
    for number, entry in enumerate(contents.store.keys, 1):
        origin = entry.origin(contents.label, number)
        own = [by_place.get((origin, der), by_der[der]) for der in dict.fromkeys(entry.chain_der) if der in by_der]
        if not own and entry.alias and not chained:
            own = by_alias[entry.alias]
        yield Entry(
            origin,
            entry.alias,
            loaded.get(number),
            entry.key_pkcs8 is None,
            tuple(own),
            chained,
            in_keystore=True,
            unreadable=unreadable.get(number),
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
        found = {
            leaf.der: leaf for entry in entries for leaf in split_placeholders(candidates(entry, heap, named=True))[0]
        }
        return tuple(found.values())
    return tuple(one for one in heap.certificates if _same_alias(one.alias, alias))


def leaves_of_entry(entry: Entry, heap: Heap) -> tuple[FoundCertificate, ...]:
    """The certificates that could be meant by an entry, which may be locked or not loaded. Pure."""
    return split_placeholders(candidates(entry, heap, named=False))[0]


def candidates(entry: Entry, heap: Heap, *, named: bool) -> tuple[FoundCertificate, ...]:
    """Certificates of the entry's key that could be meant by it.

    What the keystore ties to it decides where it has a chain, or where the entry was ``named``: then others count only
    if they were given, or a CA signed one for the key of a placeholder. What is tied to another entry is that one's.
    """

    fitting = tuple(heap.by_key.get(entry.spki_der or b"", ()))
    if not entry.in_keystore:
        return fitting
    own_ders = {one.der for one in entry.own}
    fitting_ders = {one.der for one in fitting}
    own = [one for one in entry.own if one.der in fitting_ders]
    if entry.chained:
        own = own[:1]
    given = [one for one in fitting if one.der in heap.given]
    free = [one for one in fitting if heap.ties[one.der] == (one.der in own_ders)]
    if own and (entry.chained or named):
        answers = [one for one in free if not chains.is_self_signed(one.certificate)]
        only_placeholders = all(chains.is_self_signed(one.certificate) for one in own)
        chosen = [*own, *given, *(answers if only_placeholders else ())]
    else:
        chosen = [*own, *given, *free] or list(fitting)
    return tuple({one.der: one for one in chosen}.values())


def no_such_alias(heaps: Sequence[Heap], alias: str) -> KeystoreError:
    """The error for an alias that none of ``heaps`` has."""
    known = sorted({entry.alias for heap in heaps for entry in heap.entries if entry.alias})
    return KeystoreError(
        "keystore.no-such-alias",
        f"no private key has the alias {alias!r}; there is {', '.join(map(repr, known)) or 'none with an alias'}",
    )


def _same_alias(one: str | None, other: str) -> bool:
    return one is not None and one.lower() == other.lower()
