"""Holding a file against the rules."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from sfkeytool.acceptance.blanks import filled
from sfkeytool.acceptance.catalogue import CATALOGUE
from sfkeytool.acceptance.key_holder import WAY_OUT
from sfkeytool.acceptance.rule import CannotTell, Evidence, Fix, NewCertificate, Rule, Severity
from sfkeytool.acceptance.subject import Subject
from sfkeytool.model import KeystoreFormat, Profile
from sfkeytool.passwords import minimum_length
from sfkeytool.shell import quoted_path


class Verdict(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"
    UNSURE = "unsure"


class Finding(Struct, frozen=True):
    """A rule that failed, where and why. ``fix`` is the rule's, for this file."""

    rule: Rule
    evidence: Evidence
    fix: str


class Unknown(Struct, frozen=True):
    """A rule that applies and could not be judged. ``fix`` is the rule's, for this file."""

    rule: Rule
    reason: str
    fix: str


class Report(Struct, frozen=True):
    """What came of one file: errors first, then warnings, then notes, each in the catalogue's order."""

    label: str
    type: str
    profile: Profile
    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]

    @property
    def verdict(self) -> Verdict:
        """REJECT if an ERROR failed; ACCEPT only if each one could be judged and passed."""
        if any(finding.rule.severity is Severity.ERROR for finding in self.findings):
            return Verdict.REJECT
        if any(unknown.rule.severity is Severity.ERROR for unknown in self.unknown):
            return Verdict.UNSURE
        return Verdict.ACCEPT

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids of the rules that failed, sorted."""
        return tuple(sorted({finding.rule.id for finding in self.findings}))


def judge(subject: Subject, rules: Sequence[Rule] = CATALOGUE) -> Report:
    """Every rule of the subject's profile that applies, held against it. Pure."""
    findings: list[Finding] = []
    unknown: list[Unknown] = []
    for rule in rules:
        if subject.profile not in rule.profiles or not rule.applies(subject):
            continue
        for checked in rule.check(subject):
            if isinstance(checked, CannotTell):
                unknown.append(Unknown(rule, checked.reason, _fix(rule.fix, subject)))
            else:
                findings.append(Finding(rule, checked, _fix(checked.fix or rule.fix, subject)))
    findings.sort(key=lambda finding: list(Severity).index(finding.rule.severity))
    return Report(subject.label, str(subject.kind), subject.profile, tuple(findings), tuple(unknown))


def _fix(wanted: Fix, subject: Subject) -> str:
    """What is ``wanted`` for this file, so that its commands run as they stand."""
    fix = WAY_OUT.get(subject.key_holder) if isinstance(wanted, NewCertificate) else None
    password, format = subject.password, KeystoreFormat.BCFKS if subject.takes_bcfks else KeystoreFormat.JKS
    file, remark = quoted_path(subject.label)
    blanks = {"file": file, "name": subject.name, "format": "".join(f" {word}" for word in format.option)}
    if password is not None and password.length < minimum_length(format):
        blanks["new_password"] = " --new-password generate"  # noqa: S105 - an option
    if password is not None and not password.length:  # it is tried without being asked for
        blanks |= {"password": "", "input_password": ""}
    text = fix or str(wanted)
    return filled(text, blanks) + (remark if "{file}" in text else "")
