"""What stands in the way of an import, looked at before any door is opened; nothing here changes an org.

Each condition says who can change it. None advises to lower a policy of the org. Most hold in any org (the same page,
the same permissions); which of them an org enforces how was never tried against a live one.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.acceptance.engine import Verdict
from sfkeytool.errors import OrgError, SfkeytoolError
from sfkeytool.model import Result
from sfkeytool.names import is_unique_name, next_name
from sfkeytool.salesforce.ckm import MANY_CERTIFICATES, MOST_CERTIFICATES, deleted_names
from sfkeytool.salesforce.org import OrgClient, OrgIdentity, ends_everything, part_of
from sfkeytool.shell import path_argument, shell_line
from sfkeytool.workflows.ckm_import.keystore import ImportKeystore
from sfkeytool.workflows.ckm_import.proof import EntryProof, ProofState, prove_present

_ADMIN = "an administrator of the org, who assigns a permission set"
_SECURITY = "whoever decides the org's security policies"

_MINE = (
    "SELECT PermissionSet.PermissionsManageCertificates, PermissionSet.PermissionsViewSetup,"
    " PermissionSet.PermissionsApiUserOnly FROM PermissionSetAssignment WHERE AssigneeId = '{user}'"
)
"""A profile's permissions count too: it has a permission set of its own (SOAP API Developer Guide, "PermissionSet")."""

_NEEDED = {
    "PermissionsManageCertificates": "Manage Certificates",
    "PermissionsViewSetup": "View Setup and Configuration",
}
"""Salesforce Help, "Generate a Self-Signed Certificate": what creating and managing certificates asks for."""


class ConditionCode(StrEnum):
    """Which condition; the code of its notice too, in docs/codes.md."""

    ORG = "import.org"
    KEYSTORE = "import.keystore"
    NAME = "import.name"
    DELETED_NAME = "import.deleted-name"
    ROOM = "import.room"
    PERMISSION = "import.permission"
    API_ONLY = "import.api-only"
    SESSION = "import.session"
    HIGH_ASSURANCE = "import.high-assurance"
    IDENTITY_PROVIDER = "import.identity-provider"


class ConditionState(StrEnum):
    MET = "met"
    UNMET = "unmet"
    UNSURE = "unsure"
    """No API tells, or the org did not, or what it told is reported by others and not documented."""


class Condition(Result, frozen=True, kw_only=True):
    """One condition of an import. ``who`` can change it; None where it is met."""

    code: ConditionCode
    state: ConditionState
    message: str
    who: str | None


class Preflight(Struct, frozen=True):
    """``present``: what CKM has of each entry already; empty without a keystore."""

    conditions: tuple[Condition, ...]
    present: tuple[EntryProof, ...] = ()

    @property
    def unmet(self) -> tuple[Condition, ...]:
        """Those that an import would fail for."""
        return tuple(each for each in self.conditions if each.state is ConditionState.UNMET)

    @property
    def unsure(self) -> tuple[Condition, ...]:
        return tuple(each for each in self.conditions if each.state is ConditionState.UNSURE)

    @property
    def is_there(self) -> bool:
        """Whether CKM holds every entry's certificate already: there is nothing to import."""
        return bool(self.present) and all(entry.state is ProofState.SAME for entry in self.present)


def preflight(
    client: OrgClient, org: OrgIdentity, keystore: ImportKeystore | None, now: datetime, *, needs_session: bool = True
) -> Preflight:
    """Every condition, in the order in which a person would meet them; without a keystore those of the org alone.

    ``needs_session``: whether the page is to be opened with the session of ``client``, and not with a login of its own.
    Raises OrgError for what ends everything, org.session above all: a session that has expired; and NetworkError.
    """
    conditions = [_org(org)]
    if keystore is not None:
        conditions.append(_keystore(keystore))
    if client.has_jwt_token and (refused := _refused_token(client)):
        return Preflight((*conditions, refused))
    present = prove_present(client, keystore.entries) if keystore is not None else ()
    certificates = client.list_metadata(["Certificate"])
    names = [found.full_name.lower() for found in certificates]
    if keystore is not None:
        conditions += _names(keystore, present, names, now)
    new = sum(entry.state is ProofState.MISSING for entry in present)
    conditions.append(_room(len(names), new if keystore is not None else 1))
    user = tuple(_user(client))
    conditions += user if needs_session else map(_of_a_watcher, user)
    if needs_session:
        conditions.append(_token(client))
    conditions += _object(client, [entry.name for entry in keystore.entries] if keystore else [], names)
    conditions.append(_identity_provider(client))
    return Preflight(tuple(conditions), present)


def _met(code: ConditionCode, message: str) -> Condition:
    return Condition(code=code, state=ConditionState.MET, message=message, who=None)


def _unmet(code: ConditionCode, message: str, who: str) -> Condition:
    return Condition(code=code, state=ConditionState.UNMET, message=message, who=who)


def _unsure(code: ConditionCode, message: str, who: str) -> Condition:
    return Condition(code=code, state=ConditionState.UNSURE, message=message, who=who)


def _org(org: OrgIdentity) -> Condition:
    where = ", ".join(filter(None, (org.name, org.kind, org.org_id, org.instance_url)))
    if org.org_id is None:
        return _unsure(ConditionCode.ORG, f"{org.alias} does not say which org it is ({where})", _ADMIN)
    return _met(ConditionCode.ORG, f"{org.alias} is {where}")


def _keystore(keystore: ImportKeystore) -> Condition:
    report = keystore.report
    you = "you: make or repair the keystore"
    if report.verdict is Verdict.REJECT:
        errors = [one for one in report.findings if one.rule.severity == "error"]
        said = errors[0].rule.salesforce_message
        words = f'; Salesforce says: "{said}"' if said else ""
        return _unmet(
            ConditionCode.KEYSTORE,
            f"{keystore.path}: {errors[0].rule.title}: {errors[0].evidence.saw}{words}",
            f"{you}: {shell_line(['sfkeytool', 'check', path_argument(keystore.path), '--fix'])}",
        )
    if report.verdict is Verdict.UNSURE:
        reason = next(one.reason for one in report.unknown if one.rule.severity == "error")
        return _unsure(
            ConditionCode.KEYSTORE, f"{keystore.path} could not be judged whole: {reason}", "you: --password"
        )
    if keystore.is_bcfks:
        return _unsure(
            ConditionCode.KEYSTORE,
            f"{keystore.path} is BCFKS, which orgs in Government Cloud alone take: whether this one is, nothing tells,"
            " and what they take of BCFKS is not documented",
            "you: for any other org make a JKS of it:"
            f" {shell_line(['sfkeytool', 'check', path_argument(keystore.path), '--fix'])}",
        )
    return _met(ConditionCode.KEYSTORE, f"{keystore.path}: check finds nothing that the import refuses")


def _names(
    keystore: ImportKeystore, present: Sequence[EntryProof], names: Sequence[str], now: datetime
) -> Iterator[Condition]:
    """Of each entry: CKM has no certificate of its name, or its very certificate."""
    all_there = all(proof.state is ProofState.SAME for proof in present)
    for entry, proof in zip(keystore.entries, present, strict=True):
        name = entry.name
        if proof.state is ProofState.MISSING:
            yield _met(ConditionCode.NAME, f"CKM has no certificate {name} yet")
        elif proof.state is ProofState.SAME and all_there:
            yield _met(ConditionCode.NAME, f"CKM holds this very certificate already, as {proof.name}")
        else:
            free = next_name(name, now.date(), frozenset(names)) if is_unique_name(name) else ""
            line = ["sfkeytool", "check", path_argument(keystore.path), "--fix", "--as", free]
            copy = f"you: import a copy under the free name {free}: {shell_line(line)}" if free else "you"
            what = "this certificate" if proof.state is ProofState.SAME else "another certificate"
            yield _unmet(ConditionCode.NAME, f"CKM has {what} under the name {proof.name} already", copy)


def _room(count: int, more: int) -> Condition:
    reported = f"{MOST_CERTIFICATES} are reported to be the most (by a third party; no page of Salesforce's says so)"
    held = f"CKM holds {count} certificate{'' if count == 1 else 's'}, and {reported}"
    who = "an administrator of the org, who deletes in Setup what nothing uses: what is in use has a greyed-out Delete"
    if count + more > MOST_CERTIFICATES or count >= MANY_CERTIFICATES:
        return _unsure(ConditionCode.ROOM, held, who)
    return _met(ConditionCode.ROOM, held)


def _of_a_watcher(condition: Condition) -> Condition:
    """What the session's user lacks does not matter where another opens the page: whether they have it is not known."""
    if condition.state is not ConditionState.UNMET:
        return condition
    message = f"{condition.message}; whoever opens the page must be another user"
    return replace(condition, state=ConditionState.UNSURE, message=message)


def _user(client: OrgClient) -> Iterator[Condition]:
    """The permissions of the session's user."""
    try:
        user = client.user_id()
        rows = list(client.query(_MINE.format(user=user))) if user else []
    except OrgError as error:
        if ends_everything(error):
            raise
        yield _unsure(
            ConditionCode.PERMISSION, f"the permissions of the user could not be read: {error.message}", _ADMIN
        )
        return
    if not rows:
        yield _unsure(ConditionCode.PERMISSION, "the org does not tell the permissions of the user", _ADMIN)
        return
    held = {name for row in rows for name, given in part_of(row, "PermissionSet").items() if given is True}
    lacking = [title for name, title in _NEEDED.items() if name not in held]
    if lacking:
        yield _unmet(ConditionCode.PERMISSION, f"the user lacks the permission {' and '.join(lacking)}", _ADMIN)
    else:
        yield _met(ConditionCode.PERMISSION, f"the user has {' and '.join(_NEEDED.values())}")
    if "PermissionsApiUserOnly" in held:
        yield _unmet(
            ConditionCode.API_ONLY,
            'the user has "API Only User" and cannot open a page: that is as it should be for an integration',
            "you: use the login of a person who may manage certificates",
        )
    else:
        yield _met(ConditionCode.API_ONLY, "the user may open pages")


def _refused_token(client: OrgClient) -> Condition | None:
    """Whether the org refuses the Metadata API to a JWT-based token, which is for REST APIs alone (Salesforce Help,
    "JWT-Based Access Tokens"): then nothing could be read back."""
    try:
        client.list_metadata(["Certificate"])
    except OrgError as error:
        if error.code != "org.session":
            raise
        return _unmet(
            ConditionCode.SESSION,
            "the session's access token is JWT-based, which is for REST APIs alone: the org shows it no certificates",
            "you: use a login of the Salesforce CLI (sf org login web), or an app that issues opaque tokens",
        )
    return None


def _token(client: OrgClient) -> Condition:
    """Salesforce's texts differ: Help ("Access Tokens") says that a JWT-based token opens no page, and Salesforce's
    Mobile SDK (its pull request 2632, for Android) makes an address of the front door of one."""
    if client.has_jwt_token:
        return _unsure(
            ConditionCode.SESSION,
            "the session's access token is JWT-based: Salesforce's Help says that it opens no page",
            "you: log in to the page by hand, or use a login of the Salesforce CLI: sf org login web",
        )
    return _met(ConditionCode.SESSION, "the session's access token is of the kind that opens pages")


def _object(client: OrgClient, wanted: Iterable[str], names: Sequence[str]) -> Iterator[Condition]:
    """What the Certificate object tells: deleted namesakes; and whether the org shows it to this session at all."""
    hidden = (
        ConditionCode.HIGH_ASSURANCE,
        'Setup > Identity Verification may demand a high-assurance session for "Manage Certificates": '
        "no API tells. The page then asks to verify your identity, which is done there",
        f"you, in the browser; whether it is demanded, {_SECURITY}",
    )
    try:
        gone = deleted_names(client, names)
    except OrgError as error:
        if ends_everything(error):
            raise
        code, message, who = hidden
        yield _unsure(code, f"the org does not show this session its certificates ({error.message}): {message}", who)
        return
    for name in wanted:
        if name in gone:
            yield _unsure(
                ConditionCode.DELETED_NAME,
                f"CKM had a certificate {name} that was deleted: whether its name is free again is not documented",
                "you: should the page refuse it, import a copy under another name (check --fix --as)",
            )
    yield _met(ConditionCode.HIGH_ASSURANCE, "the org shows its certificates to this session")


def _identity_provider(client: OrgClient) -> Condition:
    """Three reports say that the import fails where Identity Provider was never enabled (sfdx-browserforce-plugin,
    index.ts, and the threads that it names)."""
    code = ConditionCode.IDENTITY_PROVIDER
    who = (
        "an administrator with Customize Application: Setup > Identity Provider > Enable, with a self-signed"
        " certificate; it may be disabled again after the import"
    )
    reported = 'where it never was, the import is reported to end with "Data Not Available"'
    try:
        records = client.read_metadata("IdentityProviderSettings", ["IdentityProvider"])
    except OrgError as error:
        if ends_everything(error):
            raise
        return _unsure(
            code, f"whether Identity Provider is enabled could not be read ({error.message}): {reported}", who
        )
    enabled = records[0].first("enableIdentityProvider") if records else ""
    if enabled.lower() == "true":
        return _met(code, "Identity Provider is enabled")
    is_off = (
        "Identity Provider is not enabled" if enabled else "the org does not show whether Identity Provider is enabled"
    )
    return _unsure(code, f"{is_off}, and whether it ever was, no API tells: {reported}", who)


def describe_unmet(found: Preflight) -> SfkeytoolError:
    """The error of a run that ends here: what is unmet, in one line, and who can change it."""
    return OrgError(
        "ckm.not-ready",
        "the import was not begun: " + "; ".join(each.message for each in found.unmet),
        *dict.fromkeys(each.who for each in found.unmet if each.who),
    )
