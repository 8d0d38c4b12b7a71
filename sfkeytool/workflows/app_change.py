"""``metadata --app``: what is told of an app's certificate in an org, and of the one that takes its place."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.model import AppKind, NextStep, Notice, Outcome, Request, Result, UniqueNameText
from sfkeytool.salesforce.hosts import MY_DOMAIN_BLANK
from sfkeytool.salesforce.org import OrgIdentity
from sfkeytool.shell import shell_line
from sfkeytool.workflows.app_address import AppAddress
from sfkeytool.workflows.app_certificate import AppState, days_left
from sfkeytool.workflows.next_steps import folder_option
from sfkeytool.workflows.parts import MailDates

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_KIND = {AppKind.CONNECTED_APP: "connected app", AppKind.EXTERNAL_CLIENT_APP: "External Client App"}


class AppCertificateRequest(Request, frozen=True, kw_only=True):
    """``confirmed`` answers the question whether to deploy; ``switch_on_jwt_bearer`` the one of an app that has no
    certificate yet, which nothing else answers."""

    name: str
    output_dir: Path | None = None
    app: str
    deploy: bool = False
    confirmed: bool = False
    switch_on_jwt_bearer: bool = False

    @property
    def folder(self) -> Path:
        return self.output_dir or Path(self.name)


class OnApp(Result, frozen=True, kw_only=True):
    """A certificate, and how long it lasts."""

    certificate: CertificateFacts
    days_left: Annotated[int, Meta(description="Whole days until it expires; negative after")]


class AppCertificate(Result, frozen=True, kw_only=True):
    """The certificate of an app in an org, and the one that takes its place."""

    name: UniqueNameText
    app: AppAddress
    org: OrgIdentity
    before: Annotated[OnApp | None, Meta(description="On the app before this run; null if there was none to be read")]
    after: Annotated[OnApp, Meta(description="NAME.crt")]
    mail_dates: MailDates
    same_key: Annotated[bool | None, Meta(description="Whether both are of one key: logins go on then")]
    changes: Annotated[bool, Meta(description="Whether the app carried another certificate, or none")]
    switches_on_jwt_bearer: Annotated[bool, Meta(description="Whether the app had no certificate")]
    deployed: Annotated[
        bool, Meta(description="Whether it is on the app, which was read back, and nothing else of it changed")
    ]
    original: Annotated[
        str | None, Meta(description="The folder in which the app's file of before is kept; it holds the consumer key")
    ]
    way_back: Annotated[
        tuple[str, ...] | None, Meta(description="The command that deploys that file again, as arguments")
    ]


def app_outcome(
    request: AppCertificateRequest,
    org: OrgIdentity,
    state: AppState,
    certificate: "Certificate",
    now: datetime,
    *,
    original: Path | None = None,
    way_back: Sequence[str] = (),
) -> Outcome[AppCertificate]:
    """What there is to tell; with an ``original``, that it was deployed and read back. Pure."""
    facts, old = certificates.describe_certificate(certificate), state.facts
    der = certificates.encode_der(certificate)
    same_key = None
    if state.certificate_der is not None:
        present = certificates.parse_certificate(state.certificate_der, "the certificate on the app")
        same_key = certificates.raw_spki_der(present) == certificates.raw_spki_der(certificate)
    result = AppCertificate(
        name=request.name,
        app=state.address,
        org=org,
        before=OnApp(certificate=old, days_left=days_left(old, now)) if old is not None else None,
        after=OnApp(certificate=facts, days_left=days_left(facts, now)),
        mail_dates=mail_dates(certificate.not_valid_after_utc, now),
        same_key=same_key,
        changes=state.certificate_der != der,
        switches_on_jwt_bearer=state.is_without_certificate,
        deployed=original is not None,
        original=str(original) if original is not None else None,
        way_back=tuple(way_back) or None,
    )
    steps = _steps(request, result)
    return Outcome(
        result=result,
        notices=_notices(state, result),
        first_steps=steps,
        next_steps=tuple(f"{step.text} `{step.command}`" if step.command else step.text for step in steps),
    )


def certificate_rows(result: AppCertificate) -> list[str]:
    """The certificate that is, or was, on the app, and the one that takes its place. Pure."""
    rows = []
    was = "was on the app" if result.deployed else "on the app"
    for what, one in ((was, result.before), (f"{result.name}.crt", result.after)):
        if one is None:
            rows.append(f"{what}: none")
            continue
        facts = one.certificate
        rows.append(f"{what}: until {facts.not_after.date()} ({_days(one.days_left)}), {facts.subject}")
        rows.append(f"  SHA-256 {facts.sha256}")
    if not result.changes and not result.deployed:
        rows.append("the same certificate: there is nothing to do")
    if result.same_key is not None and result.changes:
        key = "the same key: logins go on" if result.same_key else "another key: see the warning"
        rows.append(f"{key}")
    return rows


def describe_app(address: AppAddress) -> str:
    """For people. Pure."""
    return f"the {_KIND[address.kind]} {address.app}"


def _days(count: int) -> str:
    days = f"{abs(count)} day{'' if abs(count) == 1 else 's'}"
    return f"{days} left" if count >= 0 else f"expired {days} ago"


def _notices(state: AppState, result: AppCertificate) -> tuple[Notice, ...]:
    told = []
    if state.carries:
        told.append(
            Notice("metadata.other-content", f"on {describe_app(state.address)} is no certificate, but {state.carries}")
        )
    if result.changes and result.same_key is False:
        told.append(
            Notice(
                "metadata.other-key",
                f"{result.name}.crt is of another key than the certificate on {describe_app(state.address)}: a client"
                " that signs with the old key is refused from the moment that the app takes this one. Where does each"
                " client read its key, and when can it switch? An app has one certificate; a second app with the new"
                " key leaves no gap",
            )
        )
    if result.changes and result.switches_on_jwt_bearer:
        told.append(
            Notice(
                "metadata.switches-on",
                f"{describe_app(state.address)} has no certificate: its first one switches the JWT bearer flow on,"
                " by which whoever has the key logs in, without a password, as any user that is approved for the app",
            )
        )
    return tuple(told)


def _steps(request: AppCertificateRequest, result: AppCertificate) -> tuple[NextStep, ...]:
    folder = folder_option(request.name, request.output_dir)
    if not result.changes:
        return ()
    if not result.deployed:
        app = ["--app", request.app, "--target-org", result.org.alias]
        line = ["sfkeytool", "metadata", request.name, *app, "--deploy", *folder]
        return (NextStep("Put it on the app, asked and read back; on a sandbox first:", shell_line(line)),)
    external = ["--external-client-app", "--instance-url", result.org.instance_url or MY_DOMAIN_BLANK]
    login = ["sfkeytool", "login", request.name, "--client-id", "CONSUMER_KEY", "--username", "USER"]
    login += external if result.app.kind is AppKind.EXTERNAL_CLIENT_APP else []
    return (
        NextStep("See a login accepted, 2 to 10 minutes later:", shell_line([*login, "--wait", "10", *folder])),
        NextStep("The way back, until then:", shell_line(result.way_back or ())),
        NextStep(f"Then remove {result.original}: the consumer key is in it."),
    )
