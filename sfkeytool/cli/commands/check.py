"""``check``: would Salesforce take it? And ``--fix``, a repaired copy.

Each file goes three steps: judged, repaired, told. Each is a value of workflows/check.py or repair.py.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Field, Group, Offer, Question, Values, typed_values
from sfkeytool.cli.lying_here import OTHER_FILE, keystores_here
from sfkeytool.cli.name_clash import names_in_org, warn_of_clash
from sfkeytool.cli.org_access import NAME_CLASH_ORG
from sfkeytool.cli.repairing import Workshop
from sfkeytool.cli.report import brief_lines, repair_lines, report_lines, steps_for_several, verdict_line
from sfkeytool.cli.run import Run
from sfkeytool.cli.walked import Unread, lies_in_ckm, named_files, should_be_readable
from sfkeytool.errors import InputError, KeystorePasswordError, SfkeytoolError, UsageError
from sfkeytool.model import KeystoreFormat, Profile
from sfkeytool.names import require_unique_name

if TYPE_CHECKING:
    from sfkeytool.model import Receipt
    from sfkeytool.passwords import Secret
    from sfkeytool.workflows.check import CheckedFile, CheckOptions, CheckRequest, Judged
    from sfkeytool.workflows.repair import Repair

_MANY = 20
"""Files from which on a progress bar is worth its import."""


def _name_or_nothing(answer: str) -> None:
    if answer:
        require_unique_name(answer)


_FILES = Field(
    "files",
    list[Path],
    "Keystores, certificates, chains; a folder is walked.",
    metavar="FILE...",
    required=True,
    question=Question(
        "File that Salesforce refuses, or is about to get:", "paths", offers=keystores_here, other=OTHER_FILE
    ),
)
_PROFILE = Field(
    "profile",
    Profile,
    "Where the file goes. [default: ckm-import for keystores, app-cert for a certificate, signed-upload for a chain]",
    ("--profile",),
)
_AS_OF = Field(
    "as_of",
    str,
    "Judge dates as of this day. [default: today]",
    ("--as-of",),
    metavar="DATE",
    convert=options.parse_date,
)
_FIX = Field(
    "fix",
    bool,
    "Write a repaired copy of each keystore; a PEM file that holds a key becomes a keystore.",
    ("--fix",),
    question=Question("Write a repaired copy if it can be repaired?", "confirm", menu_only=True),
)
_FORMAT = replace(
    options.FORMAT,
    help="What the org takes, and what a repaired copy is written as. bcfks is for Government Cloud alone, and what an"
    " org there takes of it is not documented.",
)
_NEW_PASSWORD = Field(
    "new_password",
    str,
    "Password of repaired copies; generate makes one. [default: the one that the file was opened with]",
    ("--new-password",),
    metavar="SOURCE",
    group=Group.PASSWORDS,
    offer=Offer.NEW_PASSWORD,
    convert=options.source("--new-password", may_generate=True),
)
_AS_NAME = Field(
    "as_name",
    str,
    "Name of the repaired copy, under which Salesforce shows it. [default: the entry's alias, made legal]",
    ("--as",),
    metavar="NAME",
    offer=Offer.NOTHING,
    convert=options.other_unique_name,
    question=Question(
        "Name under which Salesforce shall show the copy (Enter: its alias, made legal):",
        menu_only=True,
        check=_name_or_nothing,
        when=lambda values: bool(values["fix"]),
    ),
)
_OUTPUT_DIR = Field(
    "output_dir",
    str,
    "Folder of the repaired copy; of several each gets DIR/ALIAS. [default: ./ALIAS-fixed]",
    ("--output-dir", "-d"),
    metavar="DIR",
    group=Group.WHERE,
    offer=Offer.FOLDER,
    convert=options.folder,
)

_FIELDS = (
    _FILES,
    _PROFILE,
    options.PURPOSE,
    _AS_OF,
    options.OPENING_PASSWORD,
    _FORMAT,
    _FIX,
    _AS_NAME,
    _NEW_PASSWORD,
    _OUTPUT_DIR,
    options.FORCE,
    options.DRY_RUN,
    NAME_CLASH_ORG,
)


def _execute(run: Run, values: Values) -> int:
    from datetime import UTC, datetime, time

    from sfkeytool.workflows.check import CheckOptions, conclude, describe_file

    request = _request(values)
    as_of = datetime.combine(request.as_of, time(), UTC) if request.as_of else run.now
    takes_bcfks = request.format is KeystoreFormat.BCFKS
    how = CheckOptions(as_of, request.profile, request.purpose, request.fix, _names_here(), takes_bcfks)
    given = [run.secret(source, "--password", "Password") for source in request.passwords]
    unread = Unread()
    paths = list(named_files(request.files, unread.add))
    workshop = Workshop(run, request, several=len(paths) > 1)
    taken = names_in_org(run, values)
    checked: list[CheckedFile] = []
    may_ask = run.asker is not None and (request.fix or not all(walked for _, walked in paths))
    with _progress(run, len(paths), may_ask=may_ask) as advance:
        for path, walked in paths:
            try:
                judged = _judge(run, path, given, how, walked=walked)
                if judged is not None:
                    facts = describe_file(judged.report)
                    brief = request.fix and not run.console.verbose
                    run.console.result([verdict_line(facts)] if brief else report_lines(facts))
                    repaired = workshop.repair(judged) if request.fix else None
                    checked.append(_told(run, judged, repaired, several=len(paths) > 1))
                    aliases = [entry.alias for entry in judged.subject.entries if entry.alias is not None]
                    warn_of_clash(run, values, aliases, taken)
            except SfkeytoolError as error:
                if walked and (error.code == "key.openssh" or not should_be_readable(path, error)):
                    run.console.detail(error.message)
                else:
                    unread.add(error, path)
            advance()
    if not checked and not unread.errors:
        named = ", ".join(map(str, request.files))
        raise InputError("input.nothing-found", f"{named} holds no keystore and no certificate")
    unread.tell(run.console, beside_results=bool(checked))
    outcome = conclude(checked, unread.files)
    run.console.envelope(outcome.exit_code, outcome.result)
    if len(checked) > 1:
        count = outcome.result.summary
        summary = f"{count.accept} accept, {count.reject} reject, {count.unsure} unsure"
        run.console.result([f"{len(checked)} files: {summary}"])
    if (
        not run.dry_run
        and sum(bool(repair.files) for file in outcome.result.files for repair in file.repairs or ()) > 1
    ):
        run.console.result(steps_for_several())
    return outcome.exit_code


def _request(values: Values) -> "CheckRequest":
    from sfkeytool.workflows.check import CheckRequest

    if not values["fix"] and (values["new_password"] or values["output_dir"] or values["as_name"]):
        flag = "--new-password" if values["new_password"] else "--output-dir" if values["output_dir"] else "--as"
        raise UsageError("usage.without-fix", f"{flag} is about the repaired copies that --fix makes", "add --fix")
    return CheckRequest.from_values(typed_values(_FIELDS, values))


def _names_here() -> frozenset[str]:
    """What lies in the current folder, where the commands of the fixes will be typed."""
    try:
        return frozenset(found.name.lower() for found in Path().iterdir())
    except OSError:
        return frozenset()


def _judge(run: Run, path: Path, given: "Sequence[Secret]", how: "CheckOptions", *, walked: bool) -> "Judged | None":
    """What the rules say of a file; None for one that was met in a folder and is nothing to judge.

    On a terminal the password of a keystore that was named is asked for.
    """
    from sfkeytool.workflows.check import check_subject, is_recognised, subject_of

    file, in_ckm = run.read(path), lies_in_ckm(path)
    subject = subject_of(file, given, how, in_ckm=in_ckm)
    if walked and not is_recognised(subject):
        run.console.detail(f"{path}: no keystore and no certificate; passed over")
        return None

    def open_with(passwords: "Sequence[Secret]") -> None:
        nonlocal subject
        if len(passwords) > len(subject.passwords):
            subject = subject_of(file, passwords, how, in_ckm=in_ckm)
        if subject.needs_password and subject.profile is Profile.CKM_IMPORT:
            refused = "that password does not open it; " if len(passwords) > len(given) else ""
            raise KeystorePasswordError("keystore.wrong-password", f"{path}: {refused}which password opens it?")

    if run.asker is not None and not walked:
        with suppress(KeystorePasswordError):  # what can be seen without it is judged all the same
            run.with_passwords(given, open_with)
    return check_subject(subject)


def _told(
    run: Run, judged: "Judged", repaired: "list[tuple[Repair, Receipt | None]] | None", *, several: bool
) -> "CheckedFile":
    """The facts of a file, of whose repairs a person reads now."""
    from sfkeytool.workflows.check import describe_file
    from sfkeytool.workflows.repair import describe_repair

    if repaired is None:
        return describe_file(judged.report)
    console = run.console
    repairs = []
    many = several or len(repaired) > 1
    if not console.verbose and all(receipt is None for _, receipt in repaired):
        console.result(brief_lines(describe_file(judged.report)))
    for one, receipt in repaired:
        repairs.append(describe_repair(one, receipt))
        if receipt is None or not run.dry_run:
            console.result(repair_lines(one, repairs[-1], receipt, several=many, verbose=console.verbose))
    return describe_file(judged.report, tuple(repairs))


@contextmanager
def _progress(run: Run, total: int, *, may_ask: bool) -> Iterator[Callable[[], None]]:
    """What to call after each file. A bar is shown where nothing else shows that something happens: results on the
    terminal do, and a question and a bar would write over each other."""
    seen = sys.stdout.isatty() and not run.console.json_output
    if total < _MANY or seen or may_ask or not sys.stderr.isatty() or run.console.quiet:
        yield lambda: None
        return
    from rich.progress import Progress

    from sfkeytool.cli.render import rich_console

    with Progress(console=rich_console(sys.stderr), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("checking", total=total)
        yield lambda: bar.advance(task)


COMMAND = Command(
    (
        Example("What stands in the way of the import", "sfkeytool check pay_api.jks --password prompt"),
        Example("A repaired copy", "sfkeytool check export.p12 --fix --new-password generate"),
        Example("All files of a folder, in a script", "sfkeytool check keystores/ --password env:PW --json"),
        Example("Will it still do in June?", "sfkeytool check pay_api.crt --as-of 2027-06-01"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("check", "check.Checked", exit_codes=(0, 1, 3)),),
    place=MenuPlace(
        Aim.REFUSED, "I have the file that was refused", "Finds out why, explains the message, repairs a copy."
    ),
)
