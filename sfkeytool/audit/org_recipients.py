"""The people of an org whom Salesforce's texts name as mailed about certificates, and whether mail reaches them."""

from collections.abc import Callable, Mapping
from typing import Any

from sfkeytool.audit.model import Person, PersonFlag, Recipients
from sfkeytool.salesforce.org import OrgClient, part_of

_ASSIGNED = (
    "SELECT Assignee.Id, Assignee.Username, Assignee.Email, Assignee.UserType, Assignee.Profile.Name,"
    " Assignee.Profile.UserLicense.Name FROM PermissionSetAssignment WHERE Assignee.IsActive = true AND "
)
_BY_PERMISSION = _ASSIGNED + "PermissionSet.PermissionsManageCertificatesExpiration = true"
_ADMINS = _ASSIGNED + "PermissionSet.PermissionsModifyAllData = true"
_FROZEN = "SELECT UserId FROM UserLogin WHERE IsFrozen = true"

Attempt = Callable[[str, Callable[[], None]], bool]
"""Whether a question went well; its first argument is the part of the org that a refusal is noted for."""


def read_recipients(client: OrgClient, attempt: Attempt) -> Recipients:
    """Both groups, each None where it was refused. Raises what ends everything (org.ends_everything())."""
    frozen: set[str] = set()

    def ask_frozen() -> None:
        frozen.update(str(record.get("UserId"))[:15] for record in client.query(_FROZEN))

    attempt("UserLogin, which tells who is frozen", ask_frozen)

    def group(part: str, query: str) -> tuple[Person, ...] | None:
        people: dict[str, Person] = {}

        def ask() -> None:
            for record in client.query(query):
                person = _person(part_of(record, "Assignee"), frozen)
                people[person.username] = person

        return tuple(people.values()) if attempt(part, ask) else None

    return Recipients(
        group("users with the permission Receive Certificate Expiration Notifications", _BY_PERMISSION),
        group("admins", _ADMINS),
    )


def _person(user: Mapping[str, Any], frozen: set[str]) -> Person:
    email = str(user.get("Email") or "")
    profile = part_of(user, "Profile")
    license = str(part_of(profile, "UserLicense").get("Name") or "")
    texts = f"{license} {profile.get('Name') or ''} {user.get('UserType') or ''}".lower()
    flags = [
        flag
        for flag, holds in (
            (PersonFlag.FROZEN, str(user.get("Id"))[:15] in frozen),
            # Names of licences, profiles and user types that Salesforce itself gives to machines.
            (
                PersonFlag.INTEGRATION_USER,
                "integration" in texts or "api only" in texts or "automatedprocess" in texts,
            ),
            (PersonFlag.INVALID_ADDRESS, email.lower().endswith(".invalid")),
            (PersonFlag.NO_ADDRESS, not email),
        )
        if holds
    ]
    return Person(str(user.get("Username") or ""), email, tuple(flags))
