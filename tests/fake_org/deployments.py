"""The Metadata API's retrieve and deploy of files, as the Salesforce CLI asks for them over SOAP, with apps that have
more to lose than their certificate.

A deployment is declarative: of an app that it names, every element that it leaves out takes its default (Metadata API
Developer Guide). Which elements have which defaults is a guess of the plainest kind, as is all that says so.

The Salesforce CLI itself (2.146.3) retrieves an app from here (project retrieve start --target-metadata-dir), and deploys
it with another certificate (project deploy start --metadata-dir), as a dry run and in earnest. Run by hand.
"""

import base64
import io
import secrets
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

from .contents import NAMESPACE, Component, Contents, Fields, to_xml
from .logins import App, User
from .setup import Setup

FILES = {
    "ConnectedApp": ("connectedApps", "connectedApp"),
    "ExternalClientApplication": ("externalClientApps", "eca"),
    "ExtlClntAppGlobalOauthSettings": ("extlClntAppGlobalOauthSets", "ecaGlblOauth"),
    "ExtlClntAppOauthSettings": ("extlClntAppOauthSettings", "ecaOauth"),
    "ExtlClntAppOauthConfigurablePolicies": ("extlClntAppOauthPolicies", "ecaOauthPlcy"),
    "ExtlClntAppConfigurablePolicies": ("extlClntAppPolicies", "ecaPlcy"),
    "Settings": ("settings", "settings"),
    "Certificate": ("certs", "crt"),
}
"""Folder and ending of a type's files."""

OAUTH = "oauthConfig"
DEFAULTS: dict[str, dict[str, dict[str, str]]] = {
    "ConnectedApp": {
        OAUTH: {
            "isAdminApproved": "false", "isConsumerSecretOptional": "false", "isIntrospectAllTokens": "false",
            "isPkceRequired": "false", "isSecretRequiredForRefreshToken": "true",
        },
        "oauthPolicy": {"ipRelaxation": "ENFORCE", "refreshTokenPolicy": "infinite"},
    },
    "ExtlClntAppGlobalOauthSettings": {
        "": {
            "isConsumerSecretOptional": "false", "isIntrospectAllTokens": "false", "isPkceRequired": "false",
            "isSecretRequiredForRefreshToken": "true",
        },
    },
}  # fmt: skip
"""By type and the element that they are in: what an element comes to that a deployment leaves out."""

NO_CONSUMER_KEY = "You cannot provide a Consumer Key"
"""https://github.com/SFDO-Tooling/CumulusCI/issues/2943"""
TAKEN = "The consumer key is already taken."
"""https://github.com/forcedotcom/devops-center-feedback/issues/256"""


@dataclass
class Deployments:
    """Changes ``contents``, and the apps that people log in with. The states are for tests to set."""

    contents: Contents
    apps: dict[str, App]
    users: dict[str, User]
    """Of an app that names a profile, all are approved."""
    setup: Setup
    certificate_problem: Callable[[str], str] = lambda text: "Certificate too large" if len(text) > 6000 else ""
    """What is wrong with the text of an app's certificate, by this org: a guess, as its words are."""
    refused_types: set[str] = field(default_factory=set)
    minds_dates: bool = False
    """Whether apps that are new from now on let nobody in whose certificate is not valid now."""
    refusal: str = ""
    """The problem of every app that comes with a consumer key."""
    is_new_key_given: bool = False
    """Whether the org answers each deployed app with another consumer key."""
    is_certificate_ignored: bool = False
    """Whether a deployment is called a success, and the certificate stays as it was."""
    hidden_elements: set[str] = field(default_factory=set)
    """Elements of apps that a retrieve leaves out."""
    masked_elements: dict[str, str] = field(default_factory=dict)
    """What a retrieve shows in the place of elements of apps."""
    resets: set[str] = field(default_factory=set)
    """Elements that the next deployment of an app resets, whatever its file says."""
    are_former_keys_taken: bool = False
    """Whether an app takes a consumer key that it does not have now: which of both orgs do is not known."""
    delay_requests: int = 0
    """Logins after which a deployed certificate is used."""
    done: list[tuple[bool, tuple[str, ...]]] = field(default_factory=list)
    """Each deployment: whether it was a dry run, and the files."""
    _results: dict[str, str] = field(default_factory=dict)
    _ids: "count[int]" = field(default_factory=lambda: count(1))

    def answers(self, call: ElementTree.Element) -> str | None:
        """The content of the answer's ``result``; None for a call that is not known here."""
        said = {each.tag.rpartition("}")[2].lower(): each for each in call.iter()}
        name = call.tag.rpartition("}")[2]
        if name == "retrieve":
            return self._begin("09S", lambda id: self._retrieve(id, call))
        if name == "deploy":
            is_dry = said["checkonly"].text == "true" if "checkonly" in said else False
            zipped = base64.b64decode(said["zipfile"].text or "")
            return self._begin("0Af", lambda id: self._deploy(id, zipped, is_dry))
        if name in ("checkRetrieveStatus", "checkDeployStatus"):
            return self._results.get(said["asyncprocessid"].text or "")
        return None

    def _begin(self, prefix: str, work: Any) -> str:
        id = f"{prefix}{next(self._ids):012d}AAA"
        self._results[id] = work(id)
        return to_xml([("done", "false"), ("id", id), ("state", "Queued")])

    # Retrieve

    def _retrieve(self, id: str, call: ElementTree.Element) -> str:
        wanted: list[tuple[str, str]] = []
        for types in call.iter(f"{{{NAMESPACE}}}types"):
            type = types.findtext(f"{{{NAMESPACE}}}name", "")
            names = [each.text or "" for each in types.findall(f"{{{NAMESPACE}}}members")]
            wanted += [(type, name) for name in (self.contents.components.get(type, {}) if "*" in names else names)]
        is_single = call.findtext(f".//{{{NAMESPACE}}}singlePackage") == "true"
        files: dict[str, bytes] = {}
        properties, messages = [], []
        for type, name in wanted:
            component = self.contents.components.get(type, {}).get(name)
            if component is None or type not in FILES:
                problem = f"Entity of type '{type}' named '{name}' cannot be found"
                messages.append(("messages", [("fileName", "unpackaged/package.xml"), ("problem", problem)]))
                continue
            folder, ending = FILES[type]
            path = f"{'' if is_single else 'unpackaged/'}{folder}/{name}.{ending}"
            files |= self._written(type, path, component)
            properties.append(("fileProperties", _properties(type, name, path, component)))
        files[f"{'' if is_single else 'unpackaged/'}package.xml"] = _document("Package", [("version", "67.0")])
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        return to_xml(
            [("done", "true"), *properties, ("id", id), *messages, ("status", "Succeeded"), ("success", "true"),
             ("zipFile", base64.b64encode(packed.getvalue()).decode())]
        )  # fmt: skip

    def _written(self, type: str, path: str, component: Component) -> dict[str, bytes]:
        if type != "Certificate":
            fields = _without(component.fields, self.hidden_elements)
            return {path: _document(type, _masked(fields, self.masked_elements))}
        fields = [each for each in component.fields if each[0] not in ("fullName", "content")]
        content = base64.b64decode(dict(component.fields)["content"])
        return {path: content, f"{path}-meta.xml": _document(type, fields)}

    # Deploy

    def _deploy(self, id: str, zipped: bytes, is_dry: bool) -> str:
        told, failed = [], 0
        with zipfile.ZipFile(io.BytesIO(zipped)) as archive, tempfile.TemporaryDirectory() as folder:
            archive.extractall(folder)
            paths = [PurePosixPath(name) for name in archive.namelist() if not name.endswith(("/", "package.xml"))]
            kinds = {ending: type for type, (_, ending) in FILES.items()}
            for path in [path for path in paths if not path.name.endswith("-meta.xml")]:
                type = kinds.get(path.suffix.removeprefix("."), "")
                problem = self._problem(type, Path(folder) / path)
                if not problem and not is_dry:
                    problem = self._take(type, Path(folder) / path)
                failed += bool(problem)
                told.append(_message(type, path, problem))
        self.done.append((is_dry, tuple(map(str, paths))))
        return to_xml(
            [("checkOnly", str(is_dry).lower()), ("createdBy", "005000000000001AAA"), ("createdByName", "Somebody"),
             ("createdDate", _DATE), ("details", told), ("done", "true"), ("id", id), ("ignoreWarnings", "false"),
             ("numberComponentErrors", failed), ("numberComponentsDeployed", len(told) - failed),
             ("numberComponentsTotal", len(told)), ("numberTestErrors", 0), ("numberTestsCompleted", 0),
             ("numberTestsTotal", 0), ("rollbackOnError", "true"), ("runTestsEnabled", "false"),
             ("status", "Failed" if failed else "Succeeded"), ("success", str(not failed).lower())]
        )  # fmt: skip

    def _problem(self, type: str, path: Path) -> str:
        if not type:
            return f"Not known here: {path.name}"
        if type in self.refused_types:
            return f"Not allowed: {type}"
        if type in ("Certificate", "Settings"):
            return ""
        said = _values(_read(path))
        if problem := self.certificate_problem(said.get("certificate", "")):
            return problem
        key = said.get("consumerKey")
        here = self.contents.components.get(type, {}).get(path.stem)
        if key is not None and self.refusal:
            return self.refusal
        is_other = key is not None and here is not None and key != _values(here.fields).get("consumerKey")
        if is_other and not self.are_former_keys_taken:
            return NO_CONSUMER_KEY  # a guess: that an app in use takes its own key alone
        return TAKEN if key is not None and here is None and key in self.apps else ""

    def _take(self, type: str, path: Path) -> str:
        """Returns the problem, if there is one that a dry run does not find."""
        if type == "Certificate":
            return self.contents.take(path)
        if type == "Settings":
            fields = _read(path)
            self.setup.identity_provider |= _values(fields).get("enableIdentityProvider") == "true"
            self.contents.add(type, path.stem, fields)
            return ""
        fields = _with_defaults(type, _without(_read(path), self.resets))
        self.resets = set()
        old = self.contents.components.get(type, {}).get(path.stem)
        before = _values(old.fields) if old else {}
        after = _values(fields)
        key = after.get("consumerKey") or before.get("consumerKey", "")  # a guess: an app in use keeps its key
        has_key = OAUTH in dict(fields) or type == "ExtlClntAppGlobalOauthSettings"
        if has_key and (self.is_new_key_given or after.get("shouldRotateConsumerKey") == "true" or not key):
            key = f"3MVG9worthless.{secrets.token_urlsafe(20)}"
        certificate = before.get("certificate", "") if self.is_certificate_ignored else after.get("certificate", "")
        kept = {"consumerKey": key, "consumerSecret": before.get("consumerSecret", ""), "certificate": certificate}
        fields = _put(fields, kept)
        if old is None:
            self.contents.add(type, path.stem, fields)
        else:
            old.fields = fields
        is_external = type == "ExtlClntAppGlobalOauthSettings"
        if app := self.apps.pop(before.get("consumerKey", ""), None):
            self.apps[key] = app
            app.coming = [self.delay_requests, _pem(certificate)]
        elif old is None and (is_external or OAUTH in dict(fields)):
            self.apps[key] = App(
                _pem(certificate), set(), external=is_external, label=path.stem, minds_dates=self.minds_dates
            )
        self._approve(type, after, key)
        return ""

    def _approve(self, type: str, said: Mapping[str, str], key: str) -> None:
        """An External Client App names its profiles in a file of its own."""
        if type == "ExtlClntAppOauthConfigurablePolicies":
            name = f"{said.get('externalClientApplication')}_glbloauth"
            settings = self.contents.components.get("ExtlClntAppGlobalOauthSettings", {}).get(name)
            key = _values(settings.fields).get("consumerKey", "") if settings else ""
        if key in self.apps and (said.get("profileName") or said.get("commaSeparatedProfile")):
            self.apps[key].approved_users |= set(self.users)


_DATE = "2026-01-01T00:00:00.000Z"
_SOMEBODY = [
    ("createdById", "005000000000001AAA"), ("createdByName", "Somebody"), ("createdDate", _DATE),
]  # fmt: skip


def _properties(type: str, name: str, path: str, component: Component) -> Fields:
    return [
        *_SOMEBODY, ("fileName", path), ("fullName", name), ("id", component.id),
        ("lastModifiedById", "005000000000001AAA"), ("lastModifiedByName", "Somebody"), ("lastModifiedDate", _DATE),
        ("manageableState", "installed" if component.installed else "unmanaged"), ("type", type),
    ]  # fmt: skip


def _message(type: str, path: PurePosixPath, problem: str) -> tuple[str, Fields]:
    state = "componentFailures" if problem else "componentSuccesses"
    return state, [
        ("changed", str(not problem).lower()), ("componentType", type), ("created", "false"), ("createdDate", _DATE),
        ("deleted", "false"), ("fileName", str(path)), ("fullName", path.stem),
        *([("problem", problem), ("problemType", "Error")] if problem else []), ("success", str(not problem).lower()),
    ]  # fmt: skip


def _document(root: str, fields: Fields) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<{root} xmlns="{NAMESPACE}">{to_xml(fields)}</{root}>\n'.encode()


def _read(path: Path) -> Fields:
    return _fields(ElementTree.fromstring(path.read_bytes()))  # noqa: S314 - a test's own client sent it


def _fields(element: ElementTree.Element) -> Fields:
    return [(each.tag.rpartition("}")[2], _fields(each) if len(each) else each.text or "") for each in element]


def _values(fields: Fields) -> dict[str, str]:
    """The texts by name, those of oauthConfig among them."""
    flat = dict(each for each in fields if isinstance(each[1], str))
    nested: Fields = next((value for name, value in fields if name == OAUTH), [])
    return flat | dict(each for each in nested if isinstance(each[1], str))


def _without(fields: Fields, names: set[str]) -> Fields:
    return [
        (name, _without(value, names) if isinstance(value, list) else value)
        for name, value in fields
        if name not in names
    ]


def _masked(fields: Fields, masks: Mapping[str, str]) -> Fields:
    return [
        (name, _masked(value, masks) if isinstance(value, list) else masks.get(name, value)) for name, value in fields
    ]


def _with_defaults(type: str, fields: Fields) -> Fields:
    for group, defaults in DEFAULTS.get(type, {}).items():
        if not group:
            fields = _sorted([*fields, *_missing(defaults, fields)])
            continue
        inner: Fields = next((value for name, value in fields if name == group), [])
        inner = _sorted([*inner, *_missing(defaults, inner)])
        fields = _sorted([*(each for each in fields if each[0] != group), (group, inner)])
    return fields


def _sorted(fields: Fields) -> Fields:
    """By name, as retrieved files are; the same name keeps its order."""
    return sorted(fields, key=lambda each: each[0])


def _missing(defaults: Mapping[str, str], fields: Fields) -> Fields:
    return [(name, value) for name, value in defaults.items() if name not in dict(fields)]


def _put(fields: Fields, values: Mapping[str, str]) -> Fields:
    """In oauthConfig where there is one; an empty value takes the element away."""
    if OAUTH in dict(fields):
        return [(name, _put(value, values) if name == OAUTH else value) for name, value in fields]
    rest = [each for each in fields if each[0] not in values]
    return _sorted([*rest, *((name, value) for name, value in values.items() if value)])


def _pem(certificate: str) -> str:
    """As the org reads the element: PEM, one line of base64, or base64 of the PEM, of which there are retrieves."""
    if not certificate or "BEGIN" in certificate:
        return certificate
    if (text := base64.b64decode(certificate)).startswith(b"-----BEGIN"):
        return text.decode()
    return f"-----BEGIN CERTIFICATE-----\n{''.join(certificate.split())}\n-----END CERTIFICATE-----\n"
