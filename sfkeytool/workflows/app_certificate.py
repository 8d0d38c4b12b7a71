"""The certificate of one app in an org: looked at, replaced with nothing else changed, and read back.

A deployment is declarative: of an app that it names, whatever it leaves out takes its default. So what is deployed is
the app's own file, raw, as the org gave it out a moment before, with one element changed; and afterwards every element
of it is held against the org again, in two views: the file, and what readMetadata shows.

None of these functions prints, asks or writes a file. In their order: ``find_app``, ``look``, ``plan_change``; then
the caller asks, and keeps ``AppChange.original`` where it stays; ``rehearse``, ``deploy``, ``read_back``.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from sfkeytool.crypto import certificates
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import InputError, OrgError, SfkeytoolError
from sfkeytool.keystores.guarded_xml import parse_tree
from sfkeytool.keystores.metadata_field import parse_field
from sfkeytool.model import Opaque
from sfkeytool.salesforce import soap
from sfkeytool.salesforce.certificate_element import read_certificate, replace_certificate
from sfkeytool.salesforce.org import OrgClient
from sfkeytool.workflows.app_address import AppAddress, hidden, read_components
from sfkeytool.workflows.app_comparison import (
    Difference,
    changed,
    compare_documents,
    compare_shown,
    squeezed,
    texts,
)

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_ROTATES = ("shouldRotateConsumerKey", "shouldRotateConsumerSecret")
_MASKED = re.compile(r"\[redacted.*|[*•●]{3,}", re.IGNORECASE | re.DOTALL)
_MASKED_SECRET = re.compile(r".*[*•●]{3}.*|[x.#_-]{3,}|hidden|masked", re.IGNORECASE | re.DOTALL)
_MOST_TOLD = 12
_KEY_REFUSALS = ("cannot provide a consumer key", "already taken")
"""What Salesforce says of a consumerKey element that it does not take (explain knows both)."""


class AppSource(Protocol):
    """The way of an app's file out of an org and into it: the user's own Salesforce CLI, or what stands for it."""

    def retrieve(self, app: AppAddress) -> bytes | None:
        """The file as the org gives it out now; secret: the consumer key is in it. None where it gives none.

        Raises OrgError.
        """

    def deploy(self, app: AppAddress, document: bytes, *, check_only: bool) -> None:
        """Deploy the file at the API version that it was retrieved with; with ``check_only`` as a dry run, which
        changes nothing. Raises OrgError: org.deploy-failed with Salesforce's words where it is refused."""


class AppState(Opaque, frozen=True):
    """An app as it was read at one moment. ``document`` is secret, and None where only readMetadata was asked."""

    address: AppAddress
    shown: soap.Record
    document: bytes | None
    certificate_der: bytes | None
    """None: the app has no certificate, or one that cannot be read as one."""
    carries: str
    """What the element holds that is no certificate, in words for people; empty for a certificate, or nothing."""

    @property
    def facts(self) -> CertificateFacts | None:
        """Of the certificate on the app."""
        return _facts(self.certificate_der) if self.certificate_der is not None else None

    @property
    def is_without_certificate(self) -> bool:
        """Whether the app has none, nor anything else in its place: the first one switches the JWT bearer flow on."""
        return self.certificate_der is None and not self.carries


class AppChange(Opaque, frozen=True):
    """The one change of an app, not made yet. ``original`` and ``document`` are secret files."""

    state: AppState
    original: bytes
    """The way back: what is to be kept before anything is deployed."""
    document: bytes
    """The same with another certificate."""
    certificate_der: bytes

    @property
    def address(self) -> AppAddress:
        return self.state.address

    @property
    def is_needed(self) -> bool:
        """Whether the app carries another certificate now, or none."""
        return self.state.certificate_der != self.certificate_der


class ReadBack(Struct, frozen=True):
    """The proof of a deployment: the app was retrieved again, and is what it was, but for the certificate.

    ``sha256`` is that of the certificate on the app now; ``state`` what was read.
    """

    sha256: str
    state: AppState


# Looking


def look(client: OrgClient, address: AppAddress, source: AppSource | None = None) -> AppState:
    """The app as the org shows it now; with a ``source`` its raw file too, which a change needs.

    Raises OrgError metadata.app-hidden where the org does not show it; and as OrgClient and AppSource.
    """
    record = next(iter(read_components(client, address.type, [address.member])), None)
    document = source.retrieve(address) if source is not None else None
    if record is None or (source is not None and document is None):
        raise hidden(address, client.host)
    text = record.first(address.certificate_field)
    der, carries = None, ""
    if document is not None:
        der = read_certificate(document)
        carries = "" if der is not None or not text.strip() else "something else"
    if text.strip() and der is None:
        try:
            found = parse_field(address.type, address.certificate_field, text, address.member)
            if found.certificates:
                der, carries = certificates.encode_der(found.certificates[0].certificate), ""
            else:
                carries = found.words or "something else"
        except SfkeytoolError as error:
            carries = error.message
    return AppState(address, record, document, der, carries)


# Changing


def plan_change(state: AppState, certificate: "Certificate") -> AppChange:
    """What is to be deployed: the raw file with ``certificate`` (the leaf) in its one element, every other byte kept.

    Raises OrgError metadata.app-rotates, metadata.app-masked for elements that are masked, or that the file lacks and
    the org has; and InputError as replace_certificate(). Pure.
    """
    document = state.document
    if document is None:
        raise InputError("metadata.no-file", "there is no retrieved file")
    address = state.address
    label = address.filename
    values = texts(parse_tree(document, label))
    for field, text in values:
        if field.rpartition(".")[2] in _ROTATES and text.lower() in ("true", "1"):
            raise OrgError(
                "metadata.app-rotates",
                f"{address.app}: its file says {field} true: a deployment of it would give the app a new consumer key"
                " or secret, and every client would be refused",
                "switch that off in the app's own settings first; nothing was changed",
            )
    _refuse_masked(state, values)
    der = certificates.encode_der(certificate)
    return AppChange(state, document, replace_certificate(document, der, label), der)


def _refuse_masked(state: AppState, values: Sequence[tuple[str, str]]) -> None:
    address = state.address
    masked = sorted(
        {
            field
            for field, text in values
            if _MASKED.fullmatch(text) or (soap.is_secret(field) and _MASKED_SECRET.fullmatch(text))
        }
    )
    keys = [text for field, text in values if field == address.key_field and text]
    in_file = Counter((field, squeezed(text)) for field, text in values)
    shown = Counter((field, squeezed(text)) for field, text in state.shown.values)
    missing = sorted({field for field, _ in shown - in_file if field != address.certificate_field})
    if not masked and not missing and len(keys) == 1:
        return
    told = [f"{field} is masked" for field in masked]
    told += [f"{field} is missing, or another than the org shows" for field in missing]
    told += ["its consumer key is missing"] if not keys else []
    raise OrgError(
        "metadata.app-masked",
        f"{address.app}: the file that the org gives out is not whole ({'; '.join(told[:_MOST_TOLD])}): what a"
        " deployment leaves out, or masks, the app loses",
        *address.setup_way("the .crt"),
    )


def rehearse(source: AppSource, change: AppChange) -> None:
    """Dry runs in the org, which change nothing: of the way back, so that it is known to be taken, then of the change.

    Raises OrgError metadata.consumer-key-refused, or org.deploy-failed with Salesforce's words; and as AppSource.
    """
    for document in (change.original, change.document):
        try:
            source.deploy(change.address, document, check_only=True)
        except OrgError as error:
            if error.code != "org.deploy-failed":
                raise
            raise _refused(change.address, error) from None


def _refused(address: AppAddress, error: OrgError) -> OrgError:
    if not any(words in error.message.lower() for words in _KEY_REFUSALS):
        return OrgError(error.code, f"{error.message}; that was a dry run: nothing was changed", *error.hints)
    return OrgError(
        "metadata.consumer-key-refused",
        f"{error.message}; that was a dry run: nothing was changed",
        "do not delete <consumerKey> from the file of an app that is in use: what a deployment leaves out takes its"
        " default, and clients know the app by that key",
        "the certificate can still be changed in Setup:",
        *address.setup_way("the .crt"),
    )


def deploy(source: AppSource, change: AppChange) -> None:
    """Deploy the change, in earnest. ``change.original`` must be kept by now, and rehearse() have passed.

    Raises OrgError; but for org.deploy-failed the org may have taken it all the same: read back.
    """
    source.deploy(change.address, change.document, check_only=False)


def put_back(source: AppSource, address: AppAddress, original: bytes) -> None:
    """Deploy a kept original again: the way back. Raises OrgError as deploy()."""
    source.deploy(address, original, check_only=False)


# Reading back


def read_back(client: OrgClient, source: AppSource, change: AppChange) -> ReadBack:
    """The app read again, and held against what it was.

    Raises OrgError: metadata.app-changed (an emergency: more than the certificate differs), metadata.not-taken (the
    certificate is still the old one), metadata.readback (it could not be read).
    """
    address = change.address
    try:
        state = look(client, address, source)
        differences = _compare(change.state, state)
    except SfkeytoolError as error:
        raise OrgError(
            "metadata.readback",
            f"{address.app} was deployed, but could not be read back: {error.message}",
            *(error.hints if error.code != "metadata.app-hidden" else ()),
        ) from None
    if differences:
        raise changed(address, differences)
    if state.certificate_der != change.certificate_der:
        if state.certificate_der == change.state.certificate_der:
            raise OrgError(
                "metadata.not-taken",
                f"the org called the deployment of {address.app} a success, and the app carries its old certificate"
                " still",
                *address.setup_way("the .crt"),
            )
        now = state.facts
        raise changed(
            address,
            [
                Difference(
                    element=address.certificate_field,
                    before=certificates.fingerprint(change.certificate_der),
                    after=now.sha256 if now else None,
                )
            ],
        )
    return ReadBack(certificates.fingerprint(change.certificate_der), state)


def _compare(before: AppState, after: AppState) -> tuple[Difference, ...]:
    """In the raw files, and in what readMetadata shows."""
    address = before.address
    found: tuple[Difference, ...] = ()
    if before.document is not None and after.document is not None:
        found = compare_documents(address, before.document, after.document)
    told = {one.element for one in found}
    shown = compare_shown(address, before.shown.values, after.shown.values)
    return (*found, *(one for one in shown if one.element not in told))


def _facts(der: bytes) -> CertificateFacts:
    return certificates.describe_certificate(certificates.parse_certificate(der, "the certificate on the app"))


def days_left(facts: CertificateFacts, now: datetime) -> int:
    """Whole days until it expires; negative after. Pure."""
    return (facts.not_after.date() - now.date()).days
