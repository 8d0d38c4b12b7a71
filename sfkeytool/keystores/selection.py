"""Which key, which entry and which certificate are meant: the one place where it is decided, for every command.

Nothing is guessed. What leaves several choices is an error that lists them, with the same code in every command, and
what decides is always something that somebody said: an alias, a certificate given as a file of its own, a password
that opens one entry and not another, the keystore that ties a certificate to a key, or a CA that signed it.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.crypto import certificates, chains, keys
from sfkeytool.errors import CertificateError, KeystorePasswordError, PrivateKeyError, SfkeytoolError
from sfkeytool.keystores.found import FoundCertificate, FoundKey
from sfkeytool.keystores.heap import Entry, Heap, candidates, entries_under, no_such_alias
from sfkeytool.keystores.leaves import abbreviated, describe_leaf, several_certificates, split_placeholders


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
                raise _unopened(unknown, heap)
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
    unopened = [entry for entry in wanted if entry.locked or entry.unreadable]
    if not picked and (needed := [entry for entry in unopened if not with_leaf or _is_given(entry, heap)]):
        raise _unopened(needed, heap)
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
    ``key.none``, ``key.ambiguous``, and what is wrong with one that cannot be loaded: it may be the one. Pure.
    """
    wanted = _named(heap, alias)
    if unreadable := [entry for entry in wanted if entry.unreadable]:
        raise _unopened(unreadable, heap)
    found = list(_by_key(_opened(wanted, heap)))
    meant = [_meant(group, heap, named=alias is not None) for group in found]
    if len(meant) > 1:
        names = [name for name in _aliases(heap, meant) if len(list(_by_key(entries_under(heap, name)))) == 1]
        way = f"choose with --alias ({', '.join(names)})" if names else "give a file with the one key that is meant"
        raise _several_keys([(one.key, None) for one in meant], way)
    return meant[0]


def select_each(heap: Heap, alias: str | None = None) -> tuple[tuple[Entry, Meant | None], ...]:
    """Every key entry, or those under ``alias``, each with what is meant by it; None for one that require_opened()
    refuses. Pure.

    Raises ``keystore.no-such-alias`` and, if there is no entry at all, ``key.none``.
    """
    wanted = _named(heap, alias)
    if not wanted:
        raise _no_key(heap)
    return tuple(
        (entry, None if entry.key is None else _meant([entry], heap, named=alias is not None)) for entry in wanted
    )


def require_opened(heap: Heap, alias: str | None = None) -> None:
    """Raises KeystorePasswordError ``keystore.entry-locked`` if an entry (under ``alias``) is locked, and what is wrong
    with one that cannot be loaded. Pure."""
    if unopened := [entry for entry in _named(heap, alias) if entry.locked or entry.unreadable]:
        raise _unopened(unopened, heap)


def _named(heap: Heap, alias: str | None) -> tuple[Entry, ...]:
    """The entries under ``alias``, all without one. Raises KeystoreError ``keystore.no-such-alias``."""
    if alias is None:
        return heap.entries
    if not heap.entries:
        raise _no_key(heap)
    if found := entries_under(heap, alias):
        return found
    raise no_such_alias([heap], alias)


def _opened(wanted: Sequence[Entry], heap: Heap) -> list[Entry]:
    """Those whose key is at hand. Raises ``keystore.entry-locked``, ``key.none`` or what is wrong with the key if there
    is none."""
    opened = [entry for entry in wanted if entry.key is not None]
    if not opened:
        raise _unopened(wanted, heap) if wanted else _no_key(heap)
    return opened


def _by_key(entries: Iterable[Entry]) -> Iterable[list[Entry]]:
    groups: dict[bytes | None, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.spki_der, []).append(entry)
    return groups.values()


def _meant(entries: Sequence[Entry], heap: Heap, *, named: bool) -> Meant:
    """What is meant by entries that hold the same key."""
    spki = entries[0].spki_der
    found = {one.der: one for entry in entries for one in candidates(entry, heap, named=named)}
    standing, placeholders = split_placeholders(tuple(found.values()))
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


def _no_key(heap: Heap) -> PrivateKeyError:
    from sfkeytool.keystores.saml_metadata import SAML_WORDS

    held = [
        *(f"{one.origin}: certificate" for one in heap.certificates),
        *(f"{origin} is {SAML_WORDS}" for origin in heap.saml),
        *heap.ignored,
    ]
    return PrivateKeyError(
        "key.none",
        "there is no private key in what was given" + (f" ({abbreviated(held)})" if held else ""),
        "add the .key, PFX or keystore that the request was made from; Certificate and Key Management exports none"
        " for a certificate that was made as not exportable",
    )


def _no_certificate() -> CertificateError:
    return CertificateError(
        "certificate.none", "there is no certificate in what was given", "add the file that the CA sent back"
    )


def _unopened(entries: Sequence[Entry], heap: Heap) -> SfkeytoolError:
    """Of entries without a key: those that a password opens are worth one, the others cannot be helped."""
    locked = [entry for entry in entries if entry.locked]
    error = next((entry.unreadable for entry in entries if entry.unreadable), None)
    if locked or error is None:
        return _locked(locked or entries, heap)
    nameable = heap.by_alias and any(entry.key is not None and entry.alias for entry in heap.entries)
    others = ("or pick another entry with --alias",) if nameable else ()
    return type(error)(error.code, error.message, *error.hints, *others)


def _locked(entries: Sequence[Entry], heap: Heap) -> KeystorePasswordError:
    listed = abbreviated(entry.origin for entry in entries)
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
    listed = abbreviated(
        f"{key.origin} ({_print_of(key)})" if leaf is None else f"{key.origin} with {describe_leaf(leaf)}"
        for key, leaf in found
    )
    what = "private keys" if found[0][1] is None else "pairs of key and certificate"
    return PrivateKeyError("key.ambiguous", f"{len(found)} {what} could be meant: {listed}", hint)


def _print_of(key: FoundKey) -> str:
    return f"key {keys.public_key_sha256(key.key.public_key())[:23]}…"
