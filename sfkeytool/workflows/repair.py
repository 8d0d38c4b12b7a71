"""``check --fix``: the repaired copy of a file that Salesforce would not take."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct
from msgspec.structs import replace

from sfkeytool.acceptance.engine import Report, Verdict
from sfkeytool.acceptance.rule import Severity
from sfkeytool.acceptance.subject import Subject
from sfkeytool.errors import PrivateKeyError, SfkeytoolError, UsageError
from sfkeytool.keystores.contents import Contents, InputFile
from sfkeytool.keystores.found import FoundKey
from sfkeytool.keystores.heap import Entry, gather
from sfkeytool.keystores.selection import Meant, require_opened, select_each
from sfkeytool.model import ArtifactKind, KeystoreFormat, Outcome, Profile, PublishedFile, Receipt
from sfkeytool.names import app_name, free_name
from sfkeytool.passwords import SOURCES, Secret, Source, SourceKind, minimum_length
from sfkeytool.shell import path_argument, shell_line
from sfkeytool.workflows.check import CheckOptions, Judged, RepairFacts, RepairProblem, check_file, describe_file
from sfkeytool.workflows.unwrap import folder_name
from sfkeytool.workflows.wrap import WrapInputs, Wrapped, WrapRequest, wrap_pair

if TYPE_CHECKING:
    from collections.abc import Iterator


class RepairOptions(Struct, frozen=True):
    """What copies are to be like. Without ``new_password`` the password stays as it was, if it is long enough."""

    new_password: tuple[Secret, Source] | None = None
    as_name: str | None = None
    """For the only key; else each keeps its name, made legal."""
    output_dir: PurePath | None = None
    """Where copies go, if not into a folder of their name."""
    several: bool = False
    """Whether there is more than one copy to be made: each gets a folder of its own then."""
    filled: frozenset[PurePath] = frozenset()
    """Folders that this run's copies went to already."""
    format: KeystoreFormat = KeystoreFormat.JKS

    def folder(self, name: str) -> PurePath:
        """Of the repaired copy that is called ``name``: ./NAME-fixed, or DIR itself, or one below it for each of
        several; never one that this run filled already."""
        for number in count(1):
            called = name if number == 1 else f"{name}_{number}"
            folder = PurePath(f"{called}-fixed") if self.output_dir is None else self.output_dir
            if self.output_dir is not None and (self.several or number > 1):
                folder = self.output_dir / called
            if folder not in self.filled:
                return folder
        raise AssertionError("unreachable: there are more numbers than folders")


class Repair(Struct, frozen=True):
    """What came of repairing one private key of a file.

    With an ``outcome`` there is a copy: ``changed`` are the rules that failed before and pass now, ``report`` what is
    left. With a ``problem`` there is none, and it says why. With neither there was nothing to repair.
    """

    alias: str | None
    name: str
    outcome: Outcome[Wrapped] | None = None
    report: Report | None = None
    changed: tuple[str, ...] = ()
    problem: SfkeytoolError | None = None
    folder: PurePath | None = None
    """Where the copy belongs."""


def repair(judged: Judged, options: RepairOptions, now: datetime) -> tuple[Repair, ...]:
    """A repaired keystore for each private key of a file, by wrap() itself; a problem for each that has none. Pure but
    for the salt of the keystores.

    Raises UsageError ``usage.new-password`` when one is needed, and ``usage.one-name`` for one name and several keys.
    """
    subject, report = judged.subject, judged.report
    stem = PurePath(subject.label).stem
    if report.profile is not Profile.CKM_IMPORT:
        wrong = any(finding.rule.severity is Severity.ERROR for finding in report.findings)
        return (Repair(None, stem, problem=_not_a_keystore(subject) if wrong else None),)
    if not report.findings and report.verdict is Verdict.ACCEPT:
        return (Repair(None, stem),)
    try:
        contents = subject.loaded
    except SfkeytoolError as error:
        return (Repair(None, stem, problem=error),)
    return tuple(_repair_each(contents, judged, options, now))


def reopened(judged: Judged, passwords: Sequence[Secret]) -> Judged:
    """The same file, to be repaired with these passwords; what the rules said of it stays."""
    if tuple(passwords) == judged.subject.passwords:
        return judged
    return Judged(replace(judged.subject, passwords=tuple(passwords)), judged.report)


def _not_a_keystore(subject: Subject) -> UsageError:
    name = free_name(app_name(PurePath(subject.label).stem), subject.taken)
    wrap = ["sfkeytool", "wrap", name, path_argument(subject.label), "FILE", "--password", "generate"]
    hint = f"this makes one (FILE: the private key): {shell_line(wrap)}"
    return UsageError("check.not-a-keystore", f"{subject.label}: --fix repairs keystores only", hint)


def _repair_each(contents: Contents, judged: Judged, options: RepairOptions, now: datetime) -> "Iterator[Repair]":
    stem = PurePath(contents.label).stem
    heap = gather([contents], by_alias=False)
    # As Java does, the last of several under one alias; those without an alias (PFX) are told apart by themselves.
    found = {entry.alias if entry.alias is not None else number: entry for number, entry in enumerate(heap.entries)}
    if not found:
        yield Repair(None, stem, problem=_no_key(judged.subject))
        return
    if options.as_name is not None and len(found) > 1:
        message = f"{contents.label} holds {len(found)} private keys, and --as is the name of one"
        raise UsageError("usage.one-name", message, "leave --as out: each gets the name of its entry, made legal")
    options = replace(options, several=options.several or len(found) > 1)
    names: set[str] = set()
    for entry, meant in select_each(replace(heap, entries=tuple(found.values()))):
        name = folder_name(options.as_name or entry.alias or stem, names).value
        try:
            if meant is None:
                require_opened(replace(heap, entries=(entry,)))
            else:
                yield _repair_one(meant, entry, name, contents, judged, options, now)
        except UsageError:
            raise
        except SfkeytoolError as error:
            if entry.locked:  # the command again, with what it lacks
                both = ("--password", "prompt") * 2
                again = shell_line(["sfkeytool", "check", "--fix", path_argument(contents.label), *both])
                error.hints = (f"give both: {again}",)
            yield Repair(entry.alias, name, problem=error)


def _no_key(subject: Subject) -> PrivateKeyError:
    new = free_name(PurePath(subject.label).stem, subject.taken)
    passwords = ("--input-password", "prompt", "--password", "generate")
    wrap = ["sfkeytool", "wrap", new, path_argument(subject.label), "FILE", *passwords]
    return PrivateKeyError(
        "key.none",
        f"{subject.label} holds no private key: nothing can be made of it",
        f"with the key (FILE): {shell_line(wrap)}",
        f"without it, start over: {shell_line(['sfkeytool', 'csr', new])}",
    )


def _repair_one(
    meant: Meant, entry: Entry, name: str, contents: Contents, judged: Judged, options: RepairOptions, now: datetime
) -> Repair:
    subject = judged.subject
    password, source = options.new_password or (
        _same_password(meant.key, contents, options.format),
        Source(SourceKind.PROMPT),
    )
    folder = options.folder(name)
    request = WrapRequest(
        name=name,
        files=(),
        purpose=subject.purpose,
        password=source,
        format=options.format,
        output_dir=Path(folder),
    )
    inputs = WrapInputs(files=(), password=password, with_key=False)
    outcome = wrap_pair(request, meant, gather([contents]), inputs, now)
    store = next(artifact for artifact in outcome.artifacts if artifact.kind is ArtifactKind.KEYSTORE)
    as_asked = CheckOptions(
        subject.as_of,
        Profile.CKM_IMPORT,
        subject.purpose,
        taken=subject.taken,
        takes_bcfks=options.format is KeystoreFormat.BCFKS,
    )
    report = check_file(InputFile(str(folder / store.filename), store.content), [password], as_asked)
    changed = tuple(sorted(_concerning(entry.alias, judged.report) - set(report.rule_ids)))
    if not changed:
        return Repair(entry.alias, name, report=report)
    return Repair(entry.alias, name, outcome, report, changed, folder=folder)


def _same_password(key: FoundKey, contents: Contents, format: KeystoreFormat) -> Secret:
    opened_with, least = contents.store.password if contents.store else key.file_password, minimum_length(format)
    if opened_with is None or opened_with.length < least:
        had = "no password" if opened_with is None else f"a password of {opened_with.length} characters"
        raise UsageError(
            "usage.new-password",
            f"{contents.label} has {had}: its repaired copy needs one of at least {least}",
            f"--new-password generate, or {SOURCES}",
        )
    return opened_with


def _concerning(alias: str | None, report: Report) -> set[str]:
    """The rules that failed for this entry or for the file as a whole."""
    entry = f"{report.label}, entry {alias!r}"
    return {
        finding.rule.id
        for finding in report.findings
        if finding.evidence.where == report.label or finding.evidence.where.startswith(entry)
    }


def describe_repair(done: Repair, receipt: Receipt | None) -> RepairFacts:
    """Facts of one repair, with the files that its ``receipt`` proves. Pure."""
    copy = None if done.report is None else describe_file(done.report)
    return RepairFacts(
        alias=done.alias,
        name=done.name,
        changed=done.changed,
        verdict=UNSET if copy is None else copy.verdict,
        findings=UNSET if copy is None else copy.findings,
        unknown=UNSET if copy is None else copy.unknown,
        problem=UNSET if done.problem is None else _describe_problem(done.problem),
        folders=() if receipt is None else (str(receipt.folder),),
        files=() if receipt is None else tuple(map(PublishedFile.of, receipt.files)),
        next_steps=UNSET if done.outcome is None else done.outcome.next_steps,
    )


def _describe_problem(error: SfkeytoolError) -> RepairProblem:
    return RepairProblem(code=error.code, message=error.message, actions=tuple(error.hints))
