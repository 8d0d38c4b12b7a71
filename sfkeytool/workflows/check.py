"""``check``: would Salesforce take this file? What the rules say of it, and what a whole run comes to."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from sfkeytool.acceptance.engine import Finding, Report, Unknown, Verdict, judge
from sfkeytool.acceptance.rule import Basis, RuleId, Severity
from sfkeytool.acceptance.subject import Subject, prepare_subject
from sfkeytool.crypto.sniff import KEYSTORE_KINDS
from sfkeytool.errors import EXIT_DIFFERENT, EXIT_DONE, EXIT_FAILED
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import (
    Code,
    KeystoreFormat,
    Opaque,
    Outcome,
    Profile,
    PublishedFile,
    Purpose,
    Request,
    Result,
    UnreadFile,
)
from sfkeytool.passwords import Secret, Source


class CheckRequest(Request, frozen=True, kw_only=True):
    """``as_of`` is None for now; ``new_password``, ``as_name`` and ``output_dir`` are those of repaired copies.
    ``format`` is what the org takes, and what copies are written as."""

    files: tuple[Path, ...]
    profile: Profile | None = None
    purpose: Purpose = Purpose.JWT
    as_of: date | None = None
    passwords: tuple[Source, ...] = ()
    format: KeystoreFormat = KeystoreFormat.JKS
    fix: bool = False
    new_password: Source | None = None
    as_name: str | None = None
    output_dir: Path | None = None
    force: bool = False


# What JSON shows


class FindingFacts(Result, frozen=True, kw_only=True):
    """A rule that failed. ``fix`` is a command to type, or what to do; ``salesforce_message`` is verbatim."""

    rule: RuleId
    severity: Severity
    basis: Basis
    title: str
    where: str
    saw: str
    wanted: str
    salesforce_message: str | None
    fix: str
    citation: str
    retrieved: date


class UnknownFacts(Result, frozen=True, kw_only=True):
    """A rule that applies and could not be judged."""

    rule: RuleId
    reason: str


class RepairProblem(Result, frozen=True, kw_only=True):
    """Why there is no repaired copy, and what to do."""

    code: Code
    message: str
    actions: tuple[str, ...]


class RepairFacts(Result, frozen=True, kw_only=True):
    """What became of one private key. ``changed`` are rules that failed before and pass now; verdict, findings and
    unknown are the copy's."""

    alias: str | None
    name: str
    changed: tuple[RuleId, ...]
    verdict: Verdict | UnsetType = UNSET
    findings: tuple[FindingFacts, ...] | UnsetType = UNSET
    unknown: tuple[UnknownFacts, ...] | UnsetType = UNSET
    problem: RepairProblem | UnsetType = UNSET
    folders: tuple[str, ...]
    files: tuple[PublishedFile, ...]
    next_steps: Annotated[
        tuple[str, ...] | UnsetType,
        Meta(description="Only where there is a copy: what to import, and what comes after"),
    ] = UNSET


class CheckedFile(Result, frozen=True, kw_only=True):
    """What the rules say of a file."""

    path: str
    type: str
    profile: Profile
    verdict: Verdict
    findings: tuple[FindingFacts, ...]
    unknown: tuple[UnknownFacts, ...]
    repairs: Annotated[
        tuple[RepairFacts, ...] | UnsetType, Meta(description="Only under --fix: one for each private key")
    ] = UNSET

    @property
    def standing(self) -> Verdict:
        """The verdict that counts: the copy's where there is one, the worst of several keys."""
        repairs = () if isinstance(self.repairs, UnsetType) else self.repairs
        verdicts = [
            self.verdict if isinstance(one.verdict, UnsetType) or not one.files else one.verdict for one in repairs
        ]
        return max(verdicts or [self.verdict], key=_FROM_GOOD_TO_BAD.index)


_FROM_GOOD_TO_BAD = (Verdict.ACCEPT, Verdict.UNSURE, Verdict.REJECT)


_Count = Annotated[int, Meta(ge=0)]


class Summary(Result, frozen=True, kw_only=True):
    """How many files got each verdict, as they are: repaired copies do not count."""

    accept: _Count
    reject: _Count
    unsure: _Count


class Checked(Result, frozen=True, kw_only=True):
    """All files that could be read, and the others."""

    files: Annotated[tuple[CheckedFile, ...], Meta(min_length=1)]
    unreadable: tuple[UnreadFile, ...]
    summary: Summary


def conclude(files: Sequence[CheckedFile], unreadable: Sequence[UnreadFile]) -> Outcome[Checked]:
    """The result of a run. Exit code 3 for a file that is rejected and stays so, 1 for one that is unsure. Pure."""
    standing = {file.standing for file in files}
    counted = {verdict: sum(file.verdict is verdict for file in files) for verdict in Verdict}
    status = EXIT_FAILED if Verdict.UNSURE in standing or unreadable else EXIT_DONE
    return Outcome(
        result=Checked(
            files=tuple(files),
            unreadable=tuple(unreadable),
            summary=Summary(
                accept=counted[Verdict.ACCEPT], reject=counted[Verdict.REJECT], unsure=counted[Verdict.UNSURE]
            ),
        ),
        exit_code=EXIT_DIFFERENT if Verdict.REJECT in standing else status,
    )


# Judging


class CheckOptions(Struct, frozen=True):
    """How files are judged. ``as_of`` is the moment for which dates are judged; ``takes_bcfks`` as Subject has it."""

    as_of: datetime
    profile: Profile | None = None
    purpose: Purpose = Purpose.JWT
    fix: bool = False
    taken: frozenset[str] = frozenset()
    """Lower-case names in the current folder, which no command of a fix may clash with."""
    takes_bcfks: bool = False


class Judged(Opaque, frozen=True):
    """A file as the rules saw it, and what they say."""

    subject: Subject
    report: Report


def subject_of(file: InputFile, passwords: Sequence[Secret], options: CheckOptions, *, in_ckm: bool = False) -> Subject:
    """The file as the rules see it; ``in_ckm`` as Subject has it. Pure.

    Raises what prepare_subject() raises for malformed text and DER.
    """
    return prepare_subject(
        file,
        as_of=options.as_of,
        profile=options.profile,
        purpose=options.purpose,
        passwords=passwords,
        taken=options.taken,
        to_repair=options.fix,
        in_ckm=in_ckm,
        takes_bcfks=options.takes_bcfks,
        in_full=True,
    )


def check_file(file: InputFile, passwords: Sequence[Secret], options: CheckOptions) -> Report:
    """What the rules say about a file. Pure. Raises what subject_of() raises."""
    return judge(subject_of(file, passwords, options))


def check_subject(subject: Subject) -> Judged:
    """What the rules say about a file that was opened already. Pure."""
    return Judged(subject, judge(subject))


def is_recognised(subject: Subject) -> bool:
    """Whether a file that was met in a folder is meant to be judged: a keystore, or something with certificates."""
    return subject.kind in KEYSTORE_KINDS or bool(subject.listed)


def describe_file(report: Report, repairs: tuple[RepairFacts, ...] | UnsetType = UNSET) -> CheckedFile:
    """Facts, never a secret. Pure."""
    return CheckedFile(
        path=report.label,
        type=report.type,
        profile=report.profile,
        verdict=report.verdict,
        findings=tuple(map(_describe_finding, report.findings)),
        unknown=tuple(map(_describe_unknown, report.unknown)),
        repairs=repairs,
    )


def _describe_finding(finding: Finding) -> FindingFacts:
    rule, evidence = finding.rule, finding.evidence
    return FindingFacts(
        rule=rule.id,
        severity=rule.severity,
        basis=rule.basis,
        title=rule.title,
        where=evidence.where,
        saw=evidence.saw,
        wanted=evidence.wanted,
        salesforce_message=rule.salesforce_message,
        fix=finding.fix,
        citation=rule.citation,
        retrieved=rule.retrieved,
    )


def _describe_unknown(unknown: Unknown) -> UnknownFacts:
    return UnknownFacts(rule=unknown.rule.id, reason=unknown.reason)
