"""Who logs in after the change, as LoginHistory tells: did the client switch, or does it use the old key still?"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from sfkeytool.errors import OrgError
from sfkeytool.model import Result, UtcTime
from sfkeytool.names import parse_record_id
from sfkeytool.salesforce.ckm import parse_moment
from sfkeytool.salesforce.org import OrgClient

_SUCCESS = "Success"
_USER = "SELECT Id FROM User WHERE Username = '{}'"
_LOGINS = (
    "SELECT Application, Status, LoginTime FROM LoginHistory WHERE UserId = '{}' AND LoginTime > {}"
    " ORDER BY LoginTime DESC LIMIT 2000"
)


class LoginsSince(Result, frozen=True, kw_only=True):
    """The logins of one user at one app after a moment, which is that of our own last login: those are none of ours.

    ``others`` names applications of the user's other logins, where none is called as the app."""

    username: str
    app: str
    since: UtcTime
    successes: Annotated[int, Meta(ge=0)]
    failures: Annotated[int, Meta(ge=0)]
    first_success: UtcTime | None
    last_success: UtcTime | None
    last_failure: UtcTime | None
    last_failure_status: str | None
    others: tuple[str, ...] = ()

    @property
    def has_switched(self) -> bool:
        """Whether somebody logs in, and nobody failed since they did."""
        return self.last_success is not None and (self.last_failure is None or self.last_failure < self.last_success)

    @property
    def told(self) -> str:
        """In one sentence."""
        if self.failures and not self.has_switched:
            return (
                f"{self.failures} login{'s' if self.failures > 1 else ''} of {self.username} at {self.app} failed"
                f" after the change, the last at {self.last_failure:%Y-%m-%d %H:%M} UTC ({self.last_failure_status}):"
                " a client signs with the old key still, or fails for another reason"
            )
        if self.first_success is None:
            elsewhere = f" (there are logins at {', '.join(self.others)})" if self.others else ""
            return f"nobody has logged in as {self.username} at {self.app} since the change{elsewhere}: not known yet"
        failed = f", after {self.failures} that failed" if self.failures else ", and none failed"
        return (
            f"{self.username} logs in at {self.app} since {self.first_success:%Y-%m-%d %H:%M} UTC"
            f" ({self.successes} accepted{failed})"
        )


def read_logins(client: OrgClient, username: str, app_names: tuple[str, ...], since: datetime) -> LoginsSince:
    """What LoginHistory has of this user after ``since``, at the app that is called by one of these names.

    Raises OrgError, also where the org does not show it, and NetworkError.
    """
    rows = list(_rows(client, _user_id(client, username), since))
    wanted = {_plain(name) for name in app_names}
    own = [row for row in rows if _plain(row[0]) in wanted]
    good = sorted(at for _, status, at in own if status == _SUCCESS)
    bad = sorted((at, status) for _, status, at in own if status != _SUCCESS)
    return LoginsSince(
        username=username,
        app=app_names[0],
        since=since.replace(microsecond=0),
        successes=len(good),
        failures=len(bad),
        first_success=good[0] if good else None,
        last_success=good[-1] if good else None,
        last_failure=bad[-1][0] if bad else None,
        last_failure_status=bad[-1][1] if bad else None,
        others=() if own else tuple(sorted({row[0] for row in rows if row[0]}))[:5],
    )


def _user_id(client: OrgClient, username: str) -> str:
    quoted = username.replace("\\", "\\\\").replace("'", "\\'")
    row = next(client.query(_USER.format(quoted)), {})
    found = parse_record_id(str(row.get("Id") or ""))
    if found is None:
        raise OrgError("carry.unknown-user", f"{client.host} has no user {username} that this session may see")
    return str(row["Id"])


def _rows(client: OrgClient, user_id: str, since: datetime) -> Iterator[tuple[str, str, datetime]]:
    """Application, status and time. Whole seconds is all that LoginTime has, so that one in the second of our own
    last login is taken for ours."""
    for row in client.query(_LOGINS.format(user_id, f"{since:%Y-%m-%dT%H:%M:%SZ}")):
        at = parse_moment(str(row.get("LoginTime") or ""))
        if at is not None and at.replace(microsecond=0) > since.replace(microsecond=0):
            yield str(row.get("Application") or ""), str(row.get("Status") or ""), at.replace(microsecond=0)


def _plain(name: str) -> str:
    """An app's label has blanks where its name has underscores."""
    return name.replace("_", " ").strip().casefold()
