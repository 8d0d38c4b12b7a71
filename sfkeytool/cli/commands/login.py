"""``login``: prove that a key works."""

import os.path
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.fields import Field, Question, Values, command_line, existing_path
from sfkeytool.cli.render import certificate_line
from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError, LoginRefusedError, OutputError, UsageError
from sfkeytool.model import ArtifactKind, Notice, PlannedFile
from sfkeytool.passwords import Source, SourceKind
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.workflows.login import Accepted, Event
    from sfkeytool.workflows.requests import LoginRequest

_STDIN_LIMIT = 1 << 20
"""Bytes of a key on stdin: our own bound, as no key or keystore comes near it."""
_WHICH_KEY = "Private key (a file):"

NAME = Field(
    "name",
    str,
    "The certificate whose NAME.key logs in and whose NAME.crt is compared with it first.",
    metavar="[NAME]",
    question=Question("Name of the certificate (Enter to give a key file instead):", menu_only=True),
)
CLIENT_ID = Field(
    "client_id",
    str,
    "Consumer key of the connected app or External Client App.",
    ("--client-id", "-i"),
    metavar="KEY",
    required=True,
    question=Question("Consumer key of the app:"),
)
USERNAME = Field(
    "username",
    str,
    "User to log in as.",
    ("--username", "-u"),
    metavar="USER",
    required=True,
    question=Question("Username (user@example.com):"),
)
KEY = Field(
    "jwt_key_file",
    str,
    "Private key: any key file or keystore, env:VARIABLE that holds PEM or base64, or - for stdin."
    " [default: NAME.key in the folder of NAME]",
    ("--jwt-key-file", "-f"),
    metavar="FILE",
    question=Question(_WHICH_KEY, "path", menu_only=True, when=lambda values: values.get("name") is None),
)
INSTANCE_URL = Field(
    "instance_url",
    str,
    "Where to log in; the assertion goes nowhere else. [default: $SF_ORG_INSTANCE_URL, else"
    " https://login.salesforce.com]",
    ("--instance-url", "-r"),
    metavar="URL",
    question=Question(
        "My Domain of the org (Enter for https://login.salesforce.com, where no External Client App is known):",
        menu_only=True,
    ),
)
SANDBOX = Field("sandbox", bool, "Log in at https://test.salesforce.com.", ("--sandbox",))
EXTERNAL_CLIENT_APP = Field(
    "external_client_app",
    bool,
    "The app is an External Client App: --instance-url must be the org's My Domain, which is the audience too.",
    ("--external-client-app",),
    question=Question("Is it an External Client App?", "confirm", menu_only=True),
)
AUDIENCE = Field(
    "audience",
    str,
    "Audience (aud) of the assertion. [default: $SF_AUDIENCE_URL, else what follows from host and kind of app]",
    ("--audience",),
    metavar="URL",
)
CERTIFICATE = Field(
    "certificate",
    Path,
    "The certificate that the app should have; the key must fit it. [default: NAME.crt, if it is there]",
    ("--certificate",),
    metavar="FILE",
)
FOLDER = Field("output_dir", str, "The folder of NAME. [default: ./NAME]", ("--output-dir", "-d"), metavar="DIR")
WAIT = Field(
    "wait",
    int,
    "After an upload: try until the key is accepted, so many minutes at most.",
    ("--wait",),
    metavar="MINUTES",
)
POLL_INTERVAL = Field(
    "poll_interval", int, "Seconds between two tries of --wait, 5 or more.", ("--poll-interval",), metavar="SECONDS",
    default=20,
)  # fmt: skip
OLD_KEY = Field(
    "old_key", Path, "The key that is being replaced: tell whether it still works.", ("--old-key",), metavar="FILE"
)
SHOW_TOKEN = Field("show_token", bool, "Show the access token, which is a secret: a whole session.", ("--show-token",))


def _execute(run: Run, values: Values) -> int:
    if values["name"] is None and values["jwt_key_file"] is None and run.asker is not None:
        # In place, so that the command line which is shown at the end names it too.
        values["jwt_key_file"] = run.asker.path(_WHICH_KEY, check=existing_path)

    from datetime import UTC, datetime
    from time import monotonic, sleep

    from sfkeytool.cli.building import build_login_request
    from sfkeytool.salesforce.transport import HttpTransport
    from sfkeytool.workflows.login import Accepted, Clock, LoginInputs, login, other_way, prepare

    request = build_login_request(values, run.environ)
    key = read_key(run, request.key)
    certificate = run.read(request.certificate) if request.certificate else None
    old_key = run.read(request.old_key) if request.old_key else None
    given = [run.secret(source, "--password", "Password of the key") for source in request.passwords]
    prepared = run.with_passwords(
        given, lambda known: prepare(request, LoginInputs(key, certificate, old_key, known), run.now)
    )
    for notice in prepared.notices:
        run.console.warn(notice)
    run.console.detail(f"POST {prepared.host.token_url}")
    run.console.detail(f"audience {prepared.host.audience}: {prepared.host.reason}")
    clock = Clock(lambda: datetime.now(UTC), monotonic, sleep)
    try:
        for event in login(request, prepared, HttpTransport(run.environ), clock):
            if isinstance(event, Accepted):
                if values["name"] and not values["jwt_key_file"]:
                    _note_in_receipt(run, values, event.facts)
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
    return shell_line(["sfkeytool", *command_line("login", LOGIN.fields, changed)])


def read_key(run: Run, source: Source) -> "InputFile":
    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.workflows.login import decode_key_text

    match source.kind:
        case SourceKind.ENV:
            text = run.environ.get(source.argument)
            if text is None:
                raise InputError("secret.env-unset", f"--jwt-key-file: the variable {source.argument} is not set")
            return decode_key_text(text, f"${source.argument}")
        case SourceKind.STDIN:
            return InputFile("stdin", _read_stdin())
    return run.read(Path(source.argument))


def _read_stdin() -> bytes:
    if sys.stdin is None:
        raise InputError("input.not-found", "--jwt-key-file: there is no stdin to read from")
    if sys.stdin.isatty():
        raise UsageError("usage.stdin-is-terminal", "--jwt-key-file -: stdin is a terminal; pipe the key into it")
    data = sys.stdin.buffer.read(_STDIN_LIMIT + 1)
    if len(data) > _STDIN_LIMIT:
        raise InputError("input.too-large", "stdin holds more than 1 MB, and no key does")
    if not data:
        raise InputError("input.empty", "stdin is empty; a private key was expected")
    return data


def _note_in_receipt(run: Run, values: Values, facts: Mapping[str, Any]) -> None:
    """A record in NAME.json, if there is one: `renew --status` tells from it that the login was proved.

    The login worked whatever becomes of this, so a receipt that cannot be written is a warning.
    """
    from sfkeytool.cli.building import build_login_request
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.receipts import receipt_record

    key = Path(build_login_request(values, run.environ).key.argument)
    folder, name = key.parent, key.stem
    if not os.path.isfile(folder / f"{name}.json"):
        return
    kept = {field: facts[field] for field in ("orgId", "loginUrl", "key")}
    record = receipt_record("login", run.now, (), {"name": name, **kept})
    try:
        plan = run.plan(folder, [PlannedFile(f"{name}.json", ArtifactKind.RECEIPT)], force=False)
        run.commit([FolderWrite(plan, (), record)])
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
    token = {"accessToken": event.access_token.reveal()} if show_token else {}
    run.console.envelope(0, event.facts | token)
    run.console.heading(f"Salesforce accepted the login of {event.facts['username']}")
    run.console.result(_accepted_lines(event.facts))
    if show_token:
        run.console.result([f"  access token {event.access_token.reveal()}"])


def _accepted_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"  org          {facts['orgId'] or '(not told)'}"
    yield f"  instance     {facts['instanceUrl']}"
    yield f"  scopes       {' '.join(facts['scopes']) or '(not told)'}"
    yield f"  audience     {facts['audience']} ({facts['audienceReason']})"
    yield f"  took         {facts['durationMs']} ms at {facts['loginUrl']}"
    if certificate := facts.get("certificate"):
        yield f"  certificate  {certificate_line(certificate)}"
    yield f"  key SHA-256  {facts['key']['publicKeySha256']}"
    if old_key := facts.get("oldKey"):
        yield "  old key      " + ("accepted still" if old_key == "accepted" else "refused")


LOGIN = Command(
    (
        "sfkeytool login pay_api --client-id 3MVG9… --username bot@example.com",
        "sfkeytool login pay_api -i 3MVG9… -u bot@example.com --external-client-app -r https://acme.my.salesforce.com",
        "sfkeytool login -f env:JWT_KEY -i 3MVG9… -u bot@example.com.uat --sandbox --json",
        "sfkeytool login pay_api_202711 -i 3MVG9… -u bot@example.com --wait 10 --old-key pay_api/pay_api.key",
    ),
    (
        NAME,
        CLIENT_ID,
        USERNAME,
        EXTERNAL_CLIENT_APP,
        INSTANCE_URL,
        SANDBOX,
        AUDIENCE,
        KEY,
        options.ALIAS,
        options.OPENING_PASSWORD,
        CERTIFICATE,
        OLD_KEY,
        WAIT,
        POLL_INTERVAL,
        SHOW_TOKEN,
        FOLDER,
    ),
    _execute,
    place=MenuPlace(Road.OTHER, "Log in with a key: does Salesforce accept it?"),
)
