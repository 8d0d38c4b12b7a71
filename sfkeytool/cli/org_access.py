"""The way to an org: the user's Salesforce CLI, a login of our own, or a token in the environment."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.cli import login_fields, options
from sfkeytool.cli.fields import Field, Group, Offer, Question, Values
from sfkeytool.cli.run import Run
from sfkeytool.edge.ask import Choice
from sfkeytool.errors import OrgError, UsageError
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.salesforce.ckm import CkmEntry
    from sfkeytool.salesforce.org import OrgClient, OrgIdentity, Session


def _alias(answer: str) -> str:
    from sfkeytool.salesforce.cli_bridge import parse_alias

    return parse_alias(answer, "--target-org")


def _alias_or_nothing(answer: str) -> None:
    if answer:
        _alias(answer)


def org_rows() -> list[Choice]:
    """Those that the Salesforce CLI knows."""
    from sfkeytool.edge.cli_orgs import known_orgs

    rows = []
    for org in known_orgs(os.environ)[:_MOST_ROWS]:
        about = [org.username] if org.username != org.name else []
        about += ["the Salesforce CLI's default"] if org.is_default else []
        rows.append(Choice(org.name, f"{org.name} ({', '.join(about)})" if about else org.name))
    return rows


def _known_orgs(values: Mapping[str, Any]) -> Sequence[Choice]:
    """Those; and none, where one is not needed."""
    rows = org_rows()
    return [*rows, Choice("", "No org")] if rows and not values.get("deploy") else rows


_MOST_ROWS = 50
TARGET_ORG = Field(
    "target_org",
    str,
    "The org: an alias or username of the Salesforce CLI. [default: $SF_TARGET_ORG]",
    ("--target-org", "-o"),
    metavar="ALIAS",
    group=Group.ORG,
    offer=Offer.ORG,
    question=Question(
        "Org, an alias of the Salesforce CLI (sf org list):",
        check=_alias_or_nothing,
        menu_only=True,
        offers=_known_orgs,
    ),
)
TARGET_ORGS = replace(
    TARGET_ORG,
    type=list[str],
    into="orgs",
    question=None,
    help="An org to read: an alias or username of the Salesforce CLI. Repeatable. [default: $SF_TARGET_ORG, where no"
    " PATH is given]",
)
NAME_CLASH_ORG = replace(
    TARGET_ORG, help="Warn when this org's CKM has NAME already: an alias of the Salesforce CLI.", question=None
)
API_VERSION = Field(
    "api_version",
    str,
    "Version of Salesforce's API. [default: $SF_ORG_API_VERSION, else the org's newest]",
    ("--api-version",),
    metavar="VERSION",
    group=Group.ORG,
)


def _login_option(field: Field) -> Field:
    return replace(field, required=False, question=None)


LOGIN = (
    replace(
        _login_option(login_fields.CLIENT_ID),
        help="Log in without the Salesforce CLI: the app's consumer key, with --username and --jwt-key-file.",
    ),
    replace(_login_option(login_fields.USERNAME), help="With --client-id: user to log in as."),
    replace(_login_option(login_fields.KEY), help="With --client-id: private key, as login takes it."),
    replace(_login_option(login_fields.INSTANCE_URL), help="With --client-id: where to log in."),
    replace(_login_option(login_fields.SANDBOX), help="With --client-id: log in at https://test.salesforce.com."),
    replace(
        _login_option(login_fields.EXTERNAL_CLIENT_APP),
        help="With --client-id: it is an External Client App, which logs in at the org's My Domain.",
    ),
    replace(_login_option(login_fields.AUDIENCE), help="With --client-id: audience of the assertion."),
)

ONE_ORG = (
    TARGET_ORG,
    API_VERSION,
    *LOGIN,
    replace(
        options.OPENING_PASSWORD,
        help="Password of an encrypted --jwt-key-file. Repeatable. [default: $SFKEYTOOL_PASSWORD, else the prompt]",
    ),
)
"""What a command with one org takes."""

NEEDED_ORG = (
    replace(
        TARGET_ORG,
        required=True,
        unless=tuple(field.name for field in LOGIN),
        unless_environment=("SF_TARGET_ORG", "SF_ACCESS_TOKEN"),
        question=Question(
            "Which org, by its alias in the Salesforce CLI?",
            offers=lambda values: [choice for choice in _known_orgs(values) if choice.value],
        ),
        convert=_alias,
    ),
    *ONE_ORG[1:],
)
"""The same of a command that cannot do without."""


class OrgAccess(Struct, frozen=True):
    """An org that is meant. ``connect`` may take seconds; it raises OrgError, NetworkError and LoginRefusedError."""

    label: str
    connect: "Callable[[], OrgClient]"
    way: tuple[str, ...] | None = None
    """Arguments that lead there again; None for a login of our own, whose consumer key is for nobody's screen."""


def find_orgs(run: Run, values: Values, aliases: Sequence[str], *, use_environment: bool) -> list[OrgAccess]:
    """The orgs that flags, or else the environment, name. What needs a person is asked here, before any thread starts.

    Raises UsageError, and what reading a private key raises.
    """
    from sfkeytool.salesforce.cli_bridge import parse_alias
    from sfkeytool.salesforce.org import parse_api_version

    version = None
    for text, given_by in (
        (values.get("api_version"), "--api-version"),
        (run.environ.get("SF_ORG_API_VERSION"), "SF_ORG_API_VERSION"),
    ):
        if text and version is None:
            version = parse_api_version(text, given_by)
    found = [_through_cli(run, parse_alias(alias, "--target-org"), version) for alias in dict.fromkeys(aliases)]
    if values.get("client_id") is not None:
        found.append(_own_login(run, values, version))
    elif any(values.get(field.name) for field in LOGIN if field.name != "client_id"):
        raise UsageError("usage.missing", "missing: --client-id", "a login of our own wants it; or use --target-org")
    if found or not use_environment:
        return found
    if alias := run.environ.get("SF_TARGET_ORG"):
        return [_through_cli(run, parse_alias(alias, "SF_TARGET_ORG"), version)]
    token, url = run.environ.get("SF_ACCESS_TOKEN"), run.environ.get("SF_ORG_INSTANCE_URL")
    if token:
        if not url:
            raise UsageError(
                "usage.instance-url", "SF_ACCESS_TOKEN is set without SF_ORG_INSTANCE_URL: where does it go?"
            )
        return [_with_token(run, token, url, version)]
    return []


def one_org(run: Run, values: Values) -> OrgAccess:
    """The org of a command that is about one. Raises as find_orgs(), and UsageError unless exactly one is named."""
    access = optional_org(run, values)
    if access is None:
        raise UsageError(
            "usage.missing",
            "missing: --target-org",
            "an alias of the Salesforce CLI (sf org list); or --client-id, --username and --jwt-key-file",
        )
    return access


def optional_org(run: Run, values: Values) -> OrgAccess | None:
    """The same of a command that does without; None where none is named."""
    found = find_orgs(run, values, [values["target_org"]] if values["target_org"] else [], use_environment=True)
    if len(found) > 1:
        raise UsageError("usage.target-org", "--target-org and --client-id both name an org", "give one")
    return found[0] if found else None


class OneOrg(Struct, frozen=True):
    """The org of a command that is about one, once there is a way in. ``cli_alias`` is what the Salesforce CLI calls
    it; None where the way does not go through the CLI."""

    client: "OrgClient"
    identity: "OrgIdentity"
    cli_alias: str | None

    @property
    def label(self) -> str:
        return self.identity.alias


def connected(run: Run, access: OrgAccess, *, must_tell: bool = False) -> OneOrg:
    """``must_tell``: an org that does not say which it is will not do.

    Raises OrgError, NetworkError and LoginRefusedError.
    """
    from sfkeytool.edge.scratch_folder import sweep_scratch
    from sfkeytool.salesforce.org import OrgIdentity, ends_everything

    sweep_scratch(run.environ)  # a killed run's browser may have left a session there
    with run.progress(f"logging in to {access.label} …"):
        client = access.connect()
        warn_of_instance(run, client.url)
        try:
            identity = client.identity(access.label)
        except OrgError as error:
            if must_tell or ends_everything(error):
                raise
            identity = OrgIdentity.untold(access.label, client.url)
    return OneOrg(client, identity, access.label if access.way else None)


def read_entry(run: Run, org: OneOrg, name: str) -> "CkmEntry":
    """The record of CKM that is called ``name``. Raises OrgError and NetworkError."""
    from sfkeytool.salesforce.ckm import read_certificate

    with run.progress(f"reading CKM of {org.label} …"):
        entry = read_certificate(org.client, name)
    if entry is None:
        raise OrgError(
            "ckm.unknown",
            f"CKM of {org.label} has no certificate {name}",
            "see them all: " + shell_line(["sfkeytool", "ckm", "list"]),
        )
    return entry


def warn_of_instance(run: Run, url: str | None) -> None:
    """Where an org's address names a server instance. Not while it is connected: that may be one thread of many."""
    from sfkeytool.salesforce.hosts import instanced_notice

    if url is not None and (notice := instanced_notice(url)):
        run.console.warn(notice)


def _client(run: Run, session: "Session") -> "OrgClient":
    import time

    from sfkeytool.salesforce.org import OrgClient, Pace
    from sfkeytool.salesforce.transport import HttpTransport

    return OrgClient(session, HttpTransport(run.environ), Pace(time.monotonic, time.sleep))


def _through_cli(run: Run, alias: str, version: str | None) -> OrgAccess:
    def connect() -> "OrgClient":
        from sfkeytool.edge.salesforce_cli import run_salesforce_cli
        from sfkeytool.salesforce import cli_bridge
        from sfkeytool.salesforce.org import Session

        environment = cli_bridge.cli_environment(run.environ)
        shown = run_salesforce_cli(cli_bridge.display_arguments(alias), environment)
        url, token = cli_bridge.parse_display(shown.stdout, alias)
        if token is None:
            answer = run_salesforce_cli(cli_bridge.token_arguments(alias), environment)
            token = cli_bridge.parse_token(answer.stdout, alias)
        return _client(run, Session(url, token, version))

    return OrgAccess(alias, connect, ("--target-org", alias))


def _own_login(run: Run, values: Values, version: str | None) -> OrgAccess:
    for name, flag in (("username", "--username"), ("jwt_key_file", "--jwt-key-file")):
        if values.get(name) is None:
            raise UsageError("usage.missing", f"missing: {flag}", "a login with --client-id wants it")
    fields = (*LOGIN, options.OPENING_PASSWORD)
    given = {field.name: values.get(field.name, field.default) for field in fields}
    request = login_fields.login_request(fields, given, run.environ)
    prepared = login_fields.prepare_login(run, request)

    def connect() -> "OrgClient":
        from datetime import UTC, datetime
        from time import monotonic, sleep

        from sfkeytool.salesforce.org import Session
        from sfkeytool.salesforce.transport import HttpTransport
        from sfkeytool.workflows.login import Accepted, Clock, login

        clock = Clock(lambda: datetime.now(UTC), monotonic, sleep)
        for event in login(request, prepared, HttpTransport(run.environ), clock):
            if isinstance(event, Accepted):
                url = event.result.instance_url or prepared.host.url
                return _client(run, Session(url, event.access_token, version))
        raise OrgError("org.session", f"{request.username} could not log in")

    return OrgAccess(request.username, connect)


def _with_token(run: Run, token: str, url: str, version: str | None) -> OrgAccess:
    from urllib.parse import urlsplit

    from sfkeytool.salesforce.org import Session
    from sfkeytool.salesforce.transport import parse_access_token

    try:
        access_token = parse_access_token(token)
    except ValueError:
        raise UsageError(
            "usage.access-token",
            "SF_ACCESS_TOKEN holds no access token: one is a single line of printable ASCII without blanks",
            "see what is in the variable of the CI system: quotes, two lines, an error message?",
        ) from None
    client = _client(run, Session(url.strip(), access_token, version))
    return OrgAccess(urlsplit(client.url).netloc, lambda: client, ())
