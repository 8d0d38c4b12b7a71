"""``renew --status`` and ``--done``: how far a change is, as the receipts tell."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import InputError
from sfkeytool.model import KeystoreFormat, Notice, Outcome, Purpose, Request, Result, UniqueNameText
from sfkeytool.shell import shell_line
from sfkeytool.workflows.generations import Generation, rivals, successors
from sfkeytool.workflows.runbook import Change, StepProgress, StepState, progress


class RenewStatusRequest(Request, frozen=True, kw_only=True):
    """``new_name`` is None for the latest generation; ``done`` is the id of a step that was done."""

    name: str
    folder: Path
    new_name: str | None = None
    done: str | None = None


class Progress(Result, frozen=True, kw_only=True):
    """How far a change is. ``next`` is the id of the step to be done, None when none is left."""

    name: UniqueNameText
    follows: UniqueNameText
    same_key: bool
    old_not_after: date
    old_days_left: int
    steps: tuple[StepProgress, ...]
    next: str | None


class StepDone(Result, frozen=True, kw_only=True):
    """What a receipt keeps of a step that a person called done."""

    name: UniqueNameText
    step_done: str


def status(
    name: str,
    new_name: str | None,
    generations: Sequence[Generation],
    keystores: Collection[str],
    certificates: Mapping[str, CertificateFacts],
    now: datetime,
) -> Outcome[Progress]:
    """The latest change of NAME, or that to ``new_name``, and which of its steps is next. Pure.

    ``generations`` are those of all folders beside NAME's, ``keystores`` the names of those whose keystore is there,
    ``certificates`` what could be read of them. Raises InputError when no receipt tells of a generation that follows
    NAME.
    """
    all_following = successors(name, generations, now)
    following = [found for found in all_following if new_name in (None, found.name)]
    if not following:
        raise InputError(
            "renew.none",
            f"no receipt beside {name} tells that {new_name or 'a generation'} follows it",
            f"this makes one: {shell_line(['sfkeytool', 'renew', name])}",
        )
    newest = following[-1]
    before = [found.format for found in generations if newest.follows and found.name == newest.follows.name]
    change = _change_of(newest, certificates, newest.format or next(iter(before), None) or KeystoreFormat.JKS)
    described = progress(change, newest, has_keystore=newest.name in keystores)
    result = Progress(
        name=newest.name,
        follows=change.old,
        same_key=change.same_key,
        old_not_after=change.old_expiry,
        old_days_left=(change.old_expiry - now.date()).days,
        steps=described,
        next=next((step.id for step in described if step.state is StepState.NEXT), None),
    )
    notices = []
    if new_name is None and (beside := rivals(newest, all_following)):
        message = (
            f"receipts tell that {name} is followed by {', '.join(beside)} too; shown is {newest.name}, the latest:"
            " --as NAME chooses another"
        )
        notices.append(Notice("renew.several", message))
    return Outcome(result=result, notices=tuple(notices))


def _change_of(generation: Generation, certificates: Mapping[str, CertificateFacts], format: KeystoreFormat) -> Change:
    """The change as certificates tell it, and the receipt where they are not there.

    Raises InputError for a receipt that is not ours after all.
    """
    follows, made = generation.follows, generation.made
    if follows is None or made is None:
        raise InputError("receipt.damaged", f"the receipt of {generation.name} is damaged")
    old, new = certificates.get(follows.name), certificates.get(generation.name)
    told = new or generation.certificate
    return Change(
        old=follows.name,
        new=generation.name,
        same_key=old.public_key_sha256 == new.public_key_sha256 if old and new else generation.same_key,
        purpose=generation.purpose or Purpose.JWT,
        by_ca=generation.by_ca,
        made=made.date(),
        old_expiry=(old or follows).not_after.date(),
        new_expiry=told.not_after.date() if told else None,
        format=format,
    )
