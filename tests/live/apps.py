"""Questions about an app's certificate, and about the logins that are verified with it."""

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from filled_org import key

from live import material
from live.keystores import checked
from live.org import LiveOrg
from live.question import NAMES, REFUSED, TAKEN, Answer, CannotAsk
from sfkeytool.model import AppKind, Profile
from sfkeytool.salesforce.hosts import PRODUCTION, SANDBOX, parse_login_host
from sfkeytool.salesforce.metadata_source import App, SourceFile, build_app

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
MOST_LOGINS = 300
"""Of one run: Salesforce blocks a user at 3,600 in an hour (Knowledge 000381578)."""
_LOGIN_PAUSE_SECONDS = 5.0
_EFFECT_PAUSE_SECONDS = 20.0
_EFFECT_WITHIN_SECONDS = 900.0
"""A change of an app's certificate is reported to take 2 to 10 minutes."""
_LIFETIMES_SECONDS = (180, 300, 600, 3600, 86400)
SUCCESS = ""
_HOLDERS = {
    AppKind.CONNECTED_APP: ("ConnectedApp", "connectedApps", "connectedApp", ""),
    AppKind.EXTERNAL_CLIENT_APP: (
        "ExtlClntAppGlobalOauthSettings", "extlClntAppGlobalOauthSets", "ecaGlblOauth", "_glbloauth",
    ),
}  # fmt: skip
"""Type, folder and ending of the file that holds a certificate, and what its name has after the app's."""


@dataclass
class LiveApp:
    """``number`` is the key that it is known to let in; 0 where that is not known. ``shut_because`` is why it lets nobody
    in; empty where that was not tried, or it does."""

    kind: AppKind
    name: str
    consumer_key: str = ""
    number: int = 0
    shut_because: str = ""


def certificate_text(number: int, **changed: Any) -> str:
    return material.pem(material.certificate("live app", number, **changed)).decode()


# An app


def app_of(org: LiveOrg, kind: AppKind) -> LiveApp:
    """The app of that kind, which is made if need be. Raises CannotAsk, the second time as the first."""
    place = f"app {kind}"
    if place not in org.state:
        app = LiveApp(kind, NAMES + kind.replace("-", "_"))
        problems = put(org, app, certificate_text(1))
        org.state[place] = CannotAsk(f"the org takes no such app: {'; '.join(problems)}") if problems else app
    found = org.state[place]
    if isinstance(found, CannotAsk):
        raise found
    assert isinstance(found, LiveApp)
    return found


def put(org: LiveOrg, app: LiveApp, text: str) -> tuple[str, ...]:
    """Deploys the app with this certificate; the problems."""
    described = App(app.name, "Worthless, to be deleted", "nobody@example.com", text)
    problems = org.deploy([_for_profile(source, org) for source in build_app(app.kind, described)])
    if not problems:
        app.number = 0
        app.consumer_key = _element(_shown(org, app), "consumerKey")
        org.secrets.add(app.consumer_key)
    return problems


def _for_profile(source: SourceFile, org: LiveOrg) -> SourceFile:
    """With the profile of the user, who is let in by it."""
    if "profile" not in org.state:
        org.state["profile"] = org.profile()
    place = {
        "ConnectedApp": ("</ConnectedApp>", f"    <profileName>{org.state['profile']}</profileName>\n</ConnectedApp>"),
        "ExtlClntAppOauthConfigurablePolicies": (
            "    <externalClientApplication>",
            f"    <commaSeparatedProfile>{org.state['profile']}</commaSeparatedProfile>\n    <externalClientApplication>",
        ),
    }
    if source.type not in place or not org.state["profile"]:
        return source
    old, new = place[source.type]
    content = source.content.decode().replace(old, new).encode()
    return SourceFile(source.folder, source.filename, content, source.type, source.member)


def _shown(org: LiveOrg, app: LiveApp) -> str:
    """The file with the certificate, as a retrieve gives it; empty where it gives none. Secret: it holds the key."""
    type, folder, ending, suffix = _HOLDERS[app.kind]
    return org.retrieve(type, app.name + suffix).get(f"{folder}/{app.name}{suffix}.{ending}", b"").decode()


def _element(document: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", document)
    return found[1].strip() if found else ""


def any_app(org: LiveOrg) -> LiveApp:
    """A connected app; where the org takes none, an External Client App."""
    try:
        return app_of(org, AppKind.CONNECTED_APP)
    except CannotAsk:
        return app_of(org, AppKind.EXTERNAL_CLIENT_APP)


# Logins


def log_in(org: LiveOrg, app: LiveApp, number: int, **changed: Any) -> str:
    """SUCCESS, or the refusal. ``changed``: host, audience, seconds; else as sfkeytool logs in."""
    if not app.consumer_key:
        raise CannotAsk("the org does not show the app's consumer key")
    org.state["logins"] = org.state.get("logins", 0) + 1
    if org.state["logins"] > MOST_LOGINS:
        raise CannotAsk(f"{MOST_LOGINS} logins are enough for one run")
    org.pace.sleep(_LOGIN_PAUSE_SECONDS)
    host = parse_login_host(org.url, external_client_app=app.kind is AppKind.EXTERNAL_CLIENT_APP)
    claims = {
        "iss": app.consumer_key, "sub": org.username, "aud": changed.get("audience", host.audience),
        "exp": int(time.time()) + changed.get("seconds", 180),
    }  # fmt: skip
    form = {"grant_type": GRANT, "assertion": jwt.encode(claims, key(number), algorithm="RS256")}
    url = f"{changed.get('host', host.url)}/services/oauth2/token"
    answer = org.http.post(url, form, timeout=60, allow_redirects=False)
    try:
        told = answer.json()
    except ValueError:
        return f"status {answer.status_code}"
    if "LOGIN_RATE_EXCEEDED" in answer.text:
        raise CannotAsk("the user logs in too often: LOGIN_RATE_EXCEEDED")
    return SUCCESS if "access_token" in told else f"{told.get('error')}: {told.get('error_description')}"


def _takes_effect(org: LiveOrg, app: LiveApp, old: int, new: int) -> str:
    """The answer to the new key, once the app goes by its new certificate: it lets the new key in, or the old one no
    longer."""
    end = org.pace.monotonic() + _EFFECT_WITHIN_SECONDS
    while True:
        refusal = log_in(org, app, new)
        if refusal == SUCCESS:
            app.number = new
            return SUCCESS
        if old and log_in(org, app, old) != SUCCESS:
            return log_in(org, app, new)
        if org.pace.monotonic() > end:
            minutes = _EFFECT_WITHIN_SECONDS / 60
            raise CannotAsk(f"the app's new certificate took no effect within {minutes:.0f} minutes: {refusal}")
        org.pace.sleep(_EFFECT_PAUSE_SECONDS)


def ready(org: LiveOrg, app: LiveApp) -> int:
    """The key that the app lets in, with a good certificate on it."""
    if app.number:
        return app.number
    if app.shut_because:
        raise CannotAsk(app.shut_because)
    if problems := put(org, app, certificate_text(1)):
        raise CannotAsk(f"the app takes no certificate: {'; '.join(problems)}")
    try:
        _takes_effect(org, app, 0, 1)
    except CannotAsk as reason:
        app.shut_because = str(reason)  # the next question shall not wait as long again
        raise
    return 1


def login_with(kind: AppKind, **changed: Any) -> Callable[[LiveOrg], Answer]:
    """A question about a login whose app has such a certificate."""
    return lambda org: _logged_in(org, app_of(org, kind), lambda number: certificate_text(number, **changed))


def login_with_text(make: Callable[[int], str]) -> Callable[[LiveOrg], Answer]:
    """The same about a text in the app's certificate; whether the app takes it at all comes first."""
    return lambda org: _logged_in(org, any_app(org), make)


def _logged_in(org: LiveOrg, app: LiveApp, make: Callable[[int], str]) -> Answer:
    old = ready(org, app)
    new = 2 if old == 1 else 1
    text = make(new)
    said = checked(text.encode(), "app.crt", Profile.APP_CERT)
    if problems := put(org, app, text):
        app.number = old
        return Answer(REFUSED, problems, said, ("the deployment",))
    refusal = _takes_effect(org, app, old, new)
    return Answer(REFUSED if refusal else TAKEN, (refusal,) if refusal else (), said, ("the login",))


def hosts_of(kind: AppKind) -> Callable[[LiveOrg], Answer]:
    """Every host with every audience; observed is whether what sfkeytool chooses lets in."""

    def ask(org: LiveOrg) -> Answer:
        app = app_of(org, kind)
        number = ready(org, app)
        names = {org.url: "My Domain", PRODUCTION: "login", SANDBOX: "test"}
        chosen = parse_login_host(org.url, external_client_app=kind is AppKind.EXTERNAL_CLIENT_APP).audience
        answers = {
            (host, audience): log_in(org, app, number, host=host, audience=audience)
            for host in (org.url, SANDBOX)
            for audience in names
        }
        told = [f"{names[host]} with audience {names[audience]}: {answer or TAKEN}"
                for (host, audience), answer in answers.items()]  # fmt: skip
        mine = answers[org.url, chosen]
        return Answer(REFUSED if mine else TAKEN, (mine,) if mine else (), "", tuple(told))

    return ask


def longest_exp(org: LiveOrg) -> Answer:
    """How far ahead an assertion's end may lie."""
    app = any_app(org)
    number, most, words = ready(org, app), 0, ""
    for seconds in _LIFETIMES_SECONDS:
        if words := log_in(org, app, number, seconds=seconds):
            break
        most = seconds
    return Answer(f"{most} seconds" if most else REFUSED, (words,) if words else ())


# The certificate's form


def text_of(make: Callable[[int], str]) -> Callable[[LiveOrg], Answer]:
    """A question about whether an app takes a text as its certificate."""

    def ask(org: LiveOrg) -> Answer:
        app = any_app(org)
        text = make(1)
        said = checked(text.encode(), "app.crt", Profile.APP_CERT)
        problems = put(org, app, text)
        details = () if problems else (_form(_element(_shown(org, app), "certificate")),)
        return Answer(REFUSED if problems else TAKEN, problems, said, details)

    return ask


def returned_by(kind: AppKind) -> Callable[[LiveOrg], Answer]:
    """Whether a retrieve returns the app's certificate, and as what."""

    def ask(org: LiveOrg) -> Answer:
        app = app_of(org, kind)
        if problems := put(org, app, certificate_text(1)):
            raise CannotAsk(f"the app takes no certificate: {'; '.join(problems)}")
        document = _shown(org, app)
        if not document:
            return Answer("no file")
        text = _element(document, "certificate")
        shown = "with" if _element(document, "consumerKey") else "without"
        return Answer("returned" if text else "left out", (), "", (_form(text), f"{shown} the consumer key"))

    return ask


def _form(text: str) -> str:
    if not text:
        return "a retrieve leaves the certificate out"
    if "-----BEGIN CERTIFICATE-----" in text:
        return f"a retrieve shows PEM, {text.count('-----BEGIN CERTIFICATE-----')} certificates"
    lines = text.split()
    return f"a retrieve shows base64 in {len(lines)} lines, the first of {len(lines[0])} characters"


def line(number: int) -> str:
    """DER as one line of base64."""
    return base64.b64encode(material.der(material.certificate("live app", number))).decode()


def wrapped(number: int) -> str:
    """Base64 of the PEM, as apps are seen to keep some."""
    return base64.b64encode(certificate_text(number).encode()).decode()


def several(number: int) -> str:
    """The leaf, and the CA's that signed it."""
    ca = material.certificate("live ca", 0, ca=True)
    leaf = material.certificate("live app", number, issuer=ca, issuer_number=0)
    return material.pem(leaf, ca).decode()


def with_key(number: int) -> str:
    """Its own key, which is worthless: the app is deleted, and nothing else knows it."""
    return certificate_text(number) + material.key_pem(number).decode()


def with_broken_signature(number: int) -> str:
    return material.pem(material.with_broken_signature(material.certificate("live app", number))).decode()


def signed_with_sha1(number: int) -> str:
    return material.pem(material.signed_with_sha1(material.certificate("live app", number), number)).decode()


def large(number: int) -> str:
    """More than 4 KB, in DER too."""
    return certificate_text(number, padding_bytes=4096)


def large_line(number: int) -> str:
    """DER of at most 4 KB, whose PEM would be larger."""
    padded = material.certificate("live app", number, padding_bytes=3000)
    assert len(material.der(padded)) <= 4096 < len(material.pem(padded))
    return base64.b64encode(material.der(padded)).decode()
