"""Where an app of an org has its certificate, and how a person changes it there in Setup."""

import re
from collections.abc import Sequence

from sfkeytool.errors import OrgError
from sfkeytool.model import AppKind, Result
from sfkeytool.salesforce import soap
from sfkeytool.salesforce.org import OrgClient, ends_everything

CONNECTED_APP, EXTERNAL_CLIENT_APP = "ConnectedApp", "ExternalClientApplication"
GLOBAL_SETTINGS = "ExtlClntAppGlobalOauthSettings"
"""What an External Client App has its certificate and its consumer key in."""

_FIELD = {CONNECTED_APP: "oauthConfig.certificate", GLOBAL_SETTINGS: "certificate"}
_KEY_FIELD = {CONNECTED_APP: "oauthConfig.consumerKey", GLOBAL_SETTINGS: "consumerKey"}
_FILES = {
    CONNECTED_APP: ("connectedApps", "connectedApp"),
    GLOBAL_SETTINGS: ("extlClntAppGlobalOauthSets", "ecaGlblOauth"),
}
_CLICKS = {
    AppKind.CONNECTED_APP: (
        "Setup > App Manager > the row of {app}, its arrow > Edit",
        "under API (Enable OAuth Settings): tick Use digital signatures > Choose File > {file}",
        "Save > Continue; nothing else on that page is to be changed",
    ),
    AppKind.EXTERNAL_CLIENT_APP: (
        "Setup > External Client App Manager > {app} > Settings > OAuth Settings > Edit",
        "under Flow Enablement: Enable JWT Bearer Flow > upload {file}",
        "Save; nothing else on that page is to be changed",
    ),
}
_KEY_PLACES = {
    AppKind.CONNECTED_APP: "Setup > App Manager > {app} > View > Manage Consumer Details",
    AppKind.EXTERNAL_CLIENT_APP: (
        "Setup > External Client App Manager > {app} > Settings > OAuth Settings > Consumer Key and Secret"
    ),
}
_MOST_APPS = 12
_NAME = re.compile(r"[A-Za-z0-9_]{1,255}")
"""Of a file, and of what the Salesforce CLI is told: letters, digits and underscores, as all API names are."""


class AppAddress(Result, frozen=True, kw_only=True):
    """Where an app has its certificate. ``app`` is the API name of the app, ``type`` and ``member`` those of the
    component of the Metadata API that holds the certificate."""

    app: str
    kind: AppKind
    type: str
    member: str

    @property
    def folder(self) -> str:
        """Of the component's file, in a deployment."""
        return _FILES[self.type][0]

    @property
    def filename(self) -> str:
        """In that folder."""
        return f"{self.member}.{_FILES[self.type][1]}"

    @property
    def certificate_field(self) -> str:
        """The dotted path of the one element that is changed."""
        return _FIELD[self.type]

    def setup_way(self, file: str) -> tuple[str, ...]:
        """How a person puts ``file`` on the app in Setup, click by click."""
        return tuple(click.format(app=self.app, file=file) for click in _CLICKS[self.kind])

    @property
    def key_field(self) -> str:
        """The dotted path of the consumer key."""
        return _KEY_FIELD[self.type]

    @property
    def key_place(self) -> str:
        """Where Setup shows the consumer key."""
        return _KEY_PLACES[self.kind].format(app=self.app)


def find_app(client: OrgClient, app: str) -> AppAddress:
    """The app of the org that is called ``app``: its API name, or ``ConnectedApp:NAME`` or
    ``ExternalClientApplication:NAME`` where an org has both.

    Raises OrgError: metadata.app-unknown, metadata.app-ambiguous, metadata.app-installed for one that came with a
    package, metadata.app-hidden where the org does not show an External Client App's settings; and as OrgClient.
    """
    wanted_type, _, name = app.rpartition(":")
    listed = {type: list_components(client, type) for type in (CONNECTED_APP, EXTERNAL_CLIENT_APP)}
    found = [
        (type, each)
        for type, listing in listed.items()
        for each in listing
        if each.full_name == name and wanted_type in ("", type) and _NAME.fullmatch(name)
    ]
    if not found:
        names = sorted({each.full_name for listing in listed.values() for each in listing if not each.is_installed})
        more = " …" if len(names) > _MOST_APPS else ""
        raise OrgError(
            "metadata.app-unknown",
            f"{client.host} shows no app {app}",
            f"it shows: {', '.join(names[:_MOST_APPS])}{more}" if names else "it shows no apps at all",
            "the API name is wanted, not the label; and a user without View Setup sees none",
        )
    if len(found) > 1:
        raise OrgError(
            "metadata.app-ambiguous",
            f"{client.host} has a connected app and an External Client App {name}",
            f"say which: --app {CONNECTED_APP}:{name}, or --app {EXTERNAL_CLIENT_APP}:{name}",
        )
    [(type, properties)] = found
    if properties.is_installed or properties.namespace:
        raise OrgError(
            "metadata.app-installed",
            f"{name} came with an installed package: its publisher maintains its certificate",
            "ask the publisher; or make an app of your own for this integration",
        )
    if type == CONNECTED_APP:
        return AppAddress(app=name, kind=AppKind.CONNECTED_APP, type=CONNECTED_APP, member=name)
    members = [each.full_name for each in list_components(client, GLOBAL_SETTINGS)]
    for some in soap.chunks(members, soap.READ_LIMIT):
        for record in read_components(client, GLOBAL_SETTINGS, some):
            if record.first("externalClientApplication") == name and _NAME.fullmatch(record.full_name):
                return AppAddress(
                    app=name, kind=AppKind.EXTERNAL_CLIENT_APP, type=GLOBAL_SETTINGS, member=record.full_name
                )
    raise hidden(
        AppAddress(app=name, kind=AppKind.EXTERNAL_CLIENT_APP, type=GLOBAL_SETTINGS, member=f"{name}_glbloauth"),
        client.host,
    )


def hidden(address: AppAddress, host: str, file: str = "the .crt") -> OrgError:
    """That the org does not show the app's settings, with the way through Setup. Pure."""
    return OrgError(
        "metadata.app-hidden",
        f"{host} shows this user that there is an app {address.app}, and not its OAuth settings: its certificate is"
        " changed in Setup alone",
        *address.setup_way(file),
    )


def list_components(client: OrgClient, type: str) -> tuple[soap.FileProperties, ...]:
    """Those of a type; none where the org does not tell."""
    try:
        return client.list_metadata([type])
    except OrgError as error:
        if ends_everything(error):
            raise
        return ()


def read_components(client: OrgClient, type: str, names: Sequence[str]) -> tuple[soap.Record, ...]:
    """Those that the org shows; none where it does not."""
    try:
        return client.read_metadata(type, names)
    except OrgError as error:
        if ends_everything(error):
            raise
        return ()
