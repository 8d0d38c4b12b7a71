"""The people of an org whom Salesforce's texts name as mailed about certificates, and whether mail reaches them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sfkeytool.audit.model import Person, PersonFlag, Recipients
from sfkeytool.salesforce.org import OrgClient, part_of
from sfkeytool.salesforce.questions import Ask

_ASSIGNED = (
    "SELECT Assignee.Id, Assignee.Username, Assignee.Email, Assignee.UserType, Assignee.Profile.Name,"
    " Assignee.Profile.UserLicense.Name FROM PermissionSetAssignment WHERE Assignee.IsActive = true AND "
)
_BY_PERMISSION = _ASSIGNED + "PermissionSet.PermissionsManageCertificatesExpiration = true"
_ADMINS = _ASSIGNED + "PermissionSet.PermissionsModifyAllData = true"
_GROUPS = (
    ("users with the permission Receive Certificate Expiration Notifications", _BY_PERMISSION),
    ("admins", _ADMINS),
)
_FROZEN = "SELECT UserId FROM UserLogin WHERE IsFrozen = true"

Attempt = Callable[[str, Callable[[], None]], bool]
"""Whether a question went well; its first argument is the part of the org that a refusal is noted for."""


def ask_for_recipients(client: OrgClient, ask: Ask) -> Callable[[Attempt], Recipients]:
    """Begin to ask. What is returned waits for both groups, each None where it was refused; it raises what ends
    everything (org.ends_everything())."""
    frozen: set[str] = set()

    def ask_frozen() -> None:
        frozen.update(str(record.get("UserId"))[:15] for record in client.query(_FROZEN))

    def users(query: str) -> list[Mapping[str, Any]]:
        return [part_of(record, "Assignee") for record in client.query(query)]

    frozen_answer = ask(ask_frozen)
    groups = [(part, ask(partial(users, query))) for part, query in _GROUPS]

    def recipients(attempt: Attempt) -> Recipients:
        attempt("UserLogin, which tells who is frozen", frozen_answer)
        return Recipients(*(_group(part, answer, frozen, attempt) for part, answer in groups))

    return recipients


def _group(
    part: str, answer: Callable[[], list[Mapping[str, Any]]], frozen: set[str], attempt: Attempt
) -> tuple[Person, ...] | None:
    people: dict[str, Person] = {}

    def take() -> None:
        for user in answer():
            person = _person(user, frozen)
            people[person.username] = person

    return tuple(people.values()) if attempt(part, take) else None


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
