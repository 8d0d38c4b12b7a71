"""``check``: would Salesforce take it? And ``--fix``, a repaired copy."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.fields import Field, Question, Values
from sfkeytool.cli.name_clash import names_in_org, warn_of_clash
from sfkeytool.cli.org_access import NAME_CLASH_ORG
from sfkeytool.cli.render import files_facts
from sfkeytool.cli.report import repair_lines, report_lines
from sfkeytool.cli.run import Run
from sfkeytool.cli.walked import Unread, named_files, should_be_readable
from sfkeytool.errors import (
    EXIT_DIFFERENT,
    EXIT_DONE,
    EXIT_FAILED,
    InputError,
    KeystorePasswordError,
    SfkeytoolError,
    UsageError,
)
from sfkeytool.model import PlannedFile, Profile
from sfkeytool.names import require_unique_name
from sfkeytool.passwords import Source, SourceKind

if TYPE_CHECKING:
    from sfkeytool.acceptance.engine import Report
    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.model import Receipt
    from sfkeytool.passwords import Secret
    from sfkeytool.workflows.check import CheckOptions, Repair
    from sfkeytool.workflows.requests import CheckRequest

_MANY = 20
"""Files from which on a progress bar is worth its import."""


def _name_or_nothing(answer: str) -> None:
    if answer:
        require_unique_name(answer)


FILES = Field(
    "files",
    list[Path],
    "Keystores, certificates, chains; a folder is walked.",
    metavar="FILE...",
    required=True,
    question=Question("File that Salesforce refuses, or is about to get:", "paths"),
)
PROFILE = Field(
    "profile",
    Profile,
    "Where the file goes. [default: ckm-import for keystores, app-cert for a certificate, signed-upload for a chain]",
    ("--profile",),
)
AS_OF = Field("as_of", str, "Judge dates as of this day. [default: today]", ("--as-of",), metavar="DATE")
FIX = Field(
    "fix",
    bool,
    "Write a repaired copy of each keystore into ./ALIAS-fixed; a PEM file that holds a key becomes a keystore.",
    ("--fix",),
    question=Question("Write a repaired copy if it can be repaired?", "confirm", menu_only=True),
)
NEW_PASSWORD = Field(
    "new_password",
    str,
    "Where the password of repaired copies comes from: env:NAME, file:PATH, stdin, prompt or generate. [default: the"
    " one that the file was opened with]",
    ("--new-password",),
    metavar="SOURCE",
)
AS_NAME = Field(
    "as_name",
    str,
    "The name of the repaired copy, under which Salesforce will show it. [default: the entry's alias, made legal]",
    ("--as",),
    metavar="NAME",
    question=Question(
        "Name under which Salesforce shall show the copy (Enter: its alias, made legal):",
        menu_only=True,
        check=_name_or_nothing,
        when=lambda values: bool(values["fix"]),
    ),
)
OUTPUT_DIR = Field(
    "output_dir",
    str,
    "The folder for the repaired copy; of several each gets DIR/ALIAS. [default: ./ALIAS-fixed]",
    ("--output-dir", "-d"),
    metavar="DIR",
)


class Tally(Struct):
    """What came of all files so far."""

    files: list[dict[str, Any]] = field(default_factory=list)
    unread: Unread = field(default_factory=Unread)
    several: bool = False
    """Whether there is more than one file."""
    filled: set[Path] = field(default_factory=set)
    """Folders that repaired copies went to."""
    standing: list[str] = field(default_factory=list)
    """A verdict for each file, that of its repaired copies if there are any."""

    @property
    def exit_code(self) -> int:
        if "reject" in self.standing:
            return EXIT_DIFFERENT
        return EXIT_FAILED if "unsure" in self.standing or self.unread.errors else EXIT_DONE

    def summary(self) -> dict[str, int]:
        return {verdict: sum(file["verdict"] == verdict for file in self.files) for verdict in _VERDICTS}


_VERDICTS = ("accept", "reject", "unsure")


def _execute(run: Run, values: Values) -> int:
    from datetime import UTC, datetime, time

    from sfkeytool.cli.building import build_check_request
    from sfkeytool.workflows.check import CheckOptions, subject_of

    request = build_check_request(values)
    as_of = datetime.combine(request.as_of, time(), UTC) if request.as_of else run.now
    how = CheckOptions(as_of, request.profile, request.purpose, request.fix, _names_here(), request.output_dir)
    given = [run.secret(source, "--password", "Password") for source in request.passwords]
    new_password = _new_password_source(run, request)
    tally = Tally()
    paths = list(named_files(request.files, tally.unread.add))
    tally.several = len(paths) > 1
    taken = names_in_org(run, values)
    with _progress(run, len(paths)) as (advance, show):
        for path, walked in paths:
            try:
                for line in _check_path(run, path, walked, given, how, request, new_password, tally):
                    show(line)
                if taken:
                    entries = subject_of(run.read(path), given, how).entries
                    aliases = [entry.alias for entry in entries if entry.alias is not None]
                    warn_of_clash(run, values, aliases, taken)
            except SfkeytoolError as error:
                if walked and (error.code == "key.openssh" or not should_be_readable(path, error)):
                    run.console.detail(error.message)
                else:
                    tally.unread.add(error, path)
            advance()
    return _finish(run, request, tally)


def _names_here() -> frozenset[str]:
    """What lies in the current folder, where the commands of the fixes will be typed."""
    try:
        return frozenset(found.name.lower() for found in Path().iterdir())
    except OSError:
        return frozenset()


def _finish(run: Run, request: "CheckRequest", tally: Tally) -> int:
    if not tally.files and not tally.unread.errors:
        named = ", ".join(map(str, request.files))
        raise InputError("input.nothing-found", f"{named} holds no keystore and no certificate")
    tally.unread.tell(run.console, beside_results=bool(tally.files))
    facts = {"files": tally.files, "unreadable": tally.unread.facts, "summary": tally.summary()}
    run.console.envelope(tally.exit_code, facts)
    if len(tally.files) > 1:
        counted = ", ".join(f"{count} {verdict}" for verdict, count in tally.summary().items())
        run.console.result([f"{len(tally.files)} files: {counted}"])
    return tally.exit_code


def _check_path(
    run: Run,
    path: Path,
    walked: bool,
    given: "Sequence[Secret]",
    how: "CheckOptions",
    request: "CheckRequest",
    new_password: "Callable[[], tuple[Secret, Source] | None]",
    tally: Tally,
) -> Iterator[str]:
    """Judge one file, and repair it if that is asked for; yields what a person reads."""
    from sfkeytool.acceptance.engine import judge
    from sfkeytool.workflows.check import check_file, describe_report, is_recognised, subject_of

    file = run.read(path)
    if walked and not is_recognised(subject_of(file, given, how)):
        run.console.detail(f"{path}: no keystore and no certificate; passed over")
        return
    known = list(given)

    def attempt(passwords: "Sequence[Secret]") -> "Report":
        known[:] = passwords
        subject = subject_of(file, passwords, how)
        if run.asker is not None and not walked and subject.needs_password and subject.profile is Profile.CKM_IMPORT:
            raise KeystorePasswordError("keystore.wrong-password", f"{path}: which password opens it?")
        return judge(subject)

    try:
        report = run.with_passwords(given, attempt)
    except KeystorePasswordError:
        report = check_file(file, known, how)
    facts = describe_report(report)
    yield from report_lines(facts)
    standing = facts["verdict"]
    if request.fix:
        facts["repairs"], standing = [], None
        for result, receipt in _repairs(run, file, report, known, how, request, new_password, tally):
            described = _repair_facts(result, receipt)
            facts["repairs"].append(described)
            yield from repair_lines(described, receipt)
            standing = _worse(standing, described.get("verdict", facts["verdict"]) if receipt else facts["verdict"])
    tally.files.append(facts)
    tally.standing.append(standing or facts["verdict"])


def _worse(one: str | None, other: str) -> str:
    order = ("accept", "unsure", "reject")
    return other if one is None else max(one, other, key=order.index)


def _repairs(
    run: Run,
    file: "InputFile",
    report: "Report",
    known: "Sequence[Secret]",
    how: "CheckOptions",
    request: "CheckRequest",
    new_password: "Callable[[], tuple[Secret, Source] | None]",
    tally: Tally,
) -> "Iterator[tuple[Repair, Receipt | None]]":
    """Each repair with the receipt of its files, all of a file's published together."""
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.check import repair

    password, name = new_password(), request.as_name
    how = replace(how, several=tally.several, filled=frozenset(tally.filled))
    try:
        results = run.with_passwords(
            known, lambda all_known: _opened(file, report, all_known, password, how, run, name)
        )
    except KeystorePasswordError:
        results = repair(file, report, known, password, how, run.now, name)
    except UsageError as error:
        if error.code != "usage.new-password" or run.asker is None:
            raise
        run.console.say(error.message)
        typed = run.secret(Source(SourceKind.PROMPT), "--new-password", "New password", confirm=True)
        results = repair(file, report, known, (typed, Source(SourceKind.PROMPT)), how, run.now, name)
    writes = []
    for result in results:
        if result.outcome is None:
            continue
        folder = Path(result.folder or ".")
        tally.filled.add(folder)
        planned = [PlannedFile(artifact.filename, artifact.kind) for artifact in result.outcome.artifacts]
        plan = run.plan(folder, planned, force=request.force, inputs=[Path(file.label)])
        writes.append(FolderWrite(plan, result.outcome.artifacts, None))
    receipts = iter(run.commit(writes) if writes else ())
    for result in results:
        yield result, next(receipts) if result.outcome is not None else None


def _opened(
    file: "InputFile",
    report: "Report",
    passwords: "Sequence[Secret]",
    new_password: "tuple[Secret, Source] | None",
    how: "CheckOptions",
    run: Run,
    name: str | None,
) -> "tuple[Repair, ...]":
    """repair(), where a missing password becomes an error that with_passwords() understands."""
    from sfkeytool.workflows.check import repair

    results = repair(file, report, passwords, new_password, how, run.now, name)
    for result in results:
        if isinstance(result.problem, KeystorePasswordError):
            raise result.problem
    return results


def _new_password_source(run: Run, request: "CheckRequest") -> "Callable[[], tuple[Secret, Source] | None]":
    """What gives each copy its new password: one that was read once, or a generated one of its own."""
    source = request.new_password
    if source is None:
        return lambda: None
    if source.kind is SourceKind.GENERATE:
        return lambda: (run.secret(source, "--new-password", ""), source)
    secret = run.secret(source, "--new-password", "New password of the repaired copies", confirm=True)
    return lambda: (secret, source)


def _repair_facts(result: "Repair", receipt: "Receipt | None") -> dict[str, Any]:
    from sfkeytool.workflows.check import describe_repair

    return describe_repair(result) | files_facts([receipt] if receipt else [])


@contextmanager
def _progress(run: Run, total: int) -> "Iterator[tuple[Callable[[], None], Callable[[str], None]]]":
    """What to call after each file, and with each line. While a bar is shown, lines wait for its end."""

    def show(line: str) -> None:
        run.console.result([line])

    if total < _MANY or not sys.stderr.isatty() or run.console.quiet:
        yield lambda: None, show
        return
    from rich.console import Console as RichConsole
    from rich.progress import Progress

    waiting: list[str] = []
    with Progress(console=RichConsole(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("checking", total=total)
        yield lambda: bar.advance(task), waiting.append
    for line in waiting:
        show(line)


CHECK = Command(
    (
        "sfkeytool check pay_api.jks --password prompt",
        "sfkeytool check keystores/ --password env:STORE_PASSWORD --json",
        "sfkeytool check export.p12 --fix --password prompt --new-password generate",
        "sfkeytool check pay_api.crt --as-of 2027-06-01",
    ),
    (
        FILES,
        PROFILE,
        options.PURPOSE,
        AS_OF,
        options.OPENING_PASSWORD,
        FIX,
        AS_NAME,
        NEW_PASSWORD,
        OUTPUT_DIR,
        options.FORCE,
        NAME_CLASH_ORG,
    ),
    _execute,
    place=MenuPlace(Road.OTHER, "Salesforce refuses my keystore: find out why, and repair it"),
)
