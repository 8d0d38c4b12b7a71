"""Questions to the import page: the corpus, and what no file of it can ask."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from live import material
from live.org import IDENTITY_PROVIDER, LiveOrg, Made, identity_provider
from live.question import NAMES, REFUSED, TAKEN, Answer, CannotAsk
from sfkeytool.acceptance.catalogue import CATALOGUE
from sfkeytool.acceptance.engine import judge
from sfkeytool.acceptance.subject import prepare_subject
from sfkeytool.errors import SfkeytoolError
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Profile, Purpose
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.ckm import CkmEntry, list_certificates, parse_moment
from sfkeytool.salesforce.metadata_source import SourceFile, encode_element

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
NOT_AVAILABLE = "Data Not Available"
_ALIAS_LENGTHS = (40, 41, 64, 80, 81, 255)
_PASSWORD_LENGTHS = (1, 5, 6, 64, 256)
_CHAIN_LENGTHS = (3, 5, 10, 11, 20)
_KEYS = (2, 5, 10)


def corpus_files() -> list[dict[str, Any]]:
    """The lines of the manifest whose files a person may try to import, and whose password is known."""
    manifest = json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8"))["files"]
    return [
        file
        for file in manifest
        if file["password"] is not None and file["profile"] in (None, "ckm-import") and _is_store(file["path"])
    ]


def _is_store(path: str) -> bool:
    return path.endswith((".jks", ".p12"))


def checked(data: bytes, label: str, profile: Profile, password: str | None = None, purpose: str = "jwt") -> str:
    """What ``sfkeytool check`` says today: the verdict, and the rules that failed."""
    try:
        subject = prepare_subject(
            InputFile(label, data), as_of=datetime.now(UTC), profile=profile, purpose=Purpose(purpose),
            passwords=[Secret(password)] if password else [],
        )  # fmt: skip
        report = judge(subject)
    except SfkeytoolError as error:
        return error.code
    return f"{report.verdict}{': ' if report.rule_ids else ''}{', '.join(report.rule_ids)}"


# One import


def imported(org: LiveOrg, data: bytes, password: str, *, is_kept: bool = False) -> Answer:
    """What the page made of a keystore. What it made in CKM is deleted at once, unless it is kept for a question."""
    if org.state.get("no-identity-provider"):
        raise CannotAsk(f'the org answers "{NOT_AVAILABLE}": Identity Provider was never enabled there')
    aliases = material.aliases_of(data)
    here = org.certificates()
    if taken := {alias.lower() for alias in aliases} & {name.lower() for name in here.values()}:
        raise CannotAsk(f"CKM has a certificate of that name already, which is not ours: {', '.join(sorted(taken))}")
    awaited = [Made("Certificate", alias.lower()) for alias in aliases]
    org.made += awaited
    file = org.folder / "keystore.jks"
    file.write_bytes(data)
    try:
        page = org.door.save(org.client(), file, password)
    finally:
        file.unlink()
    new = org.new_certificates(here, is_awaited=page.is_landed)
    org.made += [Made("Certificate", name, id) for id, name in new.items()]
    for each in awaited:
        org.made.remove(each)
    details = [f"in CKM as {', '.join(sorted(new.values()))}"] if new else []
    if page.is_landed and not new:
        details.append("the page said nothing, and CKM has nothing new")
    if new and not page.is_landed:
        details.append("the page named an error, and CKM has it all the same")
    details += [] if is_kept else _deleted(org, new)
    return Answer(TAKEN if new else REFUSED, page.words, "", tuple(details))


def _deleted(org: LiveOrg, new: dict[str, str]) -> list[str]:
    problems = [(name, org.forget(Made("Certificate", name, id))) for id, name in new.items()]
    return [f"{name} cannot be deleted: {problem}" for name, problem in problems if problem]


# The corpus


def of_corpus(file: dict[str, Any]) -> Callable[[LiveOrg], Answer]:
    """A question about one line of the manifest."""

    def ask(org: LiveOrg) -> Answer:
        data, password = (FIXTURES / file["path"]).read_bytes(), file["password"]
        said = checked(data, Path(file["path"]).name, Profile.CKM_IMPORT, password, file["purpose"])
        answer = imported(org, *_with_free_name(org, data, password))
        return Answer(answer.observed, answer.words, said, (*answer.details, *_compared(answer, file["findings"])))

    return ask


def _compared(answer: Answer, findings: Sequence[str]) -> list[str]:
    """Whether a refusal has the words that the rules quote, with a name in the place of certName."""
    quoted = {rule.salesforce_message for rule in CATALOGUE if rule.id in findings and rule.salesforce_message}
    if answer.observed == TAKEN or not quoted:
        return []
    patterns = [re.escape(each).replace("certName", ".+") for each in quoted]
    known = any(re.search(pattern, word) for pattern in patterns for word in answer.words)
    return ["in the words that the rule quotes" if known else f"in other words than: {' / '.join(sorted(quoted))}"]


def _with_free_name(org: LiveOrg, data: bytes, password: str) -> tuple[bytes, str]:
    """The file; under another alias only where names that were deleted do not come back."""
    if not org.state.get("names-are-used-up"):
        return data, password
    for alias in material.aliases_of(data):
        org.state["number"] = org.state.get("number", 0) + 1
        if alias.isidentifier() and alias.islower() and not alias.endswith("_") and "__" not in alias:
            data = material.renamed(data, password, alias, f"{alias}{org.state['number']}")
    return data, password


# What the corpus cannot ask


def plain(name: str, password: str = material.PASSWORD) -> bytes:
    return material.keystore([name], [material.certificate("live", 1)], password)


def control(org: LiveOrg) -> Answer:
    """A keystore with nothing wrong, and whether CKM has what was sent."""
    leaf = material.certificate("live", 1)
    data = material.keystore([f"{NAMES}plain"], [leaf])
    answer = imported(org, data, material.PASSWORD, is_kept=True)
    entry = next((each for each in _entries(org) if each.name == f"{NAMES}plain"), None)
    details = list(answer.details)
    if entry is not None:
        is_same = x509.load_pem_x509_certificates(entry.content) == [leaf] if entry.content else None
        details.append({True: "its body is what was sent", False: "its body is ANOTHER", None: "no body"}[is_same])
    details += _deleted(org, {made.id: made.name for made in org.made.copy() if made.name == f"{NAMES}plain"})
    return Answer(answer.observed, answer.words, checked(data, "keystore.jks", Profile.CKM_IMPORT, material.PASSWORD),
                  tuple(details))  # fmt: skip


def bcfks(org: LiveOrg) -> Answer:
    """A BCFKS as sfkeytool writes it."""
    data = material.bcfks(f"{NAMES}bcfks", [material.certificate("live", 1)])
    said = checked(data, "keystore.bcfks", Profile.CKM_IMPORT, material.PASSWORD)
    answer = imported(org, data, material.PASSWORD)
    return Answer(answer.observed, answer.words, said, answer.details)


def identity_provider_condition(org: LiveOrg) -> Answer:
    """Whether an import says "Data Not Available" until Identity Provider was enabled once. Enables it, if so."""
    data = plain(f"{NAMES}idp")
    first = imported(org, data, material.PASSWORD)
    if NOT_AVAILABLE not in " ".join(first.words):
        if first.observed == REFUSED:
            raise CannotAsk(f"the import was refused for another reason: {' '.join(first.words)}")
        raise CannotAsk("the import works: Identity Provider may have been enabled here before, which no org tells")
    org.state["no-identity-provider"] = True
    name = f"{NAMES}idp_own"
    present = org.retrieve("Settings", "IdentityProvider").get("settings/IdentityProvider.settings", b"").decode()
    if "<enableIdentityProvider>true" in present:
        raise CannotAsk("Identity Provider is enabled, and the import says so all the same: it is not touched")
    if problems := org.deploy(own_certificate(name)):
        raise CannotAsk(f"no certificate for Identity Provider: {'; '.join(problems)}")
    before = re.search("<certificateName>([^<]+)</certificateName>", present)
    org.made.append(Made(IDENTITY_PROVIDER, before[1] if before else name))
    if problems := org.deploy([identity_provider(name, is_enabled=True)]):
        raise CannotAsk(f"Identity Provider cannot be enabled: {'; '.join(problems)}")
    org.state["no-identity-provider"] = False
    second = imported(org, data, material.PASSWORD)
    if NOT_AVAILABLE in " ".join(second.words):
        org.state["no-identity-provider"] = True
    return Answer(second.observed, first.words, "", ("with Identity Provider enabled:", second.observed, *second.words))


def deleted_name(org: LiveOrg) -> Answer:
    """The same name once more after its certificate was deleted."""
    data = plain(f"{NAMES}again")
    if imported(org, data, material.PASSWORD).observed == REFUSED:
        raise CannotAsk("the first import was refused")
    again = imported(org, data, material.PASSWORD)
    org.state["names-are-used-up"] = again.observed == REFUSED
    return again


def taken_name(org: LiveOrg) -> Answer:
    """A name that CKM has: what becomes of the second import, and of the first certificate."""
    name = f"{NAMES}twice"
    first = imported(org, plain(name), material.PASSWORD, is_kept=True)
    if first.observed == REFUSED:
        raise CannotAsk("the first import was refused")
    made = next(each for each in org.made if each.name == name)
    before = org.certificates()
    file = org.folder / "keystore.jks"
    file.write_bytes(plain(name))
    try:
        page = org.door.save(org.client(), file, material.PASSWORD)
    finally:
        file.unlink()
    new = org.new_certificates(before, is_awaited=page.is_landed)
    org.made += [Made("Certificate", found, id) for id, found in new.items()]
    stays = "stays as it was" if made.id in org.certificates() else "is GONE"
    details = (f"the first one {stays}", *(f"another is there: {found}" for found in new.values()))
    problems = _deleted(org, new | ({made.id: name} if made in org.made else {}))
    return Answer(TAKEN if page.is_landed else REFUSED, page.words, "", (*details, *problems))


def longest(what: str, sizes: Sequence[int], make: Callable[[int], tuple[bytes, str]]) -> Callable[[LiveOrg], Answer]:
    """The largest size that is taken, before one is refused."""

    def ask(org: LiveOrg) -> Answer:
        most = 0
        words: tuple[str, ...] = ()
        tried: list[str] = []
        for size in sizes:
            answer = imported(org, *make(size))
            tried.append(f"{size}: {answer.observed}")
            if answer.observed == REFUSED:
                words = answer.words
                break
            most = size
        return Answer(f"{most} {what}" if most else REFUSED, words, "", tuple(tried))

    return ask


def _alias(size: int) -> tuple[bytes, str]:
    return plain((NAMES + "a" * size)[:size]), material.PASSWORD


def _several(size: int) -> tuple[bytes, str]:
    names = [f"{NAMES}key{number}" for number in range(size)]
    return material.keystore(names, [material.certificate("live", 1)]), material.PASSWORD


def _chain(size: int) -> tuple[bytes, str]:
    issuer = material.certificate("live root", 0, ca=True)
    chain = [issuer]
    for number in range(size - 2):
        issuer = material.certificate(f"live ca {number}", 0, ca=True, issuer=issuer, issuer_number=0)
        chain.insert(0, issuer)
    leaf = material.certificate("live", 1, issuer=issuer, issuer_number=0)
    return material.keystore([f"{NAMES}chain{size}"], [leaf, *chain]), material.PASSWORD


longest_alias = longest("characters", _ALIAS_LENGTHS, _alias)
most_keys = longest("keys", _KEYS, _several)
longest_chain = longest("certificates", _CHAIN_LENGTHS, _chain)


def password_lengths(org: LiveOrg) -> Answer:
    """Each length by itself: there may be a shortest one, and a longest."""
    observed = {}
    words: tuple[str, ...] = ()
    for size in _PASSWORD_LENGTHS:
        answer = imported(org, plain(f"{NAMES}password{size}", "p" * size), "p" * size)
        observed[size] = answer.observed
        words += answer.words
    refused = [str(size) for size, each in observed.items() if each == REFUSED]
    return Answer(f"refused at {', '.join(refused)} characters" if refused else TAKEN, words, "",
                  tuple(f"{size}: {each}" for size, each in observed.items()))  # fmt: skip


# Beside what was made there


def own_certificate(name: str) -> tuple[SourceFile, ...]:
    """What makes a self-signed certificate with a key of the org's own. The body stands for one: CKM takes its
    subject alone (Metadata API Developer Guide, "Certificate")."""
    fields: list[tuple[str, str | int]] = [
        ("caSigned", False), ("keySize", 2048), ("masterLabel", name), ("privateKeyExportable", True),
    ]  # fmt: skip
    described = encode_element("Certificate", fields)
    body = material.pem(material.certificate(name, 1))
    return (
        SourceFile("certs", f"{name}.crt", body, "Certificate", name),
        SourceFile("certs", f"{name}.crt-meta.xml", described, "Certificate", name),
    )


def _own_entry(org: LiveOrg) -> CkmEntry:
    name = f"{NAMES}own"
    if Made("Certificate", name) not in org.made and (problems := org.deploy(own_certificate(name))):
        raise CannotAsk(f"the org makes no certificate: {'; '.join(problems)}")
    return next((each for each in _entries(org) if each.name == name), CkmEntry(name))


def listed_alike(org: LiveOrg) -> Answer:
    """An imported entry beside one that was made there: which fields the lists leave empty for it alone."""
    own, name = _own_entry(org), f"{NAMES}listed"
    if imported(org, plain(name), material.PASSWORD, is_kept=True).observed == REFUSED:
        raise CannotAsk("the import was refused")
    here = next((each for each in _entries(org) if each.name == name), CkmEntry(name))
    differing = [
        field
        for field in ("expires", "key_bits", "ca_signed", "unusable", "exportable", "created", "content")
        if _is_told(getattr(own, field)) != _is_told(getattr(here, field))
    ]
    told = tuple(f"{field}: {getattr(own, field)} there, {getattr(here, field)} imported"
                 for field in ("key_bits", "ca_signed", "unusable", "exportable"))  # fmt: skip
    _deleted(org, {made.id: made.name for made in org.made.copy() if made.name == name})
    return Answer("another way: " + ", ".join(differing) if differing else "alike", (), "", told)


def _is_told(value: object) -> bool:
    return value not in (None, "", b"")


def own_lifetime(org: LiveOrg) -> Answer:
    """How long a certificate lives that the org made itself, with 2048 bits."""
    own = _own_entry(org)
    made = parse_moment(own.created)
    if own.expires is None or made is None:
        raise CannotAsk("the lists do not tell when it was made, or when it expires")
    return Answer(f"{(own.expires - made).days} days")


def _entries(org: LiveOrg) -> tuple[CkmEntry, ...]:
    return list_certificates(org.client()).entries
