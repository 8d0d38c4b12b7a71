"""Everything that a rule may look at, prepared once for a file and only as far as a rule asks for it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from sfkeytool.acceptance.forms import foreign_xml, packaging
from sfkeytool.acceptance.key_entry import KeyEntry, made_entry
from sfkeytool.acceptance.key_holder import KeyHolder, holder_in_metadata
from sfkeytool.acceptance.listed_chain import ListedChain, first_leaf
from sfkeytool.crypto import certificates, chains, keys
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.foreign import foreign_error, foreign_words
from sfkeytool.crypto.mending import mend
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind, normalise_text, sniff, unusual_form
from sfkeytool.errors import CertificateError, KeystoreError, KeystorePasswordError, SfkeytoolError
from sfkeytool.keystores import store
from sfkeytool.keystores.contents import Contents, InputFile, contents_of, contents_of_xml, parse_contents
from sfkeytool.keystores.found import FoundCsr
from sfkeytool.keystores.jks import JksFile, JksKeyEntry, JksTrustedEntry, parse_jks
from sfkeytool.keystores.open import open_jks, open_keystore
from sfkeytool.model import Opaque, Profile, Purpose
from sfkeytool.names import app_name, free_name, legal_name
from sfkeytool.passwords import Secret

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_KEYSTORE_ENDINGS = frozenset({".jks", ".ks", ".keystore"})


class Subject(Opaque, frozen=True, dict=True):
    """One file in the light of a profile and a purpose, on a day. Hold one at a time: it keeps what it has parsed, and
    parses it once."""

    label: str
    data: bytes
    """As normalise_text leaves it."""
    kind: FileKind
    purpose: Purpose
    as_of: datetime
    asked_profile: Profile | None = None
    """Without one it follows from the file: see ``profile``."""
    passwords: tuple[Secret, ...] = ()
    """Those that were given; the empty one is tried first in any case."""
    taken: frozenset[str] = frozenset()
    """Lower-case names in the folder where commands are typed: what they make shall clash with nothing there."""
    unusual_form: str = ""
    """What normalise_text undid, in words."""
    to_repair: bool = False
    """Whether a copy is to be made: a file with a key is on its way to a keystore then."""
    takes_bcfks: bool = False
    """Whether somebody said that the org takes BCFKS: Government Cloud alone does, and no file tells where it goes."""
    in_ckm: bool = False
    """Whether it lies beside metadata that makes it a certificate of Certificate and Key Management."""
    in_full: bool = False
    """Whether the library validates its keys too: 25 to 171 ms each. What was made in this run needs none."""

    @cached_property
    def profile(self) -> Profile:
        """That which was asked for, else by file type. Keystores, files named like one and what is not known go to
        CKM's import. Of the others, a request goes to a CA, one with a chain of several certificates is a signed
        upload, and the rest is for the app."""
        if self.asked_profile is not None:
            return self.asked_profile
        if self.contents is None or PurePath(self.label).suffix.lower() in _KEYSTORE_ENDINGS:
            return Profile.CKM_IMPORT
        if self.to_repair and self.contents.holds_keys:
            return Profile.CKM_IMPORT
        if self.requests and not self.listed:
            return Profile.CA_REQUEST
        distinct = set(self.listed)
        if len(distinct) > 1 and not chains.build_chain(first_leaf(self.listed), self.listed).strangers:
            return Profile.SIGNED_UPLOAD
        return Profile.APP_CERT

    @cached_property
    def name(self) -> str:
        """A legal NAME for the commands in fixes: the only key's alias, else the app's or file's name; not taken."""
        aliases = [entry.alias for entry in self.entries]
        only = aliases[0] if len(aliases) == 1 else None
        return free_name(only or app_name(PurePath(self.label).stem), self.taken)

    # A JKS

    @cached_property
    def _parsed(self) -> JksFile | str:
        try:
            return parse_jks(self.data, self.label)
        except KeystoreError as error:
            return error.message

    @property
    def jks(self) -> JksFile | None:
        """None for any other kind of file, and for a JKS that makes no sense: see ``damage``."""
        return self._parsed if self.kind is FileKind.JKS and isinstance(self._parsed, JksFile) else None

    @property
    def damage(self) -> str | None:
        """Why a JKS cannot be read."""
        return self._parsed if self.kind is FileKind.JKS and isinstance(self._parsed, str) else None

    @cached_property
    def password(self) -> Secret | None:
        """The password that fits the digest of a JKS, or opened another keystore."""
        if isinstance(self._opened, store.Keystore):
            return self._opened.password
        candidates = (Secret(""), *self.passwords)
        jks = self.jks
        return None if jks is None else next((one for one in candidates if jks.digest_matches(one)), None)

    @cached_property
    def entries(self) -> tuple[KeyEntry, ...]:
        """Key entries. Of several under one alias Java keeps the last, whatever that is."""
        if self.jks is None:
            return tuple(self._other_entries())
        seen_by_java = {entry.alias: entry for entry in self.jks.entries}
        return tuple(self._open(entry) for entry in seen_by_java.values() if isinstance(entry, JksKeyEntry))

    @property
    def trusted(self) -> tuple[JksTrustedEntry, ...]:
        entries = self.jks.entries if self.jks else ()
        return tuple(entry for entry in entries if isinstance(entry, JksTrustedEntry))

    def _open(self, entry: JksKeyEntry) -> KeyEntry:
        where = f"{self.label}, entry {entry.alias!r}"
        loaded = self._read_each((certificate.der for certificate in entry.chain), where)
        if self.jks is None or self.password is None:
            return KeyEntry(where, entry.alias, loaded, None, "the keystore's password is not known")
        try:
            return KeyEntry(where, entry.alias, loaded, self.jks.decrypt_key(entry, self.password), "")
        except KeystorePasswordError:
            reason = "the keystore's password does not open the key"
        except KeystoreError as error:
            reason = error.message
        return KeyEntry(where, entry.alias, loaded, None, reason)

    # Another keystore, and keys that lie in no keystore at all: judged as what an import would get to see

    @cached_property
    def _opened(self) -> "store.Keystore | SfkeytoolError | None":
        if self.kind not in KEYSTORE_KINDS or self.kind is FileKind.JKS:
            return None
        try:
            passwords = [Secret(""), *self.passwords]
            return open_keystore(self.data, self.label, store.StoreType[self.kind.name], passwords)
        except SfkeytoolError as error:
            return error

    @property
    def bcfks(self) -> "store.Keystore | None":
        """A BCFKS that was opened."""
        opened = self._opened
        return opened if isinstance(opened, store.Keystore) and opened.bcfks is not None else None

    @property
    def opened(self) -> bool:
        """Whether it is a keystore, and its entries were seen."""
        return self.jks is not None or isinstance(self._opened, store.Keystore)

    @property
    def unopened(self) -> SfkeytoolError | None:
        """Why a keystore that is no JKS was not opened."""
        return self._opened if isinstance(self._opened, SfkeytoolError) else None

    @property
    def needs_password(self) -> bool:
        """Whether it is a keystore that another password may open."""
        if self.jks is not None:
            return self.password is None
        return isinstance(self._opened, KeystorePasswordError)

    @property
    def bystanders(self) -> int:
        """Certificates that lie in another file than a JKS without belonging to a key."""
        if isinstance(self._opened, store.Keystore):
            return len(self._opened.certificates)
        return len(self.listed)

    def _other_entries(self) -> Iterator[KeyEntry]:
        if isinstance(self._opened, store.Keystore):
            pool = [one.certificate_der for one in self._opened.certificates]
            for number, entry in enumerate(self._opened.keys, 1):
                where = entry.origin(self.label, number)
                # PKCS#12 ties one certificate at most to a key; the others lie beside all keys.
                ders = [*entry.chain_der, *(pool if self.kind is FileKind.PKCS12 else ())]
                reason = "" if entry.key_pkcs8 else "no password that was given opens the key"
                loaded = self._read_each(dict.fromkeys(ders), where)
                yield made_entry(where, entry.alias, loaded, entry.key_pkcs8, reason)
        elif self.contents is not None and self.profile is Profile.CKM_IMPORT:
            name = legal_name(PurePath(self.label).stem).value
            beside = tuple({one.der: one.certificate for one in self.contents.certificates}.values())
            for key in self.contents.keys:
                yield made_entry(key.origin, name, beside, keys.encode_key_pkcs8(key.loaded), "")
            for origin in self.contents.locked:
                yield made_entry(origin, name, beside, None, "it needs its password")
            for unreadable in self.contents.unreadable_keys:
                reason = unreadable.error.message.removeprefix(f"{unreadable.origin}: ")
                yield made_entry(unreadable.origin, name, beside, None, reason)

    # Certificates

    def certificate(self, der: bytes, where: str) -> Certificate:
        """parse_certificate(), once for each certificate: several rules come back to those of a keystore."""
        if der not in self._certificates:
            self._certificates[der] = certificates.parse_certificate(der, where)
        return self._certificates[der]

    @cached_property
    def _certificates(self) -> dict[bytes, Certificate]:
        return {}

    def _read_each(self, ders: Iterable[bytes], where: str) -> tuple[Certificate | None, ...]:
        """None for one that cannot be read."""

        def read(der: bytes) -> Certificate | None:
            try:
                return self.certificate(der, where)
            except CertificateError:
                return None

        return tuple(map(read, ders))

    @property
    def key_holder(self) -> KeyHolder:
        """Who has the key of the certificate, as far as the file's place tells."""
        if self.in_ckm:
            return KeyHolder.CKM
        if self._root is None or self.foreign is not None:
            return KeyHolder.READER
        return holder_in_metadata(self._root)

    @cached_property
    def _root(self) -> "Element | None":
        if self.kind is not FileKind.XML:
            return None
        from sfkeytool.keystores.metadata_xml import parse_xml

        return parse_xml(self.data, self.label)

    @property
    def foreign(self) -> str | None:
        """What an XML file is that is no Salesforce metadata."""
        return None if self._root is None else foreign_xml(self._root)

    @cached_property
    def unknown(self) -> str:
        """What a file is that is of no kind which is read here, and what to do about it; empty where nobody knows."""
        return foreign_words(self.data, self.label) if self.kind is FileKind.UNKNOWN else ""

    @cached_property
    def wrapping(self) -> str | None:
        """What a certificate comes in, if it is not plain PEM or DER."""
        return packaging(self.kind, self.data, self.label) or self.unusual_form or None

    @cached_property
    def contents(self) -> Contents | None:
        """What a file that is no keystore holds, but for keys under a password. Parsed when the subject is made."""
        if self.kind in KEYSTORE_KINDS or self.kind is FileKind.UNKNOWN:
            return None
        if self._root is not None:
            return contents_of_xml(self._root, self.label)
        return parse_contents(InputFile(self.label, self.data), (), load_keys=False)

    @cached_property
    def loaded(self) -> Contents:
        """All that the file holds, its keys loaded: secret. Raises what parse_contents() raises for it."""
        if self.contents is not None and not self.contents.locked:
            return self.contents
        opened = self._opened
        if self.jks is not None and self.password is not None:
            opened = open_jks(self.jks, [Secret(""), *self.passwords])
        if isinstance(opened, store.Keystore):
            return contents_of(opened, self.label, self.kind)
        return parse_contents(InputFile(self.label, self.data), self.passwords)

    @cached_property
    def listed(self) -> tuple[Certificate, ...]:
        """The certificates of a file that is no keystore and no XML of another kind, in its order."""
        if self.contents is None or self.foreign is not None:
            return ()
        return tuple(found.certificate for found in self.contents.certificates)

    @cached_property
    def crowded_fields(self) -> tuple[tuple[str, int], ...]:
        """Those of metadata."""
        if self._root is None or not self.listed:
            return ()
        from sfkeytool.keystores.metadata_field import crowded_fields

        return crowded_fields(self._root, self.label)

    @property
    def requests(self) -> tuple[FoundCsr, ...]:
        """The certificate requests of a file that is no keystore."""
        return self.contents.requests if self.contents else ()

    @cached_property
    def chains(self) -> tuple[ListedChain, ...]:
        """One for each key entry on its way to CKM; one for each field of metadata; one for all of another file."""
        if self.profile is Profile.CKM_IMPORT:
            return tuple(entry.chain for entry in self.entries if entry.chain is not None)
        if not self.listed:
            return ()
        if self.kind is FileKind.XML and self.contents is not None:
            return tuple(
                ListedChain(one.origin, (one.certificate,), one.certificate) for one in self.contents.certificates
            )
        return (ListedChain(self.label, self.listed, first_leaf(self.listed)),)


def prepare_subject(
    file: InputFile,
    *,
    as_of: datetime,
    profile: Profile | None = None,
    purpose: Purpose = Purpose.JWT,
    passwords: Sequence[Secret] = (),
    taken: frozenset[str] = frozenset(),
    to_repair: bool = False,
    takes_bcfks: bool = False,
    in_ckm: bool = False,
    in_full: bool = False,
) -> Subject:
    """A file made ready to be judged; ``profile`` is the one that was asked for, the rest is as Subject has it. Pure.

    Raises InputError and CertificateError for a file of text or DER that promises certificates and is malformed.
    """
    mended = mend(file.data)
    subject = Subject(
        label=file.label,
        data=(data := normalise_text(mended.data)),
        kind=sniff(data),
        purpose=purpose,
        as_of=as_of,
        asked_profile=profile,
        passwords=tuple(passwords),
        taken=taken,
        unusual_form=unusual_form(file.data) or ("mangled PEM: " + mended.words if mended.refused_by_java else ""),
        to_repair=to_repair,
        takes_bcfks=takes_bcfks,
        in_ckm=in_ckm,
        in_full=in_full,
    )
    if subject.kind is not FileKind.UNKNOWN and (error := foreign_error(data, file.label)):
        raise error
    _ = subject.contents
    return subject
