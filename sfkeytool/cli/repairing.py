"""``check --fix`` around its workflow: the passwords that are asked for, and the files that are published."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli.finishing import warn_of_stale_files
from sfkeytool.cli.render import certificate_line
from sfkeytool.errors import KeystorePasswordError, UsageError
from sfkeytool.model import PlannedFile
from sfkeytool.passwords import Source, SourceKind, minimum_length

if TYPE_CHECKING:
    from sfkeytool.cli.run import Run
    from sfkeytool.model import Receipt
    from sfkeytool.passwords import Secret
    from sfkeytool.workflows.check import CheckRequest, Judged
    from sfkeytool.workflows.repair import Repair


class Workshop:
    """Where repaired copies of a run are made: it knows its new password and which folders it has filled."""

    def __init__(self, run: "Run", request: "CheckRequest", *, several: bool) -> None:
        """``several``: whether there is more than one file."""
        self._several = several
        self._run = run
        self._request = request
        self._new_password = _new_password_source(run, request)
        self._filled: set[Path] = set()

    def repair(self, judged: "Judged") -> "list[tuple[Repair, Receipt | None]]":
        """What came of each key of a file, with the receipt of its files, all of which are published together."""
        from sfkeytool.edge.writer import FolderWrite

        run, writes = self._run, []
        repairs = self._make(judged)
        about = [
            f"a repaired copy, {one.report.verdict}: {certificate_line(one.outcome.result.certificate)}"
            for one in repairs
            if one.outcome and one.report
        ]
        for one in repairs:
            if one.outcome is None:
                continue
            folder = Path(one.folder or ".")
            self._filled.add(folder)
            planned = [PlannedFile(artifact.filename, artifact.kind) for artifact in one.outcome.artifacts]
            plan = run.plan(folder, planned, force=self._request.force, inputs=[Path(judged.subject.label)])
            warn_of_stale_files(run, plan)
            writes.append(FolderWrite(plan, one.outcome.artifacts, None))
        receipts = iter(run.commit(writes, about) if writes else ())
        return [(one, next(receipts) if one.outcome is not None else None) for one in repairs]

    def _make(self, judged: "Judged") -> "tuple[Repair, ...]":
        """repair(); on a terminal it asks for a password that is missing, and for a new one where one is needed."""
        from sfkeytool.workflows.repair import RepairOptions, reopened, repair

        run, request = self._run, self._request
        new_password = self._new_password()
        repairs: tuple[Repair, ...] = ()

        def attempt(passwords: "Sequence[Secret]") -> None:
            nonlocal judged, repairs
            judged = reopened(judged, passwords)
            wanted = RepairOptions(
                new_password,
                request.as_name,
                request.output_dir,
                self._several,
                frozenset(self._filled),
                request.format,
            )
            repairs = repair(judged, wanted, run.now)
            for one in repairs:
                if isinstance(one.problem, KeystorePasswordError):
                    raise one.problem

        def ask_and_repair() -> None:
            with suppress(KeystorePasswordError):  # it stands in the repairs
                run.with_passwords(judged.subject.passwords, attempt)

        try:
            ask_and_repair()
        except UsageError as error:
            if error.code != "usage.new-password" or run.asker is None:
                raise
            run.console.say(error.message)
            source = Source(SourceKind.PROMPT)
            least = minimum_length(request.format)
            new_password = run.secret(source, "--new-password", "New password", confirm=True, minimum=least), source
            ask_and_repair()
        return repairs


def _new_password_source(run: "Run", request: "CheckRequest") -> "Callable[[], tuple[Secret, Source] | None]":
    """What gives each copy its new password: one that was read once, or a generated one of its own."""
    source = request.new_password
    if source is None:
        return lambda: None
    if source.kind is SourceKind.GENERATE:
        return lambda: (run.secret(source, "--new-password", ""), source)
    secret = run.secret(
        source,
        "--new-password",
        "New password of the repaired copies",
        confirm=True,
        minimum=minimum_length(request.format),
    )
    return lambda: (secret, source)
