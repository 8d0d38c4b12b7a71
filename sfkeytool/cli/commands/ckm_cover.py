"""``ckm cover``: an app that no mail of CKM's tells of, covered: one command, and the audit that says so."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli import options
from sfkeytool.cli.app_coverage import audited, coverage, require_covered
from sfkeytool.cli.bringing import bring, browser_of
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Field, Group, Offer, Question, Values, typed_values
from sfkeytool.cli.generation_folders import certificate_in
from sfkeytool.cli.made_reminder import make_reminder
from sfkeytool.cli.org_access import NEEDED_ORG, OneOrg, connected, one_org
from sfkeytool.cli.render import BOLD, Line, Styled, certificate_line, wrapped
from sfkeytool.cli.run import Run
from sfkeytool.edge.own_keystore import own_keystore
from sfkeytool.errors import OrgError, UsageError
from sfkeytool.model import KeystoreFormat, Notice
from sfkeytool.names import app_name, is_unique_name, next_name, reminder_name
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.audit.model import Item
    from sfkeytool.cli.keystore_field import Found
    from sfkeytool.workflows.app_certificate import AppState
    from sfkeytool.workflows.ckm_cover import CoveredApp, CoverRequest

_LONGEST_MINUTES = 24 * 60
_MOST_FOLDERS = 2000


def _wait_seconds(minutes: int) -> int:
    if not 1 <= minutes <= _LONGEST_MINUTES:
        raise UsageError("usage.wait", f"--wait is 1 to {_LONGEST_MINUTES} minutes")
    return 60 * minutes


_FIELDS = (
    Field(
        "app",
        str,
        "API name of the app.",
        metavar="APP",
        required=True,
        offer=Offer.NOTHING,
        question=Question("Which app is to be covered (its API name)?"),
    ),
    *NEEDED_ORG,
    Field(
        "wait",
        int,
        "Minutes to watch CKM for what is imported.",
        ("--wait",),
        metavar="MINUTES",
        default=10,
        convert=_wait_seconds,
        into="wait_seconds",
    ),
    Field(
        "browser",
        bool,
        "Experimental: a browser of this machine is driven through the import page, in place of a person.",
        ("--browser",),
        group=Group.ORG,
    ),
    Field("no_open", bool, "Open no browser: tell where the page is, and watch.", ("--no-open",)),
    Field("yes", bool, "Do not ask before the page is opened.", ("--yes",), into="confirmed", group=Group.ORG),
    Field(
        "output_dir",
        str,
        "Folder of the pair whose certificate the app carries. [default: looked for in the folders here]",
        ("--output-dir", "-d"),
        metavar="DIR",
        group=Group.WHERE,
        offer=Offer.FOLDER,
        into="folder",
    ),
    options.DRY_RUN,
)


def _execute(run: Run, values: Values) -> int:
    from datetime import UTC, datetime
    from time import monotonic, sleep

    from sfkeytool.workflows.app_address import find_app
    from sfkeytool.workflows.app_certificate import look
    from sfkeytool.workflows.ckm_cover import CoverRequest
    from sfkeytool.workflows.ckm_import.proof import read_rows
    from sfkeytool.workflows.login import Clock

    request = CoverRequest.from_values(typed_values(_FIELDS, values))
    if request.browser and run.asker is None and not request.confirmed and not run.dry_run:
        raise UsageError(
            "usage.confirm", "--browser changes an org, and nobody is here to be asked", "say so beforehand: --yes"
        )
    program = browser_of(run, wanted=request.browser)
    org = connected(run, one_org(run, values), must_tell=True)
    with run.progress(f"looking for {request.app} in {org.label} …"):
        address = find_app(org.client, request.app)
        state = look(org.client, address)
    if state.facts is None:
        raise OrgError(
            "ckm.nothing-to-cover",
            f"the app {address.app} carries {state.carries or 'no certificate'}: nothing expires",
        )
    items = audited(run, org, address)
    if items and all(item.coverage is not None and item.coverage.is_mailed for item in items):
        return _tell(run, org, state, items[0], None)
    pair = _pair(run, request, state)
    about = [
        f"{address.app} carries {certificate_line(state.facts)}",
        f"into CKM of {org.label}: the keystore {pair}"
        if pair is not None
        else f"into CKM of {org.label}: a reminder of it, made now, as its key is in no folder here",
    ]
    if run.asker is not None and not request.confirmed:
        refusal = OrgError("ckm.not-agreed", "not agreed to: nothing was made and no page was opened")
        run.agreement.demand(f"Cover {address.app} in {org.label}?", refusal)
    run.agreement.reach([], about)
    if run.dry_run:
        return _tell(run, org, state, items[0], None) if items else 0
    keystore = pair or _reminder(run, org, state)
    found = _found(run, keystore)
    clock = Clock(lambda: datetime.now(UTC), monotonic, sleep)
    rows = read_rows(org.client)
    bring(run, org, found, rows, request.wait_seconds, clock, may_open=not request.no_open, program=program)
    return _tell(run, org, state, require_covered(run, org, address)[0], keystore)


def _pair(run: Run, request: "CoverRequest", state: "AppState") -> Path | None:
    """The keystore of the app's very certificate, made before, in a folder here; None where there is none.

    Raises UsageError for a folder that was named and holds another one.
    """
    folders = [Path(request.folder)] if request.folder is not None else list(_folders())
    for folder in folders:
        name = folder.absolute().name
        facts = certificate_in(run, folder, name)
        keystore = own_keystore(folder, name)
        if facts is not None and state.facts is not None and facts.sha256 == state.facts.sha256:
            if os.path.isfile(keystore):
                return keystore
            message = (
                f"{folder} has the app's certificate, and its keystore is not there any more; a reminder does as well."
                f" For the pair itself: {shell_line(['sfkeytool', 'wrap', name])}"
            )
            run.console.warn(Notice("ckm.no-keystore", message))
    if request.folder is not None:
        raise UsageError(
            "usage.folder",
            f"{request.folder} holds no keystore of the certificate that {request.app} carries",
            "leave --output-dir out, and a reminder is made of it",
        )
    return None


def _folders() -> Iterator[Path]:
    try:
        with os.scandir() as entries:
            found = sorted(
                entry.name for entry, _ in zip(entries, range(_MOST_FOLDERS), strict=False) if entry.is_dir()
            )
    except OSError:
        return
    yield from (Path(name) for name in found if is_unique_name(name))


def _reminder(run: Run, org: OneOrg, state: "AppState") -> Path:
    """Its keystore, in a new folder here, under a name that CKM does not have."""
    from ssl import DER_cert_to_PEM_cert

    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.salesforce.ckm import list_names

    wanted = reminder_name(app_name(state.address.app))
    taken = {name.lower() for name in list_names(org.client)} | set(os.listdir())  # noqa: PTH208 - names alone
    name = wanted if wanted not in taken else next_name(wanted, run.now.date(), taken)
    keystore = Path(name) / KeystoreFormat.JKS.keystore(name)
    run.settle(keystore.parent)
    pem = DER_cert_to_PEM_cert(state.certificate_der or b"").encode()
    make_reminder(run, keystore, InputFile(f"the certificate on {state.address.app}", pem))
    return keystore


def _found(run: Run, keystore: Path) -> "Found":
    from sfkeytool.cli.keystore_field import find_keystore
    from sfkeytool.workflows.ckm_import.result import ImportRequest

    return find_keystore(run, ImportRequest(name=keystore.stem, output_dir=keystore.parent, wait_seconds=0))


def _tell(run: Run, org: OneOrg, state: "AppState", item: "Item", keystore: Path | None) -> int:
    from sfkeytool.workflows.ckm_cover import CoveredApp

    assert state.facts is not None  # noqa: S101 - _execute() saw to it
    result = CoveredApp(
        org=org.identity,
        app=state.address.app,
        kind=state.address.kind,
        certificate=state.facts,
        coverage=coverage(item),
        twin=item.twin,
        made=keystore is not None,
        keystore=str(keystore) if keystore is not None else None,
        mail_dates=item.mail_dates,
    )
    run.console.envelope(0, result)
    if not run.dry_run:
        run.console.result(_lines(result))
    run.console.answer([result.coverage])
    return 0


def _lines(result: "CoveredApp") -> Iterator[Line]:
    from sfkeytool.cli.render import mail_days
    from sfkeytool.shell import deletion

    how = "now" if result.made else "already, and nothing was done"
    yield [Styled(f"{result.app}: {result.coverage} {how}", BOLD)]
    yield from wrapped(f"{result.twin}; read back, and audited", "  ", hang=4)
    yield from wrapped(certificate_line(result.certificate), "  ", hang=4)
    if result.mail_dates:
        days = mail_days(result.mail_dates, result.certificate.not_after.date())
        yield from wrapped(f"CKM should mail {days}, give or take a day (inferred for imported pairs)", "  ", hang=4)
    if result.keystore is not None:
        files = [result.keystore, *_beside(result.keystore)]
        why = KeystoreFormat.of(result.keystore).why_delete
        yield from wrapped(f"Its keystore's work is done; delete it, as {why}:", "  ")
        yield f"    {deletion(files) or ' '.join(files)}"


def _beside(keystore: str) -> list[str]:
    password = f"{keystore}.password"
    return [password] if os.path.lexists(password) else []


COMMAND = Command(
    (
        Example("So that CKM mails before the app's certificate expires", "sfkeytool ckm cover Pay_API -o uat"),
        Example("With the pair in another folder", "sfkeytool ckm cover Pay_API -o uat -d ../keys/pay_api"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("ckm-cover", "ckm_cover.CoveredApp"),),
    place=MenuPlace(
        Aim.IMPORT,
        "Cover an app that nobody is mailed about",
        "Brings its keystore into CKM, or a reminder where its key is not here.",
        step=2,
    ),
    details=(
        "Where a folder here has the app's certificate with its keystore, that goes into CKM: the audit says covered."
        " Else a reminder is made, and goes: the audit says reminder, and the app's key stays where it is. The app"
        " itself is not touched. Not tried against a live org."
    ),
)
