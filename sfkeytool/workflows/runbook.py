"""The runbook of a renewal or rotation: what to do, in which order, how to see that it worked, and the way back.

One list of steps serves the Markdown file (``runbook_page``) and ``renew --status``.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict

from sfkeytool.crypto.certificates import iso_utc
from sfkeytool.model import KeystoreFormat, Purpose, Result
from sfkeytool.salesforce.hosts import MY_DOMAIN_BLANK
from sfkeytool.shell import shell_line
from sfkeytool.workflows.generations import Generation

_GENERATED = ("--password", "generate")


class Text(Result, frozen=True):
    """A paragraph in Markdown, and the command that goes with it, if one does."""

    text: str
    command: str


class Step(Result, frozen=True):
    """One step: what to do, how to see that it worked, and the way back. ``id`` is stable; nothing here is secret."""

    id: str
    title: str
    do: Annotated[tuple[Text, ...], Meta(min_length=1)]
    check: Text
    way_back: Text


class StepState(StrEnum):
    DONE = "done"
    NEXT = "next"
    LATER = "later"


class StepProgress(Step, frozen=True, kw_only=True):
    """A step with what is known of it: ``evidence`` is why it counts as done."""

    state: StepState
    evidence: str | None


class Change(Struct, frozen=True):
    """From which generation to which. Dates are UTC; ``new_expiry`` is None while a CA has yet to sign. ``format`` is
    that of the new keystore."""

    old: str
    new: str
    same_key: bool
    purpose: Purpose
    by_ca: bool
    made: date
    old_expiry: date
    new_expiry: date | None
    new_mail_dates: tuple[date, ...] = ()
    next_start: date | None = None
    password_file: bool = False
    format: KeystoreFormat = KeystoreFormat.JKS


def steps(change: Change) -> tuple[Step, ...]:
    """All steps of a change, in order. Pure."""
    found = [_sign(change)] if change.by_ca else []
    found += [_import(change), _repoint(change)]
    if change.purpose is Purpose.JWT:
        found += [_swap(change), _prove(change)]
    found += [_retire(change), _tidy(change)]
    return tuple(found)


def _text(text: str, command: str = "") -> Text:
    return Text(text, command)


def _sign(change: Change) -> Step:
    return Step(
        "sign",
        "Have the request signed",
        (
            _text(
                f"Send `{change.new}.csr` to the CA, ask for the whole chain, and make a keystore from the answer:",
                shell_line(["sfkeytool", "wrap", change.new, "ANSWER…", *_GENERATED, *change.format.option]),
            ),
        ),
        _text("The new certificate and its expiry are shown by:", shell_line(["sfkeytool", "show", change.new])),
        _text(f"Nothing has changed anywhere yet: `{change.old}` goes on working until it expires."),
    )


def _import(change: Change) -> Step:
    expiry = f" with the expiry {change.new_expiry}" if change.new_expiry else " with its new expiry"
    store = change.format.keystore(change.new)
    known = (
        " Only orgs in Government Cloud may import BCFKS, and what they take of it beyond that is not documented."
        if change.format is KeystoreFormat.BCFKS
        else ""
    )
    return Step(
        "import",
        "Import the keystore into Certificate and Key Management",
        (
            _text(
                "With the Salesforce CLI: this opens the page, and reads back what arrived. Its name there is new, so"
                f" the entry `{change.old}` stays as it is.",
                shell_line(["sfkeytool", "ckm", "import", change.new, "--target-org", "ALIAS"]),
            ),
            _text(f"By hand: Setup > Certificate and Key Management > Import from Keystore: `{store}`.{known}"),
        ),
        _text(
            f"The command says that it read the same certificate back; by hand, the list in Setup shows `{change.new}`"
            f"{expiry}."
        ),
        _text(f"Delete the entry `{change.new}`: nothing uses it yet."),
    )


def _repoint(change: Change) -> Step:
    return Step(
        "repoint",
        f"Point at {change.new} what names {change.old}",
        (
            _text(
                f"Whatever chooses the certificate by name stays on `{change.old}` until it is changed: named and"
                " external credentials, SAML settings and the identity provider, custom domains, and Apex (`Auth.JWS`,"
                " `setClientCertificateName`, `signWithCertificate`). An entry that is there for its mails alone is"
                " named nowhere. In a project's folder, this finds the names:",
                shell_line(["git", "grep", "-n", "-w", change.old]),
            ),
        ),
        _text(
            f"In Setup, hovering over the greyed-out Delete of `{change.old}` is reported to show where it is still"
            " used. Then try what you changed: one callout, one single sign-on."
        ),
        _text(f"Choose `{change.old}` again: it is still there, and valid until {change.old_expiry}."),
    )


def _swap(change: Change) -> Step:
    deployed = shell_line(["sfkeytool", "metadata", change.new, "--app", "APP", "--target-org", "ALIAS", "--deploy"])
    by_hand = (
        f"By hand: upload `{change.new}.crt`: Setup > External Client App Manager > the app > Settings > OAuth"
        " Settings > JWT Bearer Flow; or Setup > App Manager > the connected app > Edit > Use digital signatures."
    )
    if change.same_key:
        return Step(
            "swap",
            "Replace the certificate on the app",
            (
                _text(
                    "With the Salesforce CLI: this shows the app's certificate, asks, replaces it and nothing else, and"
                    " reads it back:",
                    deployed,
                ),
                _text(by_hand),
                _text(
                    "The key is the same, so the old and the new certificate verify the same signatures: no login"
                    " should fail at any moment, whichever of the two Salesforce looks at."
                ),
            ),
            _text(
                "A login cannot tell which of the two certificates the app holds, because both fit the key. The command"
                " above, without `--deploy`, shows it; of retrieved metadata this does:",
                shell_line(["sfkeytool", "compare", f"{change.new}/{change.new}.crt", "RETRIEVED_FILE-meta.xml"]),
            ),
            _text(f"The command that the deployment told at its end; or upload `{change.old}.crt` again."),
        )
    return Step(
        "swap",
        "Bring the new key to the app",
        (
            _text(
                "An app holds one certificate. When it is replaced, logins with the old key fail, and those with the"
                " new one may fail too until the change has spread: 2 to 10 minutes are reported. **A second app"
                " is the only swap that needs no gap:** make one with the new certificate (this writes its"
                " metadata), approve the same users for it, try it with the next step, and move the clients to its"
                " consumer key and the new private key, one by one. Delete the first app when its Login History stays"
                " empty.",
                shell_line(["sfkeytool", "metadata", change.new]),
            ),
            _text(
                "Where a gap of some minutes is bearable: stop the clients, and replace it. With the Salesforce CLI:",
                deployed,
            ),
            _text(f"{by_hand} Wait with the next step until the new key is accepted, then start the clients with it."),
        ),
        _text("The next step."),
        _text(
            f"With a second app: leave the clients on the first. Otherwise upload `{change.old}.crt` again; the old key"
            " works when that has spread."
        ),
    )


def _prove(change: Change) -> Step:
    login = ("sfkeytool", "login", change.new, "--client-id", "CONSUMER_KEY", "--username", "USER", "--wait", "10")
    history = "Setup > Login History"
    external = _text(
        "For an External Client App add `--external-client-app --instance-url"
        f" {MY_DOMAIN_BLANK}`: it logs in at the org's My Domain alone (Setup > My Domain)."
    )
    if change.same_key:
        return Step(
            "prove",
            "Prove the login",
            (
                _text(
                    "Once before the certificate is replaced, and again 10 minutes after. The clients need nothing:"
                    f" their key is the same, and `{change.old}/` is as it was.",
                    shell_line(login),
                ),
                external,
            ),
            _text(f"Each login is accepted. {history} shows them."),
            _text(f"Upload `{change.old}.crt` again if one is refused that was accepted before."),
        )
    return Step(
        "prove",
        "Prove the login, then give the clients the new key",
        (
            _text(
                "`--wait 10` tries until the new key is accepted; `--old-key` tells whether the old one still is.",
                shell_line([*login, "--old-key", f"{change.old}/{change.old}.key"]),
            ),
            external,
            _text(
                f"Keep `{change.old}.key` as the fallback until every client has the new key and the change has spread"
                " (a day is long enough). After a leak do not: remove the old certificate first, and bear the gap."
            ),
        ),
        _text(f"The login is accepted. {history} shows no failure of the clients' user afterwards."),
        _text(f"Give the client `{change.old}.key` again, with the app that still has its certificate."),
    )


def _retire(change: Change) -> Step:
    key, certificate = f"{change.old}/{change.old}.key", f"{change.old}/{change.old}.crt"
    again = [
        "sfkeytool",
        "wrap",
        change.old,
        key,
        certificate,
        "-d",
        f"{change.old}_again",
        *_GENERATED,
        *change.format.option,
    ]
    return Step(
        "retire",
        f"Delete the entry {change.old} in Certificate and Key Management",
        (
            _text(
                f"Setup > Certificate and Key Management > `{change.old}` > Delete. While that is greyed out, something"
                " still uses the entry: change that first. What names it in custom metadata, packages or variables may"
                f" not show there. An entry that stays should be mailed about until {change.old_expiry}, and people"
                " learn to ignore such mails."
            ),
        ),
        _text(f"The list in Setup shows `{change.new}` and no `{change.old}`."),
        _text(
            "Import it again; its keystore can be made anew from the old folder:",
            shell_line(again),
        ),
    )


def _tidy(change: Change) -> Step:
    format = change.format
    keystore = f"`{format.keystore(change.new)}`"
    keystore += f" and `{format.password(change.new)}`" if change.password_file else ""
    calendar = f" Begin the next renewal on {change.next_start} at the latest." if change.next_start else ""
    old_key = "" if change.same_key else f" Destroy `{change.old}.key` when nothing uses it any more."
    return Step(
        "tidy",
        "Tidy up",
        (
            _text(
                f"Delete {keystore}, if the import left them: {format.why_delete}."
                f" Keep `{change.new}.key` in your vault."
                f"{old_key}{calendar}"
            ),
        ),
        _text("No step is left:", shell_line(["sfkeytool", "renew", change.old, "--status"])),
        _text("There is nothing to take back."),
    )


def progress(change: Change, generation: Generation, *, has_keystore: bool) -> tuple[StepProgress, ...]:
    """Each step with what is known of it. Pure.

    The receipt of the new generation knows of what was wrapped, of logins that were accepted, and of steps that a
    person called done; ``has_keystore`` is whether that one is in its folder still.
    """
    login = f"a login was accepted at {iso_utc(generation.login_at)}" if generation.login_at else None
    imported = generation.certificate and not has_keystore
    evidence = {
        "sign": f"wrapped, valid until {change.new_expiry}" if generation.certificate else None,
        "import": "the keystore was deleted, as after an import" if imported else None,
        # With the same key a login fits the old certificate as well, and tells nothing of the app.
        "swap": None if change.same_key else login,
        "prove": login,
    }
    described: list[StepProgress] = []
    next_found = False
    for step in steps(change):
        told = generation.done.get(step.id)
        proof = f"called done at {iso_utc(told)}" if told else evidence.get(step.id)
        state = StepState.DONE if proof else StepState.LATER if next_found else StepState.NEXT
        next_found = next_found or state is StepState.NEXT
        described.append(StepProgress(**asdict(step), state=state, evidence=proof))
    return tuple(described)
