"""What is in the org, and how its APIs tell of it: SOQL as far as it is asked here, and the Metadata API's SOAP."""

import base64
import operator
import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
Fields = Sequence[tuple[str, Any]]

CERTIFICATE_COLUMNS = {
    "Id", "DeveloperName", "MasterLabel", "ExpirationDate", "KeySize", "OptionsIsCaSigned", "OptionsIsUnusable",
    "OptionsIsPrivateKeyExportable", "CreatedDate",
}  # fmt: skip
TYPES = {
    "Certificate", "ConnectedApp", "ExternalClientApplication", "ExtlClntAppGlobalOauthSettings",
    "ExtlClntAppOauthSettings", "ExtlClntAppSamlConfigurablePolicies", "SamlSsoConfig", "NamedCredential",
    "ExternalCredential", "AuthProvider", "InboundCertificate", "UserAuthCertificate", "IdentityProviderSettings",
    "CustomSite", "ExternalDataSource", "CallCenter", "PublicKeyCertificateSet",
}  # fmt: skip


@dataclass
class Component:
    """``fields`` in the order of the WSDL; values are texts, or lists of fields."""

    fields: Fields
    namespace: str = ""
    installed: bool = False
    id: str = ""
    """18 characters."""


@dataclass
class Contents:
    """Filled by tests, as people fill an org in Setup."""

    org_id: str
    components: dict[str, dict[str, Component]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    unknown_columns: set[str] = field(default_factory=set)
    unknown_types: set[str] = field(default_factory=set)
    denied_types: set[str] = field(default_factory=set)
    """Types that listMetadata refuses."""
    denied_names: set[str] = field(default_factory=set)
    """Components that readMetadata refuses."""
    hidden_names: set[str] = field(default_factory=set)
    """Components that listMetadata names and readMetadata passes over."""
    denied_objects: set[str] = field(default_factory=set)
    page_size: int = 2000
    ids: int = 0
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    """Of the certificates that were born here."""
    undeletable: set[str] = field(default_factory=set)
    """Names that deleteMetadata leaves: they are in use."""
    forgets_chains: bool = False
    """Whether an upload is called a success, and the record stays as it was."""
    minds_chains: bool = True
    """Whether an uploaded chain must begin with the leaf, and each certificate be signed by the next."""

    def add(self, type: str, name: str, fields: Fields, **state: Any) -> None:
        prefix = "0P1" if type == "Certificate" else "0XX"
        self.ids += 1
        id = with_checksum(f"{prefix}5g0000{self.ids:06d}"[:9] + f"{self.ids:03d}KmX")
        self.components.setdefault(type, {})[name] = Component(fields, **{"id": id, **state})

    def short_id(self, name: str) -> str:
        """Of a certificate of CKM, as the SAML settings of an org hold it: 15 characters."""
        return self.components["Certificate"][name].id[:15]

    def add_certificate(
        self, name: str, content: str, expires: str | None, *, ca_signed: bool = False, unusable: bool = False,
        key_size: int = 2048, created: str = "2026-01-01T00:00:00.000+0000", label: str | None = None,
    ) -> None:  # fmt: skip
        """A row of CKM. ``content`` is PEM: the chain, or the CSR while it is ``unusable``; expires: a dateTime."""
        fields: list[tuple[str, Any]] = [
            ("fullName", name),
            ("content", base64.b64encode(content.encode()).decode()),
            ("caSigned", str(ca_signed).lower()),
            *([("expirationDate", expires)] if expires else []),
            ("keySize", str(key_size)),
            ("masterLabel", label or f"Label of {name}"),
            ("privateKeyExportable", "true"),
        ]
        self.add("Certificate", name, fields)
        self.add_row(
            name, expires, ca_signed=ca_signed, unusable=unusable, key_size=key_size, created=created,
            id=self.components["Certificate"][name].id, label=label,
        )  # fmt: skip

    def add_row(
        self, name: str, expires: str | None, *, ca_signed: bool = False, unusable: bool = False, key_size: int = 2048,
        created: str = "2026-01-01T00:00:00.000+0000", id: str = "", label: str | None = None,
    ) -> None:  # fmt: skip
        """A row alone is one that was deleted: the query shows it, listMetadata does not."""
        self.rows.setdefault("Certificate", []).append(
            {
                "Id": id or with_checksum("0P15g000000Gone"),
                "DeveloperName": name,
                "MasterLabel": label or f"Label of {name}",
                "ExpirationDate": expires,
                "KeySize": key_size,
                "OptionsIsCaSigned": ca_signed,
                "OptionsIsUnusable": unusable,
                "OptionsIsPrivateKeyExportable": True,
                "CreatedDate": created,
            }
        )

    def delete_certificate(self, name: str) -> None:
        """Its row stays: the query shows what was deleted (sfdx-browserforce-plugin works around that)."""
        del self.components["Certificate"][name]

    def names_of_rows(self) -> set[str]:
        """Of all certificates that are, or were, in CKM."""
        return {row["DeveloperName"] for row in self.rows.get("Certificate", [])}

    def rename_certificate(self, id: str, name: str, label: str) -> None:
        """As the page of the record does; ``id`` has 15 or 18 characters."""
        old = next(each for each, found in self.components["Certificate"].items() if found.id[:15] == id[:15])
        component = self.components["Certificate"].pop(old)
        said = {"fullName": name, "masterLabel": label}
        component.fields = [(field, said.get(field, value)) for field, value in component.fields]
        self.components["Certificate"][name] = component
        for row in self.rows["Certificate"]:
            if row["Id"] == component.id:
                row |= {"DeveloperName": name, "MasterLabel": label}

    def add_person(
        self, username: str, *, email: str | None = None, permission: bool = False, admin: bool = False,
        frozen: bool = False, profile: str = "Standard User", license: str = "Salesforce",
    ) -> None:  # fmt: skip
        people = self.rows.setdefault("PermissionSetAssignment", [])
        id = f"005{len(people):012d}AAA"
        assignee = {
            "Id": id, "Username": username, "Email": email or username, "UserType": "Standard",
            "Profile": {"Name": profile, "UserLicense": {"Name": license}},
        }  # fmt: skip
        people.append({"AssigneeId": id, "Assignee": assignee, "_permission": permission, "_admin": admin})
        self.rows.setdefault("UserLogin", []).append({"UserId": id, "_frozen": frozen})

    def take(self, path: Path) -> str:
        """A deployed certificate: a new record gets a key of its own that copies the subject, and waits for a CA unless
        it signs itself; a record that is there takes a chain of its own key. Returns the problem, if there is one."""
        name = path.stem
        meta = ElementTree.fromstring(path.with_name(f"{path.name}-meta.xml").read_bytes())  # noqa: S314 - a test's file
        said = {element.tag.rpartition("}")[2]: element.text or "" for element in meta}
        try:
            chain = x509.load_pem_x509_certificates(path.read_bytes())
        except ValueError:
            return "Invalid certificate"  # a guess
        if name not in self.components.get("Certificate", {}):
            self._bear(name, chain[0].subject, int(said["keySize"]), ca_signed=said["caSigned"] == "true")
            return ""
        own = self.keys[name].public_key()
        if own not in [each.public_key() for each in (chain[:1] if self.minds_chains else chain)]:
            return "The certificate does not match the private key"
        for issued, issuer in pairwise(chain if self.minds_chains else ()):
            try:
                issued.verify_directly_issued_by(issuer)
            except (ValueError, TypeError, InvalidSignature):
                return "The certificate chain is not valid"  # a guess
        if self.forgets_chains:
            return ""
        self.rows["Certificate"] = [row for row in self.rows["Certificate"] if row["DeveloperName"] != name]
        leaf = next(each for each in chain if each.public_key() == own)
        expires = f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%S.000+0000}"
        self.add_certificate(name, path.read_text(), expires, ca_signed=True, key_size=int(said["keySize"]))
        return ""

    def _bear(self, name: str, subject: x509.Name, bits: int, *, ca_signed: bool) -> None:
        """A key, and its request, or its certificate for a year."""
        key = self.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        if ca_signed:
            request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
            pem = request.public_bytes(serialization.Encoding.PEM).decode()
            self.add_certificate(name, pem, None, ca_signed=True, unusable=True, key_size=bits)
            return
        now = datetime.now(UTC)
        created = f"{now:%Y-%m-%dT%H:%M:%S.000+0000}"
        until = now + timedelta(days=365)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(until)
        pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
        self.add_certificate(name, pem, f"{until:%Y-%m-%dT%H:%M:%S.000+0000}", key_size=bits, created=created)

    # SOQL

    def query(self, target: str, *, version: str) -> tuple[int, Any]:
        """The answer to a query, or to the address of its next page."""
        parts = urlsplit(target)
        if match := re.search(r"/query/(?P<what>\w+)-(?P<start>\d+)$", parts.path):
            soql = base64.urlsafe_b64decode(match["what"] + "==").decode()
            return self._page(soql, int(match["start"]), parts.path.rpartition("/")[0])
        soql = parse_qs(parts.query)["q"][0]
        return self._page(soql, 0, parts.path.rstrip("/"))

    def _page(self, soql: str, start: int, path: str) -> tuple[int, Any]:
        match = re.fullmatch(
            r"SELECT (?P<columns>.+?) FROM (?P<object>\w+)(?: WHERE (?P<where>.+?))?"
            r"(?: ORDER BY (?P<order>\w+)(?P<down> DESC)?(?: ASC)?)?(?: LIMIT (?P<limit>\d+))?",
            soql.strip(),
        )
        if not match:
            return 400, [{"message": "unexpected token", "errorCode": "MALFORMED_QUERY"}]
        object, where = match["object"], match["where"] or ""
        columns = [column.strip() for column in match["columns"].split(",")]
        if object in self.denied_objects:
            return 400, [{"message": f"sObject type '{object}' is not supported.", "errorCode": "INVALID_TYPE"}]
        known = CERTIFICATE_COLUMNS if object == "Certificate" else set(columns)
        for column in [*columns, *re.findall(r"Permissions\w+", where)]:
            if (object == "Certificate" and column not in known) or column in self.unknown_columns:
                message = f"No such column '{column}' on entity '{object}'"
                return 400, [{"message": message, "errorCode": "INVALID_FIELD"}]
        rows = [row for row in self.rows.get(object, []) if _fits(row, where)]
        if order := match["order"]:
            rows.sort(key=lambda row: str(row[order]), reverse=bool(match["down"]))
        rows = rows[: int(match["limit"] or len(rows))]
        records = [
            {"attributes": {"type": object}, **{key: row[key] for key in row if not key.startswith("_")}}
            for row in rows
        ]
        if object == "Certificate":
            records = [{"attributes": {}, **{column: row[column] for column in columns}} for row in rows]
        page = records[start : start + self.page_size]
        answer: dict[str, Any] = {"totalSize": len(records), "size": len(page), "done": True, "records": page}
        if start + self.page_size < len(records):
            what = base64.urlsafe_b64encode(soql.encode()).decode().rstrip("=").replace("-", "_")
            answer |= {"done": False, "nextRecordsUrl": f"{path}/{what}-{start + self.page_size}"}
        return 200, answer

    # SOAP

    def soap(
        self, body: bytes, tokens: Container[str], others: Callable[[ElementTree.Element], str | None] = lambda _: None
    ) -> tuple[int, bytes]:
        """The answer to listMetadata, readMetadata or deleteMetadata, or what ``others`` make of another call."""
        root = ElementTree.fromstring(body)  # noqa: S314 - a test's own client sent it
        token = next((each.text for each in root.iter(f"{{{NAMESPACE}}}sessionId")), None)
        if token not in tokens:
            return _fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
        call = next(each for each in root if each.tag.endswith("}Body"))[0]
        name = call.tag.rpartition("}")[2]
        if name == "listMetadata":
            return self._list([each.text or "" for each in call.iter(f"{{{NAMESPACE}}}type")])
        if (result := others(call)) is not None:
            return _answer(name, f"<result>{result}</result>")
        if name == "deleteMetadata":
            return self._delete(str(call.findtext(f"{{{NAMESPACE}}}type")), names_of(call))
        if name == "readMetadata":
            return self._read(str(call.findtext(f"{{{NAMESPACE}}}type")), names_of(call))
        return _fault("UNKNOWN_EXCEPTION", f"no such call here: {name}")

    def _list(self, types: Sequence[str]) -> tuple[int, bytes]:
        if len(types) > 3:
            return _fault("LIMIT_EXCEEDED", "at most 3 queries")
        for type in types:
            if type not in TYPES | self.components.keys() or type in self.unknown_types:
                return _fault("INVALID_TYPE", f"INVALID_TYPE: Unknown type:{type}")
            if type in self.denied_types:
                return _fault("INSUFFICIENT_ACCESS", "insufficient access rights on cross-reference id")
        results = []
        for type in types:
            for name, component in self.components.get(type, {}).items():
                state = "installed" if component.installed else "unmanaged"
                fields = [
                    ("createdById", "005000000000001AAA"), ("createdByName", "Somebody"),
                    ("createdDate", "2026-01-01T00:00:00.000Z"), ("fileName", f"{type}/{name}"), ("fullName", name),
                    ("id", component.id), ("lastModifiedById", "005000000000001AAA"),
                    ("lastModifiedByName", "Somebody"), ("lastModifiedDate", "2026-01-01T00:00:00.000Z"),
                    ("manageableState", state),
                    *([("namespacePrefix", component.namespace)] if component.namespace else []), ("type", type),
                ]  # fmt: skip
                results.append(("result", fields))
        return _answer("listMetadata", to_xml(results))

    def _delete(self, type: str, names: Sequence[str]) -> tuple[int, bytes]:
        results = []
        for name in names:
            if name in self.undeletable:
                error = [("message", f"{name} is in use"), ("statusCode", "DELETE_FAILED")]
                results.append(("result", [("errors", error), ("fullName", name), ("success", "false")]))
                continue
            is_here = self.components.get(type, {}).pop(name, None) is not None
            if is_here and type == "ExternalClientApplication":  # a guess: with its parts
                for parts in self.components.values():
                    for part in [
                        each for each, found in parts.items() if ("externalClientApplication", name) in found.fields
                    ]:
                        del parts[part]
            results.append(("result", [("fullName", name), ("success", str(is_here).lower())]))
        return _answer("deleteMetadata", to_xml(results))

    def _read(self, type: str, names: Sequence[str]) -> tuple[int, bytes]:
        if len(names) > 10:
            return _fault("LIMIT_EXCEEDED", "at most 10 names")
        if denied := self.denied_names & {f"{type}:{name}" for name in names}:
            return _fault("INSUFFICIENT_ACCESS", f"not for you: {min(denied)}")
        records = ""
        for name in names:
            component = self.components.get(type, {}).get(name)
            if component is None or f"{type}:{name}" in self.hidden_names:
                records += '<records xsi:nil="true"/>'
                continue
            fields = component.fields if type in ("Certificate",) else [("fullName", name), *component.fields]
            records += f'<records xsi:type="{type}">{to_xml(fields)}</records>'
        return _answer("readMetadata", f"<result>{records}</result>")


def with_checksum(id: str) -> str:
    """An Id of 15 characters with the three that tell which of its letters are upper-case."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    groups = (id[start : start + 5] for start in (0, 5, 10))
    return id + "".join(
        letters[sum(1 << place for place, each in enumerate(group) if each.isupper())] for group in groups
    )


_CONDITION = re.compile(r"(\w+)\s*(>=|<=|=|>|<)\s*(?:'([^']*)'|([\w:.+-]+))")
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq, ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip


def _fits(row: dict[str, Any], where: str) -> bool:
    if "PermissionsManageCertificatesExpiration" in where:
        return bool(row["_permission"])
    if "PermissionsModifyAllData" in where:
        return bool(row["_admin"])
    if "IsFrozen" in where:
        return bool(row["_frozen"])
    return all(
        _COMPARISONS[sign](str(row[column]), quoted or bare)
        for column, sign, quoted, bare in _CONDITION.findall(where)
        if column in row
    )


def names_of(call: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in call.iter(f"{{{NAMESPACE}}}fullNames")]


def to_xml(fields: Fields) -> str:
    return "".join(
        f"<{name}>{to_xml(value) if isinstance(value, list) else escape(str(value))}</{name}>" for name, value in fields
    )


def _answer(call: str, inner: str) -> tuple[int, bytes]:
    return 200, _envelope(f"<{call}Response>{inner}</{call}Response>")


def _fault(code: str, message: str) -> tuple[int, bytes]:
    body = f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {escape(message)}</faultstring></soapenv:Fault>"
    return 500, _envelope(
        body.replace("<faultcode>", '<faultcode xmlns="">').replace("<faultstring>", '<faultstring xmlns="">')
    )


def _envelope(body: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope'
        ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        f' xmlns="{NAMESPACE}" xmlns:sf="http://soap.sforce.com/2006/04/fault"'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
    ).encode()
