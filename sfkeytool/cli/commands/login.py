"""``login``: prove that a key works."""

import os.path
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.answers import existing_path
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Field, Group, Offer, Question, Values, command_line
from sfkeytool.cli.login_fields import (
    AUDIENCE,
    CLIENT_ID,
    EXTERNAL_CLIENT_APP,
    INSTANCE_URL,
    KEY,
    SANDBOX,
    USERNAME,
    WHICH_KEY,
    login_request,
    prepare_login,
)
from sfkeytool.cli.lying_here import made_here
from sfkeytool.cli.render import GOOD, Styled, certificate_line, wrapped
from sfkeytool.cli.run import Run
from sfkeytool.errors import LoginRefusedError, OutputError, UsageError
from sfkeytool.model import ArtifactKind, Notice, PlannedFile
from sfkeytool.names import legal_name
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.workflows.login import Accepted, Event, LoggedIn
    from sfkeytool.workflows.login_preparation import LoginRequest

_LONGEST_WAIT_MINUTES = 24 * 60
_SHORTEST_POLL_SECONDS = 5
"""Our own bounds of ``--wait``."""


def _wait_seconds(minutes: int) -> int:
    if not 0 <= minutes <= _LONGEST_WAIT_MINUTES:
        raise UsageError("usage.wait", f"--wait is 1 to {_LONGEST_WAIT_MINUTES} minutes")
    return 60 * minutes


def _poll_seconds(seconds: int) -> int:
    if seconds < _SHORTEST_POLL_SECONDS:
        raise UsageError(
            "usage.poll-interval",
            f"--poll-interval is at least {_SHORTEST_POLL_SECONDS} seconds: it spares the account",
        )
    return seconds


_FIELDS = (
    Field(
        "name",
        str,
        "Whose NAME.key logs in; NAME.crt is compared with it first.",
        metavar="[NAME]",
        offer=Offer.NAME,
        convert=options.unique_name,
        question=Question(
            "Name of the certificate (Enter to give a key file instead):",
            menu_only=True,
            suggest=lambda answer: legal_name(answer).value if answer else "",
            offers=made_here,
            other="Another name, or a key file …",
        ),
    ),
    CLIENT_ID,
    USERNAME,
    EXTERNAL_CLIENT_APP,
    INSTANCE_URL,
    SANDBOX,
    AUDIENCE,
    KEY,
    options.ALIAS,
    options.OPENING_PASSWORD,
    Field(
        "certificate",
        Path,
        "The certificate that the app should have; the key must fit it. [default: NAME.crt, if it is there]",
        ("--certificate",),
        metavar="FILE",
    ),
    Field(
        "old_key",
        Path,
        "The key that is being replaced: tell whether it still works.",
        ("--old-key",),
        metavar="FILE",
    ),
    Field(
        "wait",
        int,
        "After an upload: try until the key is accepted, so many minutes at most.",
        ("--wait",),
        metavar="MINUTES",
        convert=_wait_seconds,
        into="wait_seconds",
    ),
    Field(
        "poll_interval",
        int,
        "Seconds between two tries of --wait, 5 or more.",
        ("--poll-interval",),
        metavar="SECONDS",
        default=20,
        convert=_poll_seconds,
        into="poll_seconds",
    ),
    Field(
        "show_token",
        bool,
        "Show the access token, which is a secret: a whole session.",
        ("--show-token",),
        group=Group.OUTPUT,
    ),
    Field(
        "output_dir",
        str,
        "Folder of NAME. [default: ./NAME]",
        ("--output-dir", "-d"),
        metavar="DIR",
        group=Group.WHERE,
        offer=Offer.FOLDER,
        convert=options.folder,
    ),
)


def _execute(run: Run, values: Values) -> int:
    if values["name"] is None and values["jwt_key_file"] is None and run.asker is not None:
        # In place, so that the command line which is shown at the end names it too.
        values["jwt_key_file"] = run.asker.path(WHICH_KEY, check=existing_path)

    from datetime import UTC, datetime
    from time import monotonic, sleep

    from sfkeytool.salesforce.transport import HttpTransport
    from sfkeytool.workflows.login import Accepted, Clock, login
    from sfkeytool.workflows.login_refusals import other_way

    if values["name"] and not values["jwt_key_file"]:
        with suppress(OutputError):  # a login does not need to write
            run.settle(Path(values["output_dir"] or values["name"]))
    request = login_request(_FIELDS, values, run.environ)
    prepared = prepare_login(run, request)
    for notice in prepared.notices:
        run.console.warn(notice)
    run.console.detail(f"POST {prepared.host.token_url}")
    run.console.detail(f"audience {prepared.host.audience}: {prepared.host.reason}")
    clock = Clock(lambda: datetime.now(UTC), monotonic, sleep)
    try:
        for event in login(request, prepared, HttpTransport(run.environ), clock):
            if isinstance(event, Accepted):
                if values["name"] and not values["jwt_key_file"]:
                    _note_in_receipt(run, Path(request.key.argument), event.result)
                _show_accepted(run, event, show_token=values["show_token"])
            else:
                _show_progress(run, event)
    except LoginRefusedError as error:
        way = other_way(request, prepared.host, error.code)
        if way is None:
            raise
        command = _command_of(values, request, way)
        raise LoginRefusedError(error.code, error.message, *error.hints, f"another way to try: {command}") from None
    return 0


def _command_of(values: Values, request: "LoginRequest", way: "LoginRequest") -> str:
    """The same command line with the host and audience of another request."""
    changed = values | {"external_client_app": way.external_client_app, "audience": way.audience}
    if way.instance_url != request.instance_url:
        changed |= {"instance_url": way.instance_url, "sandbox": False}
    return shell_line(["sfkeytool", *command_line("login", _FIELDS, changed)])


def _note_in_receipt(run: Run, key: Path, result: "LoggedIn") -> None:
    """A record in NAME.json, if there is one: `renew --status` tells from it that the login was proved.

    The login worked whatever becomes of this, so a receipt that cannot be written is a warning.
    """
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.login import receipt

    folder, name = key.parent, key.stem
    files = PlannedFile.of(name, ArtifactKind.RECEIPT)
    if not os.path.isfile(folder / files[0].filename):
        return
    try:
        plan = run.plan(folder, files, force=False)
        run.commit([FolderWrite(plan, (), receipt(name, result, run.now))], agreed=True)
    except OutputError as error:
        run.console.warn(Notice("login.not-noted", f"the login is not noted in the receipt: {error.message}"))


def _show_progress(run: Run, event: "Event") -> None:
    from sfkeytool.workflows.login import NotYet, Trouble

    match event:
        case Notice():
            run.console.warn(event)
        case Trouble():
            run.console.say(f"{event.message}; again in {event.delay_seconds:.0f} s")
        case NotYet():
            old_key = {"accepted": "the old key still works; ", "refused": "the old key is refused too; "}
            run.console.say(
                f"not yet, after {event.elapsed_seconds:.0f} s: {event.words};"
                f" {old_key.get(event.old_key or '', '')}again in {event.delay_seconds:.0f} s"
            )


def _show_accepted(run: Run, event: "Accepted", *, show_token: bool) -> None:
    result = event.result
    shown = replace(result, access_token=event.access_token.reveal()) if show_token else result
    run.console.envelope(0, shown)
    run.console.result([Styled(line, GOOD)] for line in wrapped(f"Salesforce accepted the login of {result.username}"))
    run.console.result(_accepted_lines(result, verbose=run.console.verbose))
    token = [event.access_token.reveal()] if show_token else []
    run.console.result(f"  access token {one}" for one in token)
    run.console.answer(token)


def _accepted_lines(result: "LoggedIn", *, verbose: bool) -> Iterator[str]:
    told = {
        "org": result.org_id or "(not told)",
        "instance": result.instance_url,
        "scopes": " ".join(result.scopes) or "(not told)",
        "audience": f"{result.audience} ({result.audience_reason})",
        "took": f"{result.duration_ms} ms at {result.login_url}",
    }
    if result.certificate is not UNSET:
        told["certificate"] = certificate_line(result.certificate)
    if verbose:
        told["key SHA-256"] = result.key.public_key_sha256
    if result.old_key is not UNSET:
        told["old key"] = "accepted still" if result.old_key == "accepted" else "refused"
    for label, text in told.items():
        yield from wrapped(text, f"  {label:<11}  ")


COMMAND = Command(
    (
        Example(
            "Does Salesforce accept pay_api.key?",
            "sfkeytool login pay_api -i 3MVG9… -u bot@example.com",
        ),
        Example(
            "After an upload: wait until it does, for ten minutes",
            "sfkeytool login pay -i 3MVG9… -u bot@acme.com --wait 10",
        ),
        Example(
            "In a script: the key from the environment, a sandbox",
            "sfkeytool login -f env:KEY -i 3MVG9… -u me@x --sandbox",
        ),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("login", "login.LoggedIn"),),
    place=MenuPlace(
        Aim.REFUSED, "A login with a key fails", "Tries it, and says what Salesforce's answer means.", step=2
    ),
)
