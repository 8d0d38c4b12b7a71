"""The org that is asked: a session in it, what was made there, and how that is deleted again."""

import base64
import io
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import requests

from live.door import BrowserDoor, Door, FormDoor
from live.question import NAMES, CannotAsk
from sfkeytool.edge.salesforce_cli import run_salesforce_cli
from sfkeytool.errors import OrgError, SfkeytoolError
from sfkeytool.outside_json import parse_json
from sfkeytool.salesforce import cli_bridge
from sfkeytool.salesforce.metadata_source import NAMESPACE, SourceFile, build_package_xml, encode_element
from sfkeytool.salesforce.org import OrgClient, Pace, Session
from sfkeytool.salesforce.transport import HttpTransport

SEEN_WITHIN_SECONDS = 60.0
"""How long a certificate may take to be listed after its import, and an asynchronous call from one look to the end of
patience. Our own bounds, as the rest."""
_CALL_SECONDS = 600.0
_LOOK_SECONDS = 2.0
_TIMEOUT_SECONDS = 60


IDENTITY_PROVIDER = "IdentityProviderSettings"
"""Made, as far as Made goes, when it is enabled, and deleted when it is disabled; its name is the certificate's that
it names then."""


@dataclass(frozen=True)
class Kind:
    """What the report may say of an org: nothing by which anybody knows it."""

    edition: str
    is_sandbox: bool
    is_scratch: bool
    api_version: str

    def __str__(self) -> str:
        kind = "scratch org" if self.is_scratch else "sandbox" if self.is_sandbox else "PRODUCTION"
        return f"{kind}, {self.edition}, API {self.api_version}"


@dataclass(frozen=True)
class Made:
    """A component of ours. ``id`` is empty where it is known by its name alone."""

    type: str
    name: str
    id: str = ""


@dataclass
class LiveOrg:
    """``secrets`` are texts that no report may hold. ``http`` is what logins and the Metadata API go through."""

    session: Session
    alias: str
    username: str
    door: Door
    folder: Path
    environ: Mapping[str, str]
    pace: Pace = field(default_factory=lambda: Pace(time.monotonic, time.sleep))
    http: requests.Session = field(default_factory=requests.Session)
    say: Callable[[str], None] = lambda _: None
    secrets: set[str] = field(default_factory=set, repr=False)
    made: list[Made] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict, repr=False)
    """What questions leave to each other: apps that are there, a name that did not come back."""
    _version: str | None = None

    @property
    def url(self) -> str:
        return self.session.instance_url

    def client(self) -> OrgClient:
        """As sfkeytool reads an org, with its bounds beginning anew."""
        session = Session(self.url, self.session.access_token, self._version or self.session.api_version)
        client = OrgClient(session, HttpTransport(self.environ), self.pace)
        self._version = client.version
        return client

    def kind(self) -> Kind:
        """Which kind of org. Raises OrgError and NetworkError."""
        client = self.client()
        soql = "SELECT Id, Name, OrganizationType, IsSandbox, TrialExpirationDate FROM Organization"
        row = next(client.query(soql), {})
        self.secrets |= {str(row.get(name) or "") for name in ("Id", "Name")}
        is_sandbox = row.get("IsSandbox") is True
        is_scratch = is_sandbox and bool(row.get("TrialExpirationDate"))
        return Kind(str(row.get("OrganizationType") or "edition not told"), is_sandbox, is_scratch, client.version)

    def profile(self) -> str:
        """That of the user, as metadata names it."""
        name = self.username.replace("\\", "\\\\").replace("'", "\\'")
        row = next(self.client().query(f"SELECT Profile.Name FROM User WHERE Username = '{name}'"), {})  # noqa: S608
        name = str((row.get("Profile") or {}).get("Name") or "")
        return "Admin" if name == "System Administrator" else name

    # Certificates

    def certificates(self) -> dict[str, str]:
        """Unique names in CKM by the Ids of their records."""
        return {each.id or each.full_name: each.full_name for each in self.client().list_metadata(["Certificate"])}

    def new_certificates(self, before: Mapping[str, str], *, is_awaited: bool) -> dict[str, str]:
        """Those that were not there before, as soon as there is one."""
        end = self.pace.monotonic() + SEEN_WITHIN_SECONDS
        while True:
            new = {id: name for id, name in self.certificates().items() if id not in before}
            if new or not is_awaited or self.pace.monotonic() > end:
                return new
            self.pace.sleep(_LOOK_SECONDS)

    # The Metadata API

    def deploy(self, sources: Sequence[SourceFile]) -> tuple[str, ...]:
        """The problems; none for a success. What is new by it is ours, which is noted before."""
        for source in sources:
            made = Made(source.type, source.member)
            if source.member.startswith(NAMES) and made not in self.made:
                if made.type not in _PARTS and self._is_there(made):
                    raise CannotAsk(f"the org has a {made.type} {made.name} already, which is not ours")
                self.made.append(made)
        files = {"package.xml": build_package_xml(sources)}
        for source in sources:
            name = source.filename if source.folder == "certs" else source.filename.removesuffix("-meta.xml")
            files[f"{source.folder}/{name}"] = source.content
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        flags = {
            "allowMissingFiles": "false", "autoUpdatePackage": "false", "checkOnly": "false", "ignoreWarnings": "false",
            "performRetrieve": "false", "purgeOnDelete": "true", "rollbackOnError": "true", "singlePackage": "true",
            "testLevel": "NoTestRun",
        }  # fmt: skip
        said = "".join(f"<m:{name}>{value}</m:{name}>" for name, value in flags.items())
        zipped = base64.b64encode(packed.getvalue()).decode()
        result = self._carried_out(
            "deploy", f"<m:ZipFile>{zipped}</m:ZipFile><m:DeployOptions>{said}</m:DeployOptions>"
        )
        if _text(result, "success") == "true":
            return ()
        problems = [each.text or "" for each in result.iter(f"{{{NAMESPACE}}}problem")]
        return tuple(dict.fromkeys(filter(None, [*problems, _text(result, "errorMessage")]))) or ("no reason given",)

    def retrieve(self, type: str, name: str) -> dict[str, bytes]:
        """The files of one component by path; only package.xml where it is not there, or not for us."""
        version = self.client().version
        asked = (
            f"<m:retrieveRequest><m:apiVersion>{version}</m:apiVersion><m:singlePackage>true</m:singlePackage>"
            f"<m:unpackaged><m:types><m:members>{escape(name)}</m:members><m:name>{type}</m:name></m:types>"
            f"<m:version>{version}</m:version></m:unpackaged></m:retrieveRequest>"
        )
        result = self._carried_out("retrieve", asked)
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(_text(result, "zipFile")))) as archive:
            return {each: archive.read(each) for each in archive.namelist()}

    def delete(self, type: str, name: str) -> str:
        """The problem; empty for a success."""
        if type == IDENTITY_PROVIDER:
            return "; ".join(self.deploy([identity_provider(name, is_enabled=False)]))
        names = f"<m:type>{type}</m:type><m:fullNames>{escape(name)}</m:fullNames>"
        result = self.soap("deleteMetadata", names)
        if _text(result, "success") == "true":
            return ""
        return _text(result, "message") or "no reason given"

    def soap(self, call: str, inner: str) -> ElementTree.Element:
        """The ``result`` of a call. Raises OrgError with the words of a fault."""
        envelope = (
            f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="{NAMESPACE}"><e:Header>'
            f"<m:SessionHeader><m:sessionId>{escape(self.session.access_token.reveal())}</m:sessionId></m:SessionHeader>"
            f"</e:Header><e:Body><m:{call}>{inner}</m:{call}></e:Body></e:Envelope>"
        )
        answer = self.http.post(
            f"{self.url}/services/Soap/m/{self._version or self.client().version}", envelope.encode(),
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}, timeout=_TIMEOUT_SECONDS,
        )  # fmt: skip
        try:
            root = ElementTree.fromstring(answer.content)  # noqa: S314 - of the org whose session we hold
        except ElementTree.ParseError:
            raise OrgError("org.refused", f"{call} was answered with status {answer.status_code}, and no XML") from None
        result = root.find(f".//{{{NAMESPACE}}}result")
        if result is None:
            raise OrgError("org.refused", root.findtext(".//faultstring") or f"{call} was answered with nothing")
        return result

    def _carried_out(self, call: str, inner: str) -> ElementTree.Element:
        """The result of an asynchronous call, once it is done."""
        id = _text(self.soap(call, inner), "id")
        flag = {"deploy": "includeDetails", "retrieve": "includeZip"}[call]
        asked = f"<m:asyncProcessId>{id}</m:asyncProcessId><m:{flag}>true</m:{flag}>"
        end = self.pace.monotonic() + _CALL_SECONDS
        while True:
            result = self.soap(f"check{call.title()}Status", asked)
            if _text(result, "done") == "true":
                return result
            if self.pace.monotonic() > end:
                raise CannotAsk(f"the {call} did not come to an end within {_CALL_SECONDS / 60:.0f} minutes")
            self.pace.sleep(_LOOK_SECONDS)

    # What is ours

    def forget(self, made: Made) -> str:
        """Deletes a component of ours; the problem, with which it stays in ``made``."""
        problem = self.delete(made.type, made.name)
        if not problem:
            self.made.remove(made)
        return problem

    def clean(self) -> Iterator[tuple[Made, str]]:
        """Deletes all that was made, the last first; what stays, and why. What was never there is no longer ours."""
        for made in reversed(self.made.copy()):
            if made.type in _PARTS:
                self.made.remove(made)  # goes with the app that it is a part of
                continue
            try:
                problem = self.forget(made)
                if problem and made.type != IDENTITY_PROVIDER and not self._is_there(made):
                    self.made.remove(made)
                elif problem:
                    yield made, problem
            except (SfkeytoolError, CannotAsk) as error:
                yield made, str(error)
            except requests.RequestException:
                yield made, "the org did not answer"

    def _is_there(self, made: Made) -> bool:
        return made.name in {each.full_name for each in self.client().list_metadata([made.type])}


_PARTS = {
    "ExtlClntAppGlobalOauthSettings", "ExtlClntAppOauthSettings", "ExtlClntAppOauthConfigurablePolicies",
    "ExtlClntAppConfigurablePolicies",
}  # fmt: skip
"""Of an External Client App. That they go with it is a guess; they would be left behind by no name of their own."""


def identity_provider(certificate: str, *, is_enabled: bool) -> SourceFile:
    """The settings of Identity Provider; the WSDL wants them to name a certificate of CKM in any case."""
    fields: list[tuple[str, str | int]] = [("certificateName", certificate), ("enableIdentityProvider", is_enabled)]
    content = encode_element(IDENTITY_PROVIDER, fields)
    return SourceFile("settings", "IdentityProvider.settings-meta.xml", content, "Settings", "IdentityProvider")


def open_org(alias: str, folder: Path, environ: Mapping[str, str], *, door: str) -> LiveOrg:
    """Through the user's Salesforce CLI, as sfkeytool goes. Raises OrgError and UsageError."""
    alias = cli_bridge.parse_alias(alias, "--org")
    environment = cli_bridge.cli_environment(environ)
    shown = run_salesforce_cli(cli_bridge.display_arguments(alias), environment)
    url, token = cli_bridge.parse_display(shown.stdout, alias)
    if token is None:
        answer = run_salesforce_cli(cli_bridge.token_arguments(alias), environment)
        token = cli_bridge.parse_token(answer.stdout, alias)
    told = parse_json(shown.stdout)
    username = str(told["result"].get("username") or "")
    opened = FormDoor() if door == "form" else BrowserDoor(environ)
    secrets = {username, url, url.partition("://")[2], token.reveal()}
    return LiveOrg(Session(url, token), alias, username, opened, folder, environ, secrets=secrets)


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f".//{{{NAMESPACE}}}{name}", "")
