"""``ckm import``: a keystore into an org's CKM, and the proof that it is there.

Before, the way, the proof, the deletion: each is a step of its own, and only the way differs between a person and a
browser that is driven (``_way``).
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.bringing import go_and_prove
from sfkeytool.cli.by_browser import ByBrowser
from sfkeytool.cli.by_hand import ByHand
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.conditions import condition_lines, warn_of
from sfkeytool.cli.ending import show_end, show_ready
from sfkeytool.cli.fields import Field, Group, Values, typed_values
from sfkeytool.cli.keystore_field import FOLDER, KEYSTORE, ORG_AND_PASSWORD, Found, find_keystore, name_or_file
from sfkeytool.cli.keystore_going import note_import, offer_deletion, refuse_deletion
from sfkeytool.cli.lying_here import known_purpose
from sfkeytool.cli.org_access import OneOrg, connected, one_org
from sfkeytool.cli.render import certificate_line, mail_days, wrapped
from sfkeytool.cli.run import Run
from sfkeytool.errors import InterruptedRunError, OrgError, UsageError
from sfkeytool.model import Notice, Outcome, Purpose

if TYPE_CHECKING:
    from sfkeytool.workflows.ckm_import.door import Way
    from sfkeytool.workflows.ckm_import.proof import Proof
    from sfkeytool.workflows.ckm_import.result import Imported, ImportRequest

_LONGEST_WAIT_MINUTES = 24 * 60
"""Our own bound."""


def _wait_seconds(minutes: int) -> int:
    if not 0 <= minutes <= _LONGEST_WAIT_MINUTES:
        raise UsageError("usage.wait", f"--wait is 0 to {_LONGEST_WAIT_MINUTES} minutes")
    return 60 * minutes


_FIELDS = (
    KEYSTORE,
    *ORG_AND_PASSWORD,
    Field(
        "wait",
        int,
        "Minutes to watch CKM for the certificate; 0 looks once.",
        ("--wait",),
        metavar="MINUTES",
        default=10,
        convert=_wait_seconds,
        into="wait_seconds",
    ),
    Field(
        "no_open",
        bool,
        "Open no browser: tell where the page is, and watch. So it is without a terminal, too.",
        ("--no-open",),
    ),
    Field(
        "browser",
        bool,
        "Experimental: a browser of this machine (Chrome, Edge, Chromium) is driven through the page, without a"
        " window. Wants the library playwright.",
        ("--browser",),
    ),
    Field("headed", bool, "With --browser: in a window, where you can watch and prove who you are.", ("--headed",)),
    Field(
        "delete",
        bool,
        "Once the import is proved, delete NAME's keystore and its .password, if the key is kept in another file.",
        ("--delete",),
    ),
    Field(
        "key",
        Path,
        "The file that keeps the key, where the folder has no NAME.key.",
        ("--key",),
        metavar="FILE",
        into="key_file",
    ),
    Field("yes", bool, "Do not ask before the page is opened.", ("--yes",), into="confirmed", group=Group.ORG),
    FOLDER,
    options.DRY_RUN,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.ckm_import.preflight import describe_unmet, preflight
    from sfkeytool.workflows.ckm_import.proof import Proof
    from sfkeytool.workflows.ckm_import.result import ImportRequest, conclude

    request = ImportRequest.from_values(typed_values(_FIELDS, values) | name_or_file(values["keystore"]))
    if request.delete and request.name is None:
        raise UsageError(
            "usage.delete",
            "--delete is about NAME's own keystore in its folder: one that others made is never deleted",
            "give NAME, or leave --delete out",
        )
    program = _browser(run, request)
    access = one_org(run, values)
    found = find_keystore(run, request)
    if request.delete:
        refuse_deletion(run, request, found)
    org = connected(run, access, must_tell=True)
    opens = run.asker is not None and not request.no_open and not request.browser and org.cli_alias is not None
    with run.progress(f"looking at {org.label} …"):
        before = preflight(org.client, org.identity, found.keystore, run.now, needs_session=opens or request.browser)
    warn_of(run.console, (*before.unmet, *before.unsure))
    if run.console.verbose:
        run.console.result(condition_lines(before.conditions))
    if before.unmet:
        raise describe_unmet(before)
    _agree(run, request, found, org, opens=(opens or request.browser) and not before.is_there)
    finish = partial(
        conclude, request.name, found.keystore, org.identity, before,
        now=run.now, cli_alias=org.cli_alias, purpose=_purpose(request),
    )  # fmt: skip
    if before.is_there or run.dry_run:
        outcome = finish(Proof(before.present))
        if run.dry_run:
            outcome = replace(outcome, exit_code=0, notices=(), first_steps=())
        elif request.delete:
            message = f"{found.path} was kept: this run saw nothing arrive, so that it proved no import"
            run.console.warn(Notice("ckm.keystore-kept", message))
        return _tell(run, outcome)
    proof = _go_and_prove(run, request, found, org, _way(run, request, found, org, program, opens=opens))
    outcome = finish(proof)
    if outcome.result.proved and request.name is not None:
        outcome = offer_deletion(run, request, found, outcome)
        note_import(run, found.path, outcome.result)
    return _tell(run, outcome)


def _purpose(request: "ImportRequest") -> Purpose | None:
    """What NAME's pair is for, by its receipt; None of a keystore that others made."""
    if request.name is None:
        return None
    return known_purpose({"name": request.name, "output_dir": request.output_dir}) or Purpose.JWT


def _browser(run: Run, request: "ImportRequest") -> str:
    """The program that --browser drives; empty without it. Raises UsageError, before anything is read or asked."""
    if not request.browser:
        if request.headed:
            raise UsageError("usage.headed", "--headed is about --browser, which is missing", "give both, or none")
        return ""
    if request.no_open:
        raise UsageError("usage.headed", "--browser opens the page that --no-open would not", "give one of them")
    if run.asker is None and not request.confirmed and not run.dry_run:
        raise UsageError(
            "usage.confirm", "--browser changes an org, and nobody is here to be asked", "say so beforehand: --yes"
        )
    from sfkeytool.edge.driven_browser import require_browser

    program = require_browser(run.environ, headed=request.headed)
    message = "--browser is experimental: it was never reported from a live org; try it in a sandbox first"
    run.console.warn(Notice("ckm.experimental", message))
    return program


def _agree(run: Run, request: "ImportRequest", found: Found, org: OneOrg, *, opens: bool) -> None:
    """Say what goes where; ask before a page of the org is opened. Raises as Agreement.reach()."""
    identity = org.identity
    where = ", ".join(filter(None, (identity.name, identity.kind, identity.org_id, identity.instance_url)))
    about = [f"{entry.name}: {certificate_line(entry.facts)}" for entry in found.keystore.entries]
    who = "a browser that is driven (experimental)" if request.browser else "a person"
    about.append(f"{who} imports it into CKM of the org {org.label} ({where})")
    if opens and not request.confirmed:
        refusal = OrgError("ckm.not-agreed", "not agreed to: no page was opened and nothing was changed")
        question = (
            f"Let a browser import it into {org.label}?" if request.browser else f"Open the import page of {org.label}?"
        )
        run.agreement.demand(question, refusal)
    run.agreement.reach([], about)


def _way(run: Run, request: "ImportRequest", found: Found, org: OneOrg, program: str, *, opens: bool) -> "Way":
    """How the door is gone through."""
    if request.browser:
        return ByBrowser(run, org, program, headed=request.headed)
    return ByHand(run, org, found, opens=opens)


def _go_and_prove(run: Run, request: "ImportRequest", found: Found, org: OneOrg, way: "Way") -> "Proof":
    from datetime import UTC, datetime
    from time import monotonic, sleep

    from sfkeytool.workflows.ckm_import.proof import read_rows
    from sfkeytool.workflows.login import Clock

    names = ", ".join(entry.name for entry in found.keystore.entries)
    clock = Clock(lambda: datetime.now(UTC), monotonic, sleep)
    # Right before the door is opened: what another brings meanwhile is not taken for this.
    rows = read_rows(org.client)
    try:
        return go_and_prove(run, org, found, way, rows, request.wait_seconds, clock)
    except KeyboardInterrupt:
        raise InterruptedRunError(
            "interrupted",
            f"interrupted: whether {names} arrives in CKM of {org.label} is not known; nothing was deleted here",
            "an import that was saved on the page stays; the same command again tells whether it is there",
        ) from None


def _tell(run: Run, outcome: "Outcome[Imported]") -> int:
    result = outcome.result
    run.warn_about(outcome)
    run.console.envelope(outcome.exit_code, result)
    if run.dry_run:
        return outcome.exit_code
    names = ", ".join(entry.name for entry in result.entries)
    if result.present:
        heading = f"{names}: CKM of {result.org.alias} holds it already; no page was opened"
    elif result.proved:
        heading = f"{names}: imported, and read back from CKM of {result.org.alias}: the same certificate"
    else:
        heading = f"{names}: NOT proved to be in CKM of {result.org.alias}"
    show_ready(run.console, heading)
    run.console.result(_entry_lines(result))
    run.console.result(f"  deleted {path}" for path in result.deleted)
    show_end(run.console, (), (), outcome)
    run.console.answer([entry.name for entry in result.entries if entry.state == "same"])
    return outcome.exit_code


def _entry_lines(result: "Imported") -> Iterator[str]:
    for entry in result.entries:
        record = f", record {entry.record_id}" if entry.record_id else ""
        yield f"  {entry.name}: {entry.state}{record}"
        yield f"    SHA-256 {entry.found_sha256 or entry.sha256}"
        if not result.proved:
            continue
        yield f"    {certificate_line(entry.certificate)}"
        days = mail_days(entry.mail_dates, entry.certificate.not_after.date())
        mails = (
            f"CKM should mail {days}, give or take a day (inferred for imported pairs)" if days else "expired: no mail"
        )
        yield from wrapped(mails, "    ", hang=6)


COMMAND = Command(
    (
        Example("The page is opened, watched, and the import proved", "sfkeytool ckm import pay_api --target-org uat"),
        Example("And the keystore deleted, once it is", "sfkeytool ckm import pay_api -o prod --delete"),
        Example("By a browser that is driven, which is experimental", "sfkeytool ckm import pay_api -o uat --browser"),
        Example("A keystore that others made", "sfkeytool ckm import export.jks -o uat --password prompt"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("ckm-import", "ckm_import.result.Imported", exit_codes=(0, 1, 3)),),
    place=MenuPlace(
        Aim.IMPORT,
        "Import its keystore, and prove it",
        "Opens the page in your browser, watches CKM, reads back what arrived.",
        step=1,
    ),
    details=(
        "No API takes a private key: a person chooses the file on the page, or, with --browser, a browser does that is"
        " driven. It is proved by a record that was not"
        " there before and holds the same certificate. Exit code 3: another certificate arrived; 1: none in time."
        " Not tried against a live org."
    ),
)
