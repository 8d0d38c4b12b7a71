"""A session in one org: queries and metadata, read with patience and within bounds. Nothing here changes an org."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from msgspec import Meta, Struct

from sfkeytool.errors import NetworkError, OrgError, UsageError
from sfkeytool.model import Result
from sfkeytool.names import parse_record_id
from sfkeytool.outside_json import parse_json
from sfkeytool.passwords import Secret
from sfkeytool.salesforce import soap
from sfkeytool.salesforce.transport import HttpRequest, HttpResponse, KeepingTransport, is_passing, require_safe_url

DEADLINE_SECONDS = 300.0
"""For all that is read of one org: our own bound. A thousand apps take a hundred calls."""

_PAUSES_SECONDS = (0.5, 2.0)
"""Before a second and third try when the network or the server fails: everything here only reads."""

_LONGEST_PAUSE_SECONDS = 10
"""Up to which a Retry-After is heeded. Our own bound."""

_MOST_PAGES = 1000
"""Of one query: our own bound, against a server that leads in circles."""

_PAGE_ROWS = 200
"""Rows a page that are asked for: the smallest that is allowed (SOAP API Developer Guide, QueryOptions), since a row
may hold a whole Apex class."""

_CROWDED = "ConcurrentRequests"
"""In the message of REQUEST_LIMIT_EXCEEDED where too many requests last over 20 seconds: 25 in production and in
sandboxes, 5 in Developer Edition (help.salesforce.com, article 000389067)."""

_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")

_DENIED = frozenset(
    {"INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"}
)
_UNKNOWN_TYPE = frozenset({"INVALID_TYPE", "UNKNOWN_EXCEPTION_TYPE"})


class Session(Struct, frozen=True):
    """``instance_url`` has no slash at its end. The token is a whole session of the user's."""

    instance_url: str
    access_token: Secret
    api_version: str | None = None
    """``67.0``; None for the newest that the org has."""


class OrgIdentity(Result, frozen=True, kw_only=True):
    """Which org, in the one shape that all answers have. ``alias`` is how it was named here: an alias or username of
    the Salesforce CLI, the user of a login, or a host. None is what the org did not tell."""

    alias: str
    org_id: str | None
    name: str | None
    instance_url: Annotated[str | None, Meta(description="Without a slash at its end")]
    is_sandbox: bool | None

    @classmethod
    def untold(cls, alias: str, instance_url: str | None = None) -> "OrgIdentity":
        """Of an org that could not be asked, or did not answer that."""
        return cls(alias=alias, org_id=None, name=None, instance_url=instance_url, is_sandbox=None)

    @property
    def kind(self) -> str:
        """For people."""
        return {True: "a sandbox", False: "PRODUCTION", None: "of unknown kind"}[self.is_sandbox]


class Pace(Struct, frozen=True):
    """Time, as an argument: a monotonic clock in seconds, and what waits."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


class OrgClient:
    """Reads one org. Every method raises OrgError, or NetworkError where the org could not be spoken to.

    Once ``version`` is known, several threads may ask at once.

    Codes of OrgError: org.session (the token is no longer good), org.rate-limited, org.api-disabled,
    org.not-permitted, org.unknown-type, org.unknown-field, org.refused.
    """

    def __init__(
        self, session: Session, transport: KeepingTransport, pace: Pace, *, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        url = session.instance_url.rstrip("/")
        self.url = require_safe_url(url if "://" in url else f"https://{url}")
        self.host = urlsplit(self.url).netloc
        self._token = session.access_token
        self._transport = transport
        self._pace = pace
        self._deadline_seconds = deadline_seconds
        self._end = pace.monotonic() + deadline_seconds
        self._version = session.api_version
        self._one_by_one = threading.Lock()

    def close(self) -> None:
        """Let go of the connections to the org; whoever asks all the same makes new ones."""
        self._transport.close()

    def begin_anew(self) -> None:
        """Allow the whole time again: for one who comes back to look, instead of reading all at once."""
        self._end = self._pace.monotonic() + self._deadline_seconds

    @property
    def version(self) -> str:
        """``67.0``: what was asked for, else the org's newest."""
        if self._version is None:
            versions = self._json("/services/data")
            listed = versions if isinstance(versions, list) else []
            found = [str(each.get("version", "")) for each in listed if isinstance(each, dict)]
            found = [text for text in found if _VERSION.fullmatch(text)]
            if not found:
                raise NetworkError("network.not-salesforce", f"{self.host} names no version of its API")
            self._version = max(found, key=float)
        return self._version

    # Queries

    def query(self, soql: str, *, tooling: bool = False) -> Iterator[dict[str, Any]]:
        """The records, page after page. ``tooling``: of the Tooling API."""
        api = "tooling/query" if tooling else "query"
        path = f"/services/data/v{self.version}/{api}?q={quote(soql)}"
        for _ in range(_MOST_PAGES):
            page = self._json(path)
            if not isinstance(page, dict) or not isinstance(page.get("records"), list):
                raise self._not_ours()
            yield from (record for record in page["records"] if isinstance(record, dict))
            following = page.get("nextRecordsUrl")
            if page.get("done", True) or not isinstance(following, str):
                return
            if not (following.startswith("/services/data/") and following.isascii() and following.isprintable()):
                raise self._not_ours()
            path = following
        raise OrgError("org.refused", f"{self.host}: a query does not come to an end")

    def identity(self, alias: str) -> OrgIdentity:
        """Which org this is that was named ``alias``."""
        record = next(self.query("SELECT Id, Name, IsSandbox FROM Organization"), {})
        sandbox = record.get("IsSandbox")
        return OrgIdentity(
            alias=alias,
            org_id=str(record.get("Id") or "") or None,
            name=str(record.get("Name") or "") or None,
            instance_url=self.url,
            is_sandbox=sandbox if isinstance(sandbox, bool) else None,
        )

    def user_id(self) -> str | None:
        """Whose session this is: 15 characters; None where the org does not tell (REST API Developer Guide, "Resources
        by Version": identity)."""
        value = self._json(f"/services/data/v{self.version}/")
        identity = value.get("identity") if isinstance(value, dict) else None
        return parse_record_id(str(identity).rstrip("/").rpartition("/")[2]) if identity else None

    @property
    def has_jwt_token(self) -> bool:
        """Whether the access token is JWT-based: three parts of base64url, the first a JSON object (RFC 7519)."""
        return _JWT.fullmatch(self._token.reveal()) is not None

    def front_door(self, path: str) -> Secret:
        """An address that opens a session in a browser, once, and leads to ``path``. Secret.

        By /services/oauth2/singleaccess, as the Salesforce CLI does (forcedotcom/sfdx-core, src/org/org.ts). OrgError
        org.no-door where the org gives none: its sessions may not be opened in a browser.
        """
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Accept": "application/json"}
        target = f"/services/oauth2/singleaccess?redirect_uri={quote(path, safe='')}"
        answer = self._send(HttpRequest("GET", self.url + target, headers))
        try:
            value = parse_json(answer.body)
        except ValueError:
            raise self._not_ours() from None
        address = value.get("frontdoor_uri") if isinstance(value, dict) else None
        if answer.status >= 400 or not isinstance(address, str):
            raise OrgError(
                "org.no-door",
                f"{self.host} opens no page with this session ({answer.status})",
                "it may have ended, or its access token is JWT-based: by Salesforce's Help such a one opens no page",
            )
        if urlsplit(address)[:2] != urlsplit(self.url)[:2]:
            raise self._not_ours()
        return Secret(address)

    # Metadata

    def list_metadata(self, types: Sequence[str]) -> tuple[soap.FileProperties, ...]:
        """All components of at most soap.LIST_LIMIT types."""
        request = soap.list_request(self._token, types, self.version)
        answer = soap.parse_list(self._soap(request), self.host)
        if isinstance(answer, soap.Fault):
            raise self._refusal(answer.code, answer.message)
        return answer

    def read_metadata(self, type: str, full_names: Sequence[str]) -> tuple[soap.Record, ...]:
        """These components (at most soap.READ_LIMIT), without what is secret; those that do not exist are left out."""
        request = soap.read_request(self._token, type, full_names)
        answer = soap.parse_read(self._soap(request), type, self.host)
        if isinstance(answer, soap.Fault):
            raise self._refusal(answer.code, answer.message)
        return answer

    # HTTP

    def _soap(self, envelope: Secret) -> bytes:
        headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
        target = f"{self.url}/services/Soap/m/{self.version}"
        return self._send(HttpRequest("POST", target, headers, envelope.reveal().encode(), only_reads=True)).body

    def _json(self, path: str) -> Any:
        headers = {
            "Authorization": f"Bearer {self._token.reveal()}",
            "Accept": "application/json",
            "Sforce-Query-Options": f"batchSize={_PAGE_ROWS}",
        }
        answer = self._send(HttpRequest("GET", self.url + path, headers, only_reads=True))
        try:
            value = parse_json(answer.body)
        except ValueError:
            raise self._not_ours() from None
        if answer.status >= 400:
            first = value[0] if isinstance(value, list) and value else value
            if not isinstance(first, dict) or not isinstance(first.get("errorCode"), str):
                raise self._not_ours()
            raise self._refusal(first["errorCode"], str(first.get("message", ""))[:500])
        return value

    def _send(self, request: HttpRequest) -> HttpResponse:
        """One exchange; what passes by itself is tried again, within the deadline. What was too much at once is asked
        one by one then."""
        turn: AbstractContextManager[object] = nullcontext()
        for pause in (*_PAUSES_SECONDS, None):
            self._require_time()
            try:
                with turn:
                    self._require_time()  # which waiting for the others may have taken
                    answer = self._transport(request)
                if answer.status == 429 or (answer.status >= 500 and not _is_fault(answer)):
                    raise self._overloaded(answer)
            except NetworkError as error:
                asked = error.retry_after_seconds or 0
                passing = is_passing(error) or (error.code == "network.rate-limited" and asked)
                if pause is None or not passing or asked > _LONGEST_PAUSE_SECONDS:
                    raise
                if error.code == "network.rate-limited":
                    turn = self._one_by_one
                self._pace.sleep(max(pause, asked))
            else:
                if pause is None or not _is_crowded(answer):
                    return answer
                turn = self._one_by_one
                self._pace.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _require_time(self) -> None:
        if self._pace.monotonic() > self._end:
            raise NetworkError("network.timeout", f"{self.host} takes too long to read: this stopped half way")

    def _overloaded(self, answer: HttpResponse) -> NetworkError:
        seconds = answer.retry_after_seconds
        if answer.status == 429:
            when = f"; it asks to wait {seconds} seconds" if seconds is not None else ""
            return NetworkError(
                "network.rate-limited", f"{self.host} takes no more requests for now (429){when}",
                retry_after_seconds=seconds,
            )  # fmt: skip
        return NetworkError(
            "network.server-error",
            f"{self.host} failed (status {answer.status}): that is its own trouble",
            "look at https://status.salesforce.com, and try again later",
            retry_after_seconds=seconds,
        )

    def _refusal(self, code: str, message: str) -> OrgError:
        match code.removeprefix("sf:").removeprefix("sf."):
            case "INVALID_SESSION_ID" | "INVALID_AUTH_HEADER":
                return OrgError(
                    "org.session",
                    f"{self.host}: the session is not or no longer valid",
                    "log in again with the Salesforce CLI: sf org login web",
                    "the session of an app may also lack the scope api",
                )
            case "REQUEST_LIMIT_EXCEEDED" if _CROWDED in message:
                return OrgError("org.rate-limited", f"{self.host}: too many long requests at once: {message}")
            case "REQUEST_LIMIT_EXCEEDED":
                return OrgError("org.rate-limited", f"{self.host}: the org's API requests of the day are used up")
            case "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED":
                return OrgError("org.api-disabled", f"{self.host}: the API is not enabled for this org or user")
            case denied if denied in _DENIED:
                return OrgError("org.not-permitted", f"{self.host}: not permitted: {message or denied}")
            case unknown if unknown in _UNKNOWN_TYPE:
                return OrgError("org.unknown-type", f"{self.host}: {message or unknown}")
            case "INVALID_FIELD":
                return OrgError("org.unknown-field", f"{self.host}: {message}")
            case "UNSUPPORTED_API_VERSION" | "NOT_FOUND":
                return OrgError("org.refused", f"{self.host}: {message or code}", "is --api-version one of the org's?")
        return OrgError("org.refused", f"{self.host}: {code}: {message}")

    def _not_ours(self) -> NetworkError:
        return NetworkError(
            "network.not-salesforce",
            f"what {self.host} answered is no answer of Salesforce's API",
            "a proxy or a sign-in page of the network may have answered in its place",
        )


def ends_everything(error: OrgError | NetworkError) -> bool:
    """Whether no further question to the same org is worth asking. Pure."""
    return isinstance(error, NetworkError) or error.code in ("org.session", "org.rate-limited", "org.api-disabled")


def part_of(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The record that another one holds under ``name``; empty where it holds none. Pure."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def parse_api_version(text: str, given_by: str) -> str:
    """``67`` or ``67.0`` as ``67.0``. Raises UsageError. Pure."""
    digits = text.strip().removeprefix("v").removesuffix(".0")
    if not (re.fullmatch(r"[0-9]{2,3}", digits) and int(digits) >= 36):
        raise UsageError(
            "usage.api-version", f"{given_by} {text}: a version such as 67.0, from 36.0 on, is wanted",
            "36.0 is the first that knows certificates",
        )  # fmt: skip
    return f"{int(digits)}.0"


def _is_crowded(answer: HttpResponse) -> bool:
    """Whether this was one of too many long requests at once: that passes, unlike the limit of a day."""
    return answer.status >= 400 and _CROWDED.encode() in answer.body[:4000]


def _is_fault(answer: HttpResponse) -> bool:
    """SOAP 1.1 sends its faults with status 500."""
    return b"Fault>" in answer.body[-2000:] or b"Fault>" in answer.body[:4000]
