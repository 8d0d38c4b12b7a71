"""All questions, in the order in which they are asked; and the rules that no org can answer."""

from pathlib import PurePath
from typing import Any

from live import apps, keystores, uploads
from live.question import NAMES, REFUSED, TAKEN, Question
from sfkeytool.model import AppKind

_ENTRY = f"certificates in CKM named {NAMES}…, each deleted at once"
_SIGNED = f"a certificate in CKM, {NAMES}signed, with a key of the org's own"
_APP = "an app with a key that nobody keeps: a connected app, else an External Client App"
_CONNECTED, _EXTERNAL = "a connected app with a key that nobody keeps", "an External Client App of the same kind"

_GOVERNMENT = "where BCFKS is refused as such nothing is learnt; where it is taken, corpus.bcfks-*.bcfks tell it"
NOT_ASKED = {
    "ckm.certificate.no-mail-left": "whom CKM mails, and when, is seen only by who waits for the mails",
    "ckm.store.bcfks-entries": _GOVERNMENT,
    "ckm.store.bcfks-password": _GOVERNMENT,
    "ckm.store.bcfks-protection": _GOVERNMENT,
    "signed.file.ending": "a deployed chain has no name of its own; how Setup's upload page takes files is not known here",
    "request.file.private-key": "a CA receives that file, and no org",
    "domain.certificate.server-auth": "browsers judge it, which look at the custom domain, and no org",
    "mtls.certificate.client-auth": "the other side of the connection judges it",
    "That CKM mails about imported pairs": "mails come 60 days before; ckm.listed-alike asks whether an import is an"
    " ordinary entry",
    "That in a sandbox mails reach nobody": "only who waits for the mails sees it",
    "That the audience at a `.salesforce.mil` host": "only such an org tells: login.connected.hosts asks it where it is run"
    " in one",
    "That CKM's mails reach a reminder": "mails come 60 days before",
    "Whether a JWT-based access token opens a page": "the session here is the Salesforce CLI's; one from a JWT login of an"
    " app with such tokens would be wanted",
    "Who is mailed": "only who waits for the mails sees it",
}
"""INFERRED rules, and lines of docs/sources.md by how they begin, with why no question of ours settles them."""


def _of_corpus(file: dict[str, Any]) -> Question:
    """What ``check`` says is what is expected. A file with one finding settles that rule."""
    expected = {"accept": TAKEN, "reject": REFUSED, "unsure": None}[file["verdict"]]
    rules = [rule for rule in file["findings"] if rule not in NOT_ASKED and rule.startswith("ckm.")]
    return Question(
        f"corpus.{PurePath(file['path']).name}",
        f"Import from Keystore, {file['path']}: {file['why']}",
        keystores.of_corpus(file),
        expected,
        (*rules, *_ALSO.get(file["path"], ())) if len(rules) == len(file["findings"]) == 1 else (),
        "certificates in CKM under the aliases of the corpus (pay and others), each deleted at once",
    )


_ALIASES = "That aliases must follow the rule for unique names"
_ALSO = {f"corpus/alias-{name}.jks": (_ALIASES,) for name in ("1", "dot", "double", "end", "hyphen", "worst")}


IMPORTS = (
    Question(
        "ckm.identity-provider", "Is Data Not Available the answer until Identity Provider was enabled once?",
        keystores.identity_provider_condition, TAKEN, ('"Data Not Available" on import goes away',),
        f"Identity Provider, enabled with a certificate {NAMES}idp_own and disabled at the end, where an import asks for it",
    ),
    Question("ckm.plain", "Is a sound keystore taken, and its certificate what CKM then has?", keystores.control, TAKEN,
             creates=_ENTRY),
    Question("ckm.deleted-name", "Does a name come back after its certificate was deleted?", keystores.deleted_name,
             creates=_ENTRY),
    Question("ckm.taken-name", "Is a name refused that CKM has already?", keystores.taken_name, REFUSED, creates=_ENTRY),
    Question("ckm.longest-alias", "How long may an alias be?", keystores.longest_alias, None,
             ("That a NAME has at most 40 characters",), _ENTRY),
    Question("ckm.password-lengths", "Which lengths may a keystore's password have?", keystores.password_lengths,
             creates=_ENTRY),
    Question("ckm.most-keys", "How many private keys may a keystore hold?", keystores.most_keys, None,
             ("ckm.store.several-keys",), f"up to ten {_ENTRY}"),
    Question("ckm.longest-chain", "How many certificates may a chain have?", keystores.longest_chain, creates=_ENTRY),
    Question("ckm.listed-alike", "Is what was imported listed like what was made there?", keystores.listed_alike, "alike",
             creates=f"{_ENTRY}, and {NAMES}own with a key of the org's own"),
    Question("ckm.own-lifetime", "How long does a certificate live that the org makes?", keystores.own_lifetime, None,
             ("How long a certificate lives that Salesforce itself makes",), f"a certificate in CKM, {NAMES}own"),
    Question("ckm.bcfks", "Is a BCFKS taken that sfkeytool wrote? Government Cloud alone may take one.", keystores.bcfks,
             None, ("Whatever is said of BCFKS beyond that Government Cloud",), _ENTRY),
)  # fmt: skip


def _upload(
    id: str, asks: str, *parts: str, settles: str = "", expects: str | None = TAKEN, **options: Any
) -> Question:
    ask = uploads.chain_of(*parts, **options)
    return Question(f"upload.{id}", asks, ask, expects, (settles,) if settles else (), _SIGNED)


_FULL = ("leaf", "intermediate", "root")
UPLOADS = (
    Question("upload.request", "Does a request of the org's own name DNS names?", uploads.request_names, "no DNS names",
             ("request.domain.no-san",), _SIGNED),
    _upload("in-order", "Is the chain of the article taken: leaf, intermediate, root?", *_FULL),
    _upload("reversed", "Is it taken root first?", "root", "intermediate", "leaf", settles="signed.chain.leaf-first"),
    _upload("root-second", "Is it taken as leaf, root, intermediate?", "leaf", "root", "intermediate"),
    _upload("leaf-second", "Is it taken as intermediate, leaf, root?", "intermediate", "leaf", "root"),
    _upload("leaf-last", "Is it taken as intermediate, root, leaf?", "intermediate", "root", "leaf"),
    _upload("root-leaf", "Is it taken as root, leaf, intermediate?", "root", "leaf", "intermediate"),
    _upload("rootless", "Is it taken without the root?", "leaf", "intermediate", settles="signed.chain.incomplete"),
    _upload("leaf-alone", "Is the leaf alone taken?", "leaf"),
    _upload("stranger", "Is a chain taken with a certificate too many?", *_FULL, "stranger",
            settles="signed.chain.stranger"),
    _upload("expired-ca", "Is a chain taken whose CA has expired?", "leaf", "expired_intermediate", "root",
            settles="signed.certificate.expired"),
    _upload("future", "Is a certificate taken that is not valid yet?", "future", *_FULL[1:], settles="signed.certificate.not-yet-valid"),
    _upload("sha1", "Is a certificate taken that is signed with SHA-1?", "sha1", *_FULL[1:], settles="signed.certificate.weak-signature"),
    _upload("broken", "Is a certificate taken whose signature does not verify?", "broken", *_FULL[1:],
            settles="signed.certificate.bad-signature"),
    _upload("with-key", "Is a chain taken with a private key behind it?", *_FULL, with_key=True,
            settles="signed.file.private-key"),
    _upload("ec", "Is the certificate of an EC key refused?", "of_ec", *_FULL[1:], settles="signed.key.not-of-setup",
            expects=REFUSED),
    _upload("another-key", "Is the certificate of another key refused?", "of_another", *_FULL[1:], expects=REFUSED),
    _upload("der", "Is DER taken, the leaf alone?", "leaf", is_der=True, settles="signed.file.not-pem", expects=None),
)  # fmt: skip

FORMS = (
    Question("app.returned.connected", "Does a retrieve return a connected app's certificate?",
             apps.returned_by(AppKind.CONNECTED_APP), "returned", creates=_CONNECTED),
    Question("app.returned.external", "Does a retrieve return an External Client App's certificate?", apps.returned_by(AppKind.EXTERNAL_CLIENT_APP),
             "returned", creates=_EXTERNAL),
    Question("app.with-key", "Does an app take a file with its private key?", apps.text_of(apps.with_key), TAKEN,
             ("app.file.private-key",), _APP),
    Question("app.large", "Is a certificate over 4 KB refused?", apps.text_of(apps.large), REFUSED,
             ("app.certificate.too-large", "The 4 KB hold for the certificate of JWT logins too"), _APP),
    Question("app.large-line", "Is a certificate taken that has at most 4 KB in DER, and more in PEM?", apps.text_of(apps.large_line), TAKEN, creates=_APP),
)  # fmt: skip

LOGINS = (
    Question("login.connected.hosts", "Where does a connected app log in, and with which audience?",
             apps.hosts_of(AppKind.CONNECTED_APP), TAKEN, ("Which audience a login at a My Domain names",), _CONNECTED),
    Question("login.external.hosts", "Where does an External Client App log in, and with which audience?", apps.hosts_of(AppKind.EXTERNAL_CLIENT_APP), TAKEN,
             ("An External Client App logs in at its org's My Domain only",), _EXTERNAL),
    Question("login.longest-exp", "How far ahead may an assertion's end lie?", apps.longest_exp, creates=_APP),
    Question("login.expired.connected", "Does a connected app let in whose certificate has expired?",
             apps.login_with(AppKind.CONNECTED_APP, days=(-300, -2)), None,
             ("app.certificate.expired", "Whether an app accepts logins after its certificate has expired"), _CONNECTED),
    Question("login.expired.external", "Does an External Client App let in whose certificate has expired?",
             apps.login_with(AppKind.EXTERNAL_CLIENT_APP, days=(-300, -2)), None,
             ("app.certificate.expired", "Whether an app accepts logins after its certificate has expired"), _EXTERNAL),
    Question("login.future", "Does an app let in whose certificate is not valid yet?",
             apps.login_with_text(lambda number: apps.certificate_text(number, days=(30, 300))), None,
             ("app.certificate.not-yet-valid",), _APP),
    Question("login.sha1", "Does an app let in whose certificate is signed with SHA-1?", apps.login_with_text(apps.signed_with_sha1), TAKEN,
             ("app.certificate.weak-signature",), _APP),
    Question("login.broken", "Does an app let in whose certificate has a signature that does not verify?",
             apps.login_with_text(apps.with_broken_signature), TAKEN, ("app.certificate.bad-signature",), _APP),
    Question("login.der", "Does an app let in whose certificate came as DER, one line of base64?", apps.login_with_text(apps.line), TAKEN, creates=_APP),
    Question("login.wrapped", "Does an app let in whose certificate came as base64 of its PEM?", apps.login_with_text(apps.wrapped), TAKEN,
             ("app.file.wrapped",), _APP),
    Question("login.several", "Does an app let in whose certificate stands first of several?", apps.login_with_text(apps.several), TAKEN,
             ("app.file.several-certificates",), _APP),
)  # fmt: skip

QUESTIONS: tuple[Question, ...] = (
    *IMPORTS,
    *map(_of_corpus, keystores.corpus_files()),
    *UPLOADS,
    *FORMS,
    *LOGINS,
)
