"""An sfdx project as large ones are: thousands of metadata files of all kinds, and a handful of certificates."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_KEYS = Path(__file__).parent.parent / "fixtures" / "keystores"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


@dataclass(frozen=True)
class Project:
    """``folder`` holds ``sfdx-project.json``; ``certificates`` are the files that carry one, in the order made."""

    folder: Path
    certificates: tuple[Path, ...]


def make_project(folder: Path, files: int = 2000, certificates: int = 5) -> Project:
    """Write an sfdx project of ``files`` files, ``certificates`` of which carry a certificate of their own.

    The certificates go round: connected app (one line of base64), External Client App (base64 in lines of 64), CKM
    (PEM beside its -meta.xml), SAML settings, connected app (PEM). Their names are ``Client1`` and so on; they live
    from 2020 to 2040 and are signed by worthless fixture keys. The same arguments give the same bytes.
    """
    main = folder / "force-app" / "main" / "default"
    written: list[Path] = []

    def write(name: str, content: str | bytes) -> Path:
        path = main / name
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        written.append(path)
        return path

    folder.mkdir(parents=True, exist_ok=True)
    described = {"packageDirectories": [{"path": "force-app", "default": True}], "sourceApiVersion": "66.0"}
    (folder / "sfdx-project.json").write_text(json.dumps(described, indent=2))
    (folder / ".forceignore").write_text("**/jsconfig.json\n**/.eslintrc.json\n")
    (folder / "README.md").write_text("# A project\n")
    carrying = [_CARRIERS[number % len(_CARRIERS)](write, number + 1) for number in range(certificates)]
    number = 0
    while len(written) + 3 < files:
        number += 1
        _PLAIN[number % len(_PLAIN)](write, number)
    for surplus in written[max(files - 3, 0) :]:
        surplus.unlink()
    return Project(folder, tuple(carrying))


Write = Callable[[str, str | bytes], Path]


def _meta(type: str, body: str = "") -> str:
    return f'{_XML}<{type} xmlns="{_NAMESPACE}">\n{body}</{type}>\n'


# What carries a certificate


@cache
def _key(name: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key((_KEYS / name).read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def certificate(number: int) -> x509.Certificate:
    """The one of ``Client{number}``: the same each time."""
    key = _key("first.key" if number % 2 else "second.key")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Client{number}")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1_000_000 + number)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )


def _line(number: int) -> str:
    return base64.b64encode(certificate(number).public_bytes(serialization.Encoding.DER)).decode()


def _wrapped(number: int) -> str:
    line = _line(number)
    return "\n".join(line[start : start + 64] for start in range(0, len(line), 64))


def _pem(number: int) -> str:
    return certificate(number).public_bytes(serialization.Encoding.PEM).decode()


def _connected_app(write: Write, number: int, text: str) -> Path:
    body = (
        f"    <contactEmail>client{number}@example.com</contactEmail>\n    <label>Client {number}</label>\n"
        f"    <oauthConfig>\n        <callbackUrl>https://localhost/callback</callbackUrl>\n"
        f"        <certificate>{text}</certificate>\n        <consumerKey>Client{number}Key</consumerKey>\n"
        "        <isAdminApproved>true</isAdminApproved>\n        <scopes>Api</scopes>\n"
        "        <scopes>RefreshToken</scopes>\n    </oauthConfig>\n"
    )
    return write(f"connectedApps/Client{number}.connectedApp-meta.xml", _meta("ConnectedApp", body))


def _external_client_app(write: Write, number: int) -> Path:
    name = f"Client{number}"
    app = f"    <contactEmail>client{number}@example.com</contactEmail>\n    <label>{name}</label>\n"
    write(f"externalClientApps/{name}.eca-meta.xml", _meta("ExternalClientApplication", app))
    body = (
        "    <callbackUrl>https://localhost/callback</callbackUrl>\n"
        f"    <certificate>{_wrapped(number)}\n</certificate>\n"
        f"    <externalClientApplication>{name}</externalClientApplication>\n    <label>{name} global</label>\n"
        "    <shouldRotateConsumerKey>false</shouldRotateConsumerKey>\n"
    )
    settings = _meta("ExtlClntAppGlobalOauthSettings", body)
    return write(f"extlClntAppGlobalOauthSets/{name}_glbloauth.ecaGlblOauth-meta.xml", settings)


def _ckm(write: Write, number: int) -> Path:
    body = (
        "    <caSigned>false</caSigned>\n    <expirationDate>2040-01-01T00:00:00.000Z</expirationDate>\n"
        f"    <keySize>2048</keySize>\n    <masterLabel>Client{number}</masterLabel>\n"
        "    <privateKeyExportable>true</privateKeyExportable>\n"
    )
    write(f"certs/Client{number}.crt-meta.xml", _meta("Certificate", body))
    return write(f"certs/Client{number}.crt", _pem(number))


def _saml(write: Write, number: int) -> Path:
    body = (
        f"    <identityMapping>FederationId</identityMapping>\n    <issuer>https://idp{number}.example.com</issuer>\n"
        f"    <name>Client{number}</name>\n    <requestSigningCertId>0P1000000000{number:03d}</requestSigningCertId>\n"
        f"    <samlVersion>SAML2_0</samlVersion>\n    <validationCert>{_line(number)}</validationCert>\n"
    )
    return write(f"samlssoconfigs/Client{number}.samlssoconfig-meta.xml", _meta("SamlSsoConfig", body))


_CARRIERS: tuple[Callable[[Write, int], Path], ...] = (
    lambda write, number: _connected_app(write, number, _line(number)),
    _external_client_app,
    _ckm,
    _saml,
    lambda write, number: _connected_app(write, number, _pem(number)),
)


# What carries none: many begin with "<" and are no XML, some are no text at all


def _apex(write: Write, number: int) -> None:
    code = "".join(f"    public static Integer step{n}(Integer x) {{ return x + {n}; }}\n" for n in range(20))
    write(f"classes/Service{number}.cls", f"public with sharing class Service{number} {{\n{code}}}\n")
    status = "    <apiVersion>66.0</apiVersion>\n    <status>Active</status>\n"
    write(f"classes/Service{number}.cls-meta.xml", _meta("ApexClass", status))
    write(
        f"triggers/Account{number}.trigger",
        f"trigger Account{number} on Account (before insert) {{\n    Service{number}.step1(1);\n}}\n",
    )
    write(f"triggers/Account{number}.trigger-meta.xml", _meta("ApexTrigger", status))


def _aura(write: Write, number: int) -> None:
    name = f"Panel{number}"
    write(
        f"aura/{name}/{name}.cmp",
        "<aura:component implements=\"flexipage:availableForAllPageTypes\" access='global'>\n"
        '    <aura:attribute name="items" type="Object[]"/>\n    <div class="{!v.items.length > 0 && v.open}">\n'
        '        <lightning:button label="Go" onclick="{!c.go}"/>&nbsp;<br>\n    </div>\n</aura:component>\n',
    )
    write(f"aura/{name}/{name}.app", f'<aura:application extends="force:slds">\n    <c:{name}/>\n</aura:application>\n')
    write(f"aura/{name}/{name}.evt", '<aura:event type="APPLICATION" description="Said">\n</aura:event>\n')
    write(f"aura/{name}/{name}Controller.js", "({\n    go: function (cmp) { cmp.set('v.items', []); }\n})\n")
    write(f"aura/{name}/{name}.css", ".THIS { color: #16325c; }\n")
    write(f"aura/{name}/{name}.auradoc", "<aura:documentation>\n    <aura:description>None\n</aura:documentation>\n")
    write(f"aura/{name}/{name}.design", '<design:component label="Panel"/>\n')
    write(f"aura/{name}/{name}.cmp-meta.xml", _meta("AuraDefinitionBundle", "    <apiVersion>66.0</apiVersion>\n"))


def _lwc(write: Write, number: int) -> None:
    name = f"tile{number}"
    write(
        f"lwc/{name}/{name}.js",
        "import { LightningElement, api } from 'lwc';\nexport default class Tile extends LightningElement {\n"
        "    @api recordId;\n}\n",
    )
    write(
        f"lwc/{name}/{name}.html",
        "<template>\n    <input disabled>\n    <p if:true={recordId}>{recordId}&copy;</p>\n</template>\n",
    )
    write(f"lwc/{name}/{name}.css", "p { margin: 0; }\n")
    exposed = "    <apiVersion>66.0</apiVersion>\n    <isExposed>true</isExposed>\n"
    write(f"lwc/{name}/{name}.js-meta.xml", _meta("LightningComponentBundle", exposed))
    write(f"lwc/{name}/__tests__/{name}.test.js", "describe('tile', () => { it('is', () => {}); });\n")


def _pages(write: Write, number: int) -> None:
    write(
        f"pages/Page{number}.page",
        f'<apex:page controller="Service{number}" sidebar="false">\n    <script>if (1 < 2 && true) {{ go(); }}</script>\n'
        "</apex:page>\n",
    )
    write(f"pages/Page{number}.page-meta.xml", _meta("ApexPage", f"    <label>Page {number}</label>\n"))
    write(f"components/Part{number}.component", "<apex:component>\n    <b>{!$User.Id}</b>\n</apex:component>\n")
    write(f"components/Part{number}.component-meta.xml", _meta("ApexComponent", f"    <label>Part {number}</label>\n"))


def _email(write: Write, number: int) -> None:
    write(
        f"email/Letters/Letter{number}.email",
        "<html>\n<body>\nDear {!Contact.FirstName},<br>\n<p>thank you & goodbye\n</body>\n</html>\n",
    )
    body = (
        "    <available>true</available>\n    <encodingKey>UTF-8</encodingKey>\n"
        f"    <name>Letter {number}</name>\n    <style>none</style>\n    <subject>Hello</subject>\n"
        "    <type>custom</type>\n"
    )
    write(f"email/Letters/Letter{number}.email-meta.xml", _meta("EmailTemplate", body))


def _object(write: Write, number: int) -> None:
    name = f"Thing{number}__c"
    body = (
        f"    <deploymentStatus>Deployed</deploymentStatus>\n    <label>Thing {number}</label>\n"
        "    <sharingModel>ReadWrite</sharingModel>\n"
    )
    write(f"objects/{name}/{name}.object-meta.xml", _meta("CustomObject", body))
    for field in ("Amount", "Certificate", "Minute"):
        described = f"    <fullName>{field}__c</fullName>\n    <label>MINUTE {field}</label>\n    <type>Text</type>\n"
        write(f"objects/{name}/fields/{field}__c.field-meta.xml", _meta("CustomField", described))
    write(
        f"objects/{name}/listViews/All.listView-meta.xml",
        _meta("ListView", "    <fullName>All</fullName>\n    <filterScope>Everything</filterScope>\n"),
    )
    items = "".join(f"            <layoutItems><field>F{n}__c</field></layoutItems>\n" for n in range(15))
    section = f"    <layoutSections>\n        <layoutColumns>\n{items}        </layoutColumns>\n    </layoutSections>\n"
    write(f"layouts/{name}-Thing Layout.layout-meta.xml", _meta("Layout", section))


def _access(write: Write, number: int) -> None:
    fields = "".join(
        f"    <fieldPermissions>\n        <editable>true</editable>\n        <field>Thing{n}__c.Amount__c</field>\n"
        "        <readable>true</readable>\n    </fieldPermissions>\n"
        for n in range(30)
    )
    write(f"profiles/Profile {number}.profile-meta.xml", _meta("Profile", fields))
    write(
        f"permissionsets/Set{number}.permissionset-meta.xml",
        _meta("PermissionSet", f"{fields}    <label>Set {number}</label>\n"),
    )
    label = f"    <labels>\n        <fullName>L{number}</fullName>\n        <value>MIME & co</value>\n    </labels>\n"
    write(f"labels/Labels{number}.labels-meta.xml", _meta("CustomLabels", label.replace("&", "&amp;")))
    flow = f"    <label>Flow {number}</label>\n    <processType>AutoLaunchedFlow</processType>\n"
    write(f"flows/Flow{number}.flow-meta.xml", _meta("Flow", flow))
    write(
        f"customMetadata/Setting.S{number}.md-meta.xml",
        _meta("CustomMetadata", f"    <label>S{number}</label>\n    <protected>false</protected>\n"),
    )


def _resources(write: Write, number: int) -> None:
    binary = bytes((number * 31 + n * 7) % 256 for n in range(512))
    write(f"staticresources/logo{number}.png", b"\x89PNG\r\n\x1a\n" + binary)
    write(f"staticresources/icon{number}.svg", '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>\n')
    write(
        f"staticresources/page{number}.html",
        f'<!DOCTYPE html>\n<html lang="en">\n<title>{number}</title>\n<p>It is &nbsp;<br>\n</html>\n',
    )
    write(f"staticresources/data{number}.json", json.dumps({"number": number, "certificate": None}))
    write(f"staticresources/lib{number}.resource", b"\x30\x82" + binary)
    write(f"staticresources/note{number}.txt", "")
    for ending in ("logo", "icon", "page", "data", "lib", "note"):
        kind = "    <cacheControl>Public</cacheControl>\n    <contentType>application/octet-stream</contentType>\n"
        write(f"staticresources/{ending}{number}.resource-meta.xml", _meta("StaticResource", kind))


_PLAIN: tuple[Callable[[Write, int], None], ...] = (
    _apex,
    _aura,
    _lwc,
    _pages,
    _email,
    _object,
    _access,
    _resources,
)
