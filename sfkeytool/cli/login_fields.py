"""What a login is told with, by ``login`` itself and by every command that logs in to an org; and the key it reads."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfkeytool.cli.fields import Field, Group, Offer, Question, typed_values
from sfkeytool.cli.key_sources import parse_key_source, read_key
from sfkeytool.errors import UsageError
from sfkeytool.model import Request
from sfkeytool.passwords import Source, SourceKind

if TYPE_CHECKING:
    from sfkeytool.cli.run import Run
    from sfkeytool.workflows.login_preparation import LoginRequest, Prepared

WHICH_KEY = "Private key (a file):"


def _not_empty(flag: str) -> Callable[[str], str]:
    def check(given: str) -> str:
        if not given.strip():
            raise UsageError("usage.empty", f"{flag} is empty: is a variable not set?")
        return given.strip()

    return check


CLIENT_ID = Field(
    "client_id",
    str,
    "Consumer key of the connected app or External Client App.",
    ("--client-id", "-i"),
    group=Group.ORG,
    metavar="KEY",
    required=True,
    convert=_not_empty("--client-id"),
    question=Question("Consumer key of the app:"),
)
USERNAME = Field(
    "username",
    str,
    "User to log in as.",
    ("--username", "-u"),
    group=Group.ORG,
    metavar="USER",
    required=True,
    convert=_not_empty("--username"),
    question=Question("Username (user@example.com):"),
)
KEY = Field(
    "jwt_key_file",
    str,
    "Private key: a key file or keystore, env:NAME or cmd:COMMAND that gives PEM or base64, prompt (pasted, not"
    " shown) or - for stdin. [default: NAME.key in the folder of NAME]",
    ("--jwt-key-file", "-f"),
    group=Group.ORG,
    offer=Offer.KEY_FILE,
    metavar="FILE",
    convert=_not_empty("--jwt-key-file"),
    question=Question(WHICH_KEY, "path", menu_only=True, when=lambda values: values.get("name") is None),
)


def _login_host(answer: str, values: Mapping[str, Any]) -> None:
    """What the login itself says to the host. One that the environment names is looked at there."""
    from sfkeytool.salesforce.hosts import PRODUCTION, parse_login_host

    if answer or not os.environ.get("SF_ORG_INSTANCE_URL"):
        parse_login_host(answer or PRODUCTION, external_client_app=bool(values.get("external_client_app")))


INSTANCE_URL = Field(
    "instance_url",
    str,
    "Where to log in; the assertion goes nowhere else. [default: $SF_ORG_INSTANCE_URL, else"
    " https://login.salesforce.com]",
    ("--instance-url", "-r"),
    group=Group.ORG,
    metavar="URL",
    question=Question(
        "My Domain of the org (Enter for https://login.salesforce.com, where no External Client App is known):",
        judge=_login_host,
        menu_only=True,
    ),
)
SANDBOX = Field("sandbox", bool, "Log in at https://test.salesforce.com.", ("--sandbox",), group=Group.ORG)
EXTERNAL_CLIENT_APP = Field(
    "external_client_app",
    bool,
    "The app is an External Client App: --instance-url is the org's My Domain, and the audience.",
    ("--external-client-app",),
    group=Group.ORG,
    question=Question("Is it an External Client App?", "confirm", menu_only=True),
)
AUDIENCE = Field(
    "audience",
    str,
    "Audience (aud) of the assertion. [default: $SF_AUDIENCE_URL, else what follows from host and kind of app]",
    ("--audience",),
    group=Group.ORG,
    metavar="URL",
)


class _Given(Request, frozen=True, kw_only=True):
    """What decides together which key logs in, and where."""

    name: str | None = None
    output_dir: Path | None = None
    jwt_key_file: str | None = None
    certificate: Path | None = None
    passwords: tuple[Source, ...] = ()
    instance_url: str | None = None
    sandbox: bool = False
    audience: str | None = None


def login_request(fields: Sequence[Field], values: Mapping[str, Any], environ: Mapping[str, str]) -> "LoginRequest":
    """The request that these values make; ``environ`` gives host and audience where no flag does. Raises UsageError."""
    from sfkeytool.salesforce.hosts import SANDBOX as SANDBOX_URL
    from sfkeytool.workflows.login_preparation import LoginRequest

    typed = typed_values(fields, values)
    given = _Given.from_values(typed)
    if given.sandbox and given.instance_url:
        raise UsageError("usage.instance-url", "--sandbox and --instance-url both say where to log in", "give one")
    key, certificate = _files(given)
    if key.kind is SourceKind.STDIN and key in given.passwords:
        raise UsageError(
            "usage.stdin-twice",
            "--jwt-key-file and --password both read stdin",
            "use env:NAME, file:PATH or cmd:COMMAND for one",
        )
    default_url = SANDBOX_URL if given.sandbox else environ.get("SF_ORG_INSTANCE_URL")
    found = {
        "instance_url": given.instance_url or default_url or None,
        "audience": (given.audience or environ.get("SF_AUDIENCE_URL") or "").strip() or None,
        "audience_from": "--audience" if given.audience else "SF_AUDIENCE_URL",
        "key": key,
        "key_named": given.jwt_key_file is not None,
        "certificate": certificate,
    }
    return LoginRequest.from_values(typed | found)


def _files(given: _Given) -> tuple[Source, Path | None]:
    """The private key and its certificate: as given, else those in the folder of NAME."""
    certificate = given.certificate
    if given.name is not None:
        folder = given.output_dir or Path(given.name)
        beside = folder / f"{given.name}.crt"
        if certificate is None and os.path.isfile(beside):
            certificate = beside
        if given.jwt_key_file is None:
            return Source(SourceKind.FILE, str(folder / f"{given.name}.key")), certificate
    if given.jwt_key_file is None:
        raise UsageError("usage.missing", "missing: NAME or --jwt-key-file", "which private key is to log in?")
    return parse_key_source(given.jwt_key_file, "--jwt-key-file"), certificate


def prepare_login(run: "Run", request: "LoginRequest") -> "Prepared":
    """Read what the request names, and open the key. Raises what reading and prepare() raise."""
    from sfkeytool.workflows.login_preparation import LoginInputs, prepare

    key = read_key(run, request.key, "--jwt-key-file", named=request.key_named)
    certificate = run.read(request.certificate) if request.certificate else None
    old_key = run.read(request.old_key) if request.old_key else None
    given = [run.secret(source, "--password", "Password of the key") for source in request.passwords]
    return run.with_passwords(
        given, lambda known: prepare(request, LoginInputs(key, certificate, old_key, known), run.now)
    )
