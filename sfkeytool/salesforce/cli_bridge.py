"""The user's own Salesforce CLI, as it is spoken to: arguments, environment, what its JSON says. All is pure."""

from collections.abc import Mapping
from typing import Any

from sfkeytool.errors import OrgError, UsageError
from sfkeytool.names import is_org_alias
from sfkeytool.outside_json import parse_json
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.transport import parse_access_token, require_safe_url
from sfkeytool.shell import shell_line

_PASSED_ON = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP",
        "USERPROFILE", "USERNAME", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES",
        "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT",
        "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY",  # the keychain of a Linux desktop
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "SF_USE_GENERIC_UNIX_KEYCHAIN", "SFDX_USE_GENERIC_UNIX_KEYCHAIN",
        "SF_CONFIG_DIR", "SF_DATA_DIR", "SF_CACHE_DIR",
    }
)  # fmt: skip
"""What the CLI gets of our environment: what it needs to find its home, its keychain and the network. None of ours: no
password in a variable reaches it, nor what it starts."""

_QUIET = {
    "NO_COLOR": "1",
    "SF_DISABLE_TELEMETRY": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_DISABLE_AUTOUPDATE": "true",
}

_REDACTED = "[REDACTED"


def cli_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment that the Salesforce CLI is run with."""
    return {name: value for name, value in environ.items() if name.upper() in _PASSED_ON} | _QUIET


def parse_alias(text: str, given_by: str) -> str:
    """An alias or username. Raises UsageError."""
    alias = text.strip()
    if not is_org_alias(alias):
        raise UsageError(
            "usage.target-org", f"{given_by}: an alias or username of the Salesforce CLI is wanted", "see: sf org list"
        )
    return alias


def display_arguments(alias: str) -> list[str]:
    """What tells where an org is."""
    return ["org", "display", "--json", "--target-org", alias]


def token_arguments(alias: str) -> list[str]:
    """What tells the access token, of CLIs whose display does not."""
    return ["org", "auth", "show-access-token", "--json", "--target-org", alias]


def open_arguments(alias: str, path: str) -> list[str]:
    """What opens a page of an org in the user's browser, logged in. The CLI hands the browser an address that is good
    for one use; what it prints may hold that, and is secret."""
    return ["org", "open", "--path", path, "--target-org", alias]


def deploy_arguments(alias: str, name: str) -> list[str]:
    """What deploys the source of one certificate, from inside its project."""
    return ["project", "deploy", "start", "--metadata", f"Certificate:{name}", "--target-org", alias, "--json"]


def retrieve_arguments(alias: str, type: str, member: str, folder: str, version: str) -> list[str]:
    """What retrieves one component as the Metadata API's own file into a folder; outside any project."""
    return [
        "project", "retrieve", "start", "--metadata", f"{type}:{member}", "--target-metadata-dir", folder, "--unzip",
        "--single-package", "--api-version", version, "--target-org", alias, "--json",
    ]  # fmt: skip


def package_arguments(alias: str, folder: str, version: str) -> list[str]:
    """What deploys a folder with a package.xml; outside any project."""
    return [
        "project", "deploy", "start", "--metadata-dir", folder, "--single-package", "--api-version", version,
        "--target-org", alias,
    ]  # fmt: skip


def parse_retrieve(stdout: bytes, alias: str) -> None:
    """Raises OrgError org.retrieve-failed unless it succeeded; a component that is not there is no failure."""
    try:
        value = parse_json(stdout)
    except ValueError:
        raise _incomprehensible() from None
    result = value.get("result") if isinstance(value, dict) else None
    if isinstance(result, dict) and value.get("status") == 0 and result.get("success"):
        return
    words = str(value.get("message") or "") if isinstance(value, dict) else ""
    raise OrgError(
        "org.retrieve-failed",
        f"{alias}: the Salesforce CLI could not retrieve it: {words[:500] or 'no reason given'}",
        "sfkeytool explain may know the message",
    )


def parse_deploy(stdout: bytes, alias: str) -> None:
    """Raises OrgError unless the deployment succeeded, with Salesforce's words."""
    try:
        value = parse_json(stdout)
    except ValueError:
        raise _incomprehensible() from None
    result = value.get("result") if isinstance(value, dict) else None
    if isinstance(value, dict) and value.get("status") == 0 and isinstance(result, dict) and result.get("success"):
        return
    details = result.get("details") if isinstance(result, dict) else None
    failures = details.get("componentFailures") if isinstance(details, dict) else None
    failures = failures if isinstance(failures, list) else [failures]
    problems = [str(one.get("problem")) for one in failures if isinstance(one, dict) and one.get("problem")]
    words = "; ".join(problems) or str(value.get("message") if isinstance(value, dict) else "") or "no reason given"
    raise OrgError(
        "org.deploy-failed", f"{alias} did not take it: {words[:500]}", "sfkeytool explain may know the message"
    )


def parse_display(stdout: bytes, alias: str) -> tuple[str, Secret | None]:
    """Instance URL, and the access token where this CLI still shows it. Raises OrgError."""
    result = _result(stdout, alias)
    url, token = result.get("instanceUrl"), result.get("accessToken")
    shown = isinstance(token, str) and token and not token.startswith(_REDACTED)
    try:
        return require_safe_url(str(url).strip()), parse_access_token(str(token)) if shown else None
    except (UsageError, ValueError):
        raise _incomprehensible() from None


def parse_token(stdout: bytes, alias: str) -> Secret:
    """The access token. Raises OrgError."""
    token = _result(stdout, alias).get("accessToken")
    try:
        if isinstance(token, str) and not token.startswith(_REDACTED):
            return parse_access_token(token)
    except ValueError:
        pass
    raise _incomprehensible()


def _result(stdout: bytes, alias: str) -> dict[str, Any]:
    try:
        value = parse_json(stdout)
    except ValueError:
        raise _incomprehensible() from None
    if not isinstance(value, dict):
        raise _incomprehensible()
    if value.get("status") == 0 and isinstance(value.get("result"), dict):
        result: dict[str, Any] = value["result"]
        return result
    name = str(value.get("name") or "an error")[:80]
    if name in ("NamedOrgNotFoundError", "NamedOrgNotFound"):
        raise OrgError(
            "org.cli-unknown",
            f"the Salesforce CLI knows no org {alias}",
            "see which it knows: sf org list",
            f"log in: {shell_line(['sf', 'org', 'login', 'web', '--alias', alias])}",
        )
    # Its own words may quote what it knows of the org, so that only the name is passed on.
    raise OrgError(
        "org.cli-failed",
        f"the Salesforce CLI could not tell of {alias}: {name}",
        f"try: {shell_line(['sf', 'org', 'display', '-o', alias])}",
    )


def _incomprehensible() -> OrgError:
    return OrgError(
        "org.cli-answer",
        "the Salesforce CLI did not answer in a form that is known here",
        "is it up to date? sf update, or npm install --global @salesforce/cli",
    )
