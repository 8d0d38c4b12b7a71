"""Every reader of bytes that somebody else wrote, as a function of those bytes; what it may raise; what it starts with."""

import io
import json
import os
import re
import shlex
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from msgspec import Struct, field
from mutants import FIXTURES, PASSWORD

from sfkeytool.acceptance.explanations.matching import match_messages
from sfkeytool.audit.apex import certificates_named
from sfkeytool.audit.config import parse_config
from sfkeytool.audit.files import read_carriers
from sfkeytool.audit.org import read_org
from sfkeytool.audit.state import parse_state
from sfkeytool.crypto.certificates import describe_certificate, parse_certificate
from sfkeytool.crypto.csr import describe_csr, parse_csr
from sfkeytool.crypto.der import SEQUENCE, DerError, children, encode_tlv, read_tlv
from sfkeytool.crypto.keys import parse_private_key
from sfkeytool.crypto.pem import parse_pem
from sfkeytool.crypto.pkcs7 import parse_bundle
from sfkeytool.edge.journal import ForeignJournalError, parse_journal
from sfkeytool.edge.receipts import encode_grown, read_records
from sfkeytool.keystores import jks
from sfkeytool.keystores.bcfks.protection import Use, decrypt
from sfkeytool.keystores.bcfks.reading import parse_bcfks
from sfkeytool.keystores.bcfks.writing import Protection, encode_bcfks
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.model import Profile
from sfkeytool.names import legal_name, parse_unique_name
from sfkeytool.outside_json import parse_json
from sfkeytool.passwords import Secret, decode_secret, parse_source
from sfkeytool.salesforce import soap
from sfkeytool.salesforce.cli_bridge import parse_deploy, parse_display, parse_token
from sfkeytool.salesforce.hosts import LoginHost
from sfkeytool.salesforce.jwt_bearer import request_token
from sfkeytool.salesforce.org import OrgClient, Pace, Session
from sfkeytool.salesforce.transport import HttpRequest, HttpResponse
from sfkeytool.shell import shell_line
from sfkeytool.workflows.check import CheckOptions, check_file
from sfkeytool.workflows.generations import read_generation

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
PASSWORDS = (Secret(PASSWORD),)
HOST = "acme.my.salesforce.com"


class Reader(Struct, frozen=True):
    """``raises`` beside SfkeytoolError, which every reader may raise; ``once`` are inputs that failed once."""

    name: str
    read: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    raises: tuple[type[Exception], ...] = ()
    once: Callable[[], list[bytes]] = field(default_factory=lambda: list)


class MisreadError(Exception):
    """It was read, and should not have been, or not so."""


# Files


def _check(data: bytes) -> None:
    for profile in (None, Profile.SIGNED_UPLOAD):
        check_file(InputFile("in", data), PASSWORDS, CheckOptions(as_of=AS_OF, profile=profile))


def _fitted(data: bytes) -> None:
    """A keystore whose digest is right whatever the bytes are."""
    _check(data + jks.store_digest(data, PASSWORDS[0]))


def _sealed(data: bytes) -> None:
    """A BCFKS whose integrity check is right whatever is sealed in it."""
    protection = Protection(PASSWORDS[0], 1, os.urandom)
    encrypted = protection.encrypt(data, Use.STORE)
    parse_bcfks(encode_tlv(SEQUENCE, encrypted, protection.seal(encrypted)), "in", PASSWORDS)


def _metadata(data: bytes) -> None:
    found = read_carriers(InputFile("Pay.connectedApp-meta.xml", data), "campaign", PASSWORDS)
    if data.replace(b"\0", b"").startswith(b"<!DOCTYPE") and found:
        raise MisreadError("a document with a DOCTYPE was read")


def _zip(data: bytes) -> None:
    read_carriers(InputFile("in.zip", data), "campaign", PASSWORDS)


def _certificate(data: bytes) -> None:
    describe_certificate(parse_certificate(data, "in"))


def _key(data: bytes) -> None:
    parse_private_key(data, "in", PASSWORDS)


def _csr(data: bytes) -> None:
    describe_csr(parse_csr(data, "in"))


def _receipt(data: bytes) -> None:
    file = _scratch() / "pay.json"
    file.write_bytes(data)
    receipt = read_records(file)
    if receipt is not None:
        read_generation("pay", receipt["records"])
    encode_grown(receipt, {"command": "campaign"})


@cache
def _scratch() -> Path:
    import tempfile

    return Path(tempfile.mkdtemp(prefix="sfkeytool-campaign-"))


def _state(data: bytes) -> None:
    value = parse_json(data)
    if isinstance(value, dict):
        parse_state(value, "state.json")


# Answers


class _Answering:
    """Answers everything with ``data``, also in its headers, but which versions there are."""

    def __init__(self, data: bytes) -> None:
        first = data[:60].decode("latin-1")
        self._response = HttpResponse(
            400 if b"rror" in data[:60] else 200, {"date": first, "retry-after": first[:5]}, data
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.url.endswith("/services/data") and not self._response.body.startswith(b"["):
            return HttpResponse(200, {}, b'[{"version": "66.0"}]')
        assert self._response.server_time is None or self._response.server_time.tzinfo
        return self._response

    def close(self) -> None:
        """Nothing is kept."""


def _org(data: bytes) -> None:
    pace = Pace(lambda: 0.0, lambda seconds: None)
    client = OrgClient(Session(f"https://{HOST}", Secret("token"), None), _Answering(data), pace)
    read_org(client, "prod")


def _login(data: bytes) -> None:
    request_token(_Answering(data), LoginHost(f"https://{HOST}", f"https://{HOST}", ""), Secret("a.b.c"))


def _soap(data: bytes) -> None:
    soap.parse_list(data, HOST)
    soap.parse_read(data, "ConnectedApp", HOST)


_CLI_ANSWERS: tuple[tuple[str, Callable[[bytes, str], object]], ...] = (
    ("display", parse_display), ("token", parse_token), ("deploy", parse_deploy),
)  # fmt: skip


def _parsed(parse: Callable[[bytes, str], object], data: bytes) -> None:
    parse(data, "prod")


# Words


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _source(data: bytes) -> None:
    decode_secret(data, "the campaign")
    parse_source(_text(data), "--password", may_generate=True)


def _name(data: bytes) -> None:
    legal_name(_text(data))
    parse_unique_name(_text(data))


def _quoted(data: bytes) -> None:
    text = data.replace(b"\0", b"").decode("utf-8", "replace")  # no argument holds a NUL
    line = shell_line([text], windows=False)
    if line.startswith("$'"):  # shlex does not know it
        octal = re.sub(rb"\\([0-7]{3}|\\)", lambda found: _byte(found[1]), line[2:-1].encode())
        read = [octal.decode()]
    else:
        read = shlex.split(line)
    if read != [text]:
        raise MisreadError(f"{text!r} is quoted as {line!r}")


def _byte(escape: bytes) -> bytes:
    return escape if escape == b"\\" else bytes([int(escape, 8)])


# Seeds


def _files(*patterns: str) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for pattern in patterns for path in sorted(FIXTURES.glob(pattern))]


def _stores_without_digest() -> list[bytes]:
    return [data[: -jks.DIGEST_BYTES] for data in _files("corpus/*.jks")() if data[:4] == b"\xfe\xed\xfe\xed"]


def _ders() -> list[bytes]:
    texts = _files("corpus/signed*.crt", "corpus/app.crt", "keystores/*.crt")()
    blocks = [block for text in texts if text.startswith(b"-----BEGIN CERT") for block in parse_pem(text, "in")]
    return [block.der for block in blocks] + _files("corpus/*.der")()


def _zips() -> list[bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(FIXTURES.glob("corpus/app*.xml")) + sorted(FIXTURES.glob("corpus/app.*")):
            archive.write(path, f"unpackaged/{path.name}")
    return [packed.getvalue()]


def _json(*values: object) -> Callable[[], list[bytes]]:
    return lambda: [json.dumps(value).encode() for value in values]


def _lines(*texts: str) -> Callable[[], list[bytes]]:
    return lambda: [text.encode() for text in texts]


_RECORD = {
    "at": "2026-11-24T12:00:00Z", "command": "renew", "purpose": "jwt", "stepDone": "swap",
    "follows": {"name": "pay", "sameKey": True, "sha256": "0" * 64}, "files": [{"path": "pay.jks", "sha256": "0" * 64}],
}  # fmt: skip
_SOAP = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>{}</soapenv:Body>'
    "</soapenv:Envelope>"
)
_ANSWERS = (
    '{"records": [{"Id": "00D", "Name": "Acme", "IsSandbox": true}], "done": true}',
    '{"records": [{"DeveloperName": "pay", "KeySize": 2048, "ExpirationDate": "2027-01-01"}], "done": false}',
    '[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "no more"}]',
    '{"access_token": "x", "instance_url": "https://acme.my.salesforce.com", "scope": "api"}',
    '{"error": "invalid_grant", "error_description": "expired"}',
    _SOAP.format(
        "<listMetadataResponse><result><fullName>Pay</fullName><type>ConnectedApp</type></result></listMetadataResponse>"
    ),
    _SOAP.format(
        "<readMetadataResponse><result><records><fullName>Pay</fullName></records></result></readMetadataResponse>"
    ),
    _SOAP.format("<soapenv:Fault><faultcode>x</faultcode><faultstring>no</faultstring></soapenv:Fault>"),
)

# What failed once, made anew each time


def _deep() -> list[bytes]:
    return [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 60 + b"]" * 60]


def _open_strings() -> list[bytes]:
    """Quotes and backslashes without an end, on which a regular expression is quadratic."""
    return [b'"' + b"\\" * 40_000, b'"\\"' * 27_000, b'{"format": 1, "records": ["' + b'\\"' * 40_000]


def _open_apex() -> list[bytes]:
    return [b"'" * 40_001, b"/*" * 20_000, b"'\\" * 20_000, b"setClientCertificateName(" * 2_000, b"(" * 40_000]


def _numbers() -> list[bytes]:
    return [
        b'{"records": [{"KeySize": Infinity, "DeveloperName": "pay"}], "done": true}',
        '{"records": [{"KeySize": "\u00b2"}], "done": true}'.encode(),
        '[{"version": "\u00b2"}]'.encode(),
        b'[{"version": "' + b"9" * 5_000 + b'"}]',
        b'{"records": [' + b"1" * 5_000 + b"]}",
        b"Fri, 01 Jan 100000000000000000000 00:00:00 GMT",
        b"Fri, 01 Jan 0000 99:99:99 GMT",
        b"[" + b"{}," * 300_000 + b"{}]",
        *_deep(),
    ]


def _doctypes() -> list[bytes]:
    document = '<!DOCTYPE ConnectedApp [<!ENTITY a "a">]><ConnectedApp><oauthConfig><certificate>&a;</certificate></oauthConfig></ConnectedApp>'
    return [document.encode(form) for form in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")]


def _tables() -> list[bytes]:
    """TOML in which each line has to be found again."""
    return [
        b"".join(b"[[exceptions]]\npattern = 'a%d'\n" % number for number in range(3_000)),
        b"a = " + b"[" * 5_000,
        b"a." * 20_000 + b"b = 1",
    ]


def _sealed_contents() -> list[bytes]:
    """What is encrypted in a BCFKS, with a key of one round and a chain."""
    [chain] = ([block.der for block in parse_pem(text, "in")] for text in _files("corpus/app.crt")())
    made = encode_bcfks(
        alias="a", key_pkcs8=bytes(20), chain_der=chain, password=PASSWORDS[0], created_at_ms=0, iterations=1
    )
    algorithm, ciphertext = children(children(read_tlv(made).value)[0].value)
    contents = decrypt(algorithm.value, ciphertext.value, Use.STORE, PASSWORDS[0], lambda _: None)
    return [] if contents is None else [contents]


def _many_certificates() -> list[bytes]:
    """One certificate a thousand times; each could have signed the next."""
    [text] = _files("corpus/app.crt")()
    return [text * 1_000]


def _nameless() -> list[bytes]:
    """A zip with an entry that has no name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"content")
    return [packed.getvalue()]


def _many_rounds() -> list[bytes]:
    """BKS keystores that ask for as many rounds as they may; the number follows the salt and its length."""
    stores = _files("keystores/*.bks")()
    return [data[: 8 + data[7]] + struct.pack(">I", 5_000_000) + data[12 + data[7] :] for data in stores]


READERS = (
    Reader("any-file", lambda data: parse_contents(InputFile("in", data), PASSWORDS), _files("corpus/*", "keystores/*.*"), once=_many_certificates),
    Reader("check", _check, _files("corpus/*.jks", "corpus/*.crt", "corpus/*.csr"), once=_many_certificates),
    Reader("jks", _fitted, _stores_without_digest),
    Reader("pkcs12", lambda data: parse_contents(InputFile("in.p12", data), PASSWORDS), _files("keystores/*.p12", "corpus/*.p12")),
    Reader("other-java", lambda data: parse_contents(InputFile("in.bks", data), PASSWORDS), _files("keystores/*.bks", "keystores/*.jceks", "keystores/*.uber", "keystores/*.bcfks"), once=_many_rounds),
    Reader("bcfks", _sealed, _sealed_contents, once=_deep),
    Reader("pem", lambda data: parse_pem(data, "in"), _files("corpus/*.pem", "corpus/*.crt")),
    Reader("certificate", _certificate, _ders),
    Reader("request", _csr, _files("corpus/*.der")),
    Reader("key", _key, _files("keystores/*.key", "corpus/*.pem")),
    Reader("pkcs7", parse_bundle, _files("corpus/*.p7b"), (DerError,)),
    Reader("metadata", _metadata, _files("corpus/*.xml"), once=_doctypes),
    Reader("zip", _zip, _zips, once=_nameless),
    Reader("apex", lambda data: certificates_named(_text(data)), _lines("HttpRequest r = new HttpRequest(); r.setClientCertificateName('pay'); // a\n/* b */ String s = 'it\\'s';"), once=_open_apex),
    Reader("soap", _soap, _lines(*_ANSWERS[5:]), once=_doctypes),
    Reader("org", _org, _lines(*_ANSWERS), once=_numbers),
    Reader("login", _login, _lines(*_ANSWERS), once=_numbers),
    *(Reader(f"salesforce-cli-{word}", partial(_parsed, parse), _json({"status": 0, "result": {"instanceUrl": f"https://{HOST}", "accessToken": "x"}}, {"status": 1, "name": "NamedOrgNotFoundError"}, {"status": 0, "result": {"success": False, "details": {"componentFailures": [{"problem": "no"}]}}}), once=_numbers) for word, parse in _CLI_ANSWERS),
    Reader("receipt", _receipt, _json({"format": 1, "records": [_RECORD]}), once=lambda: [*_deep(), *_open_strings()]),
    Reader("state", _state, _json({"kind": "sfkeytool audit state", "format": 1, "salt": "00", "destinations": {"a": {"attemptedAt": None, "said": {"b": [1, "2026-11-24"]}}}}), (ValueError,), once=lambda: [*_deep(), *_open_strings()]),
    Reader("journal", parse_journal, _json({"format": 1, "linked": True, "folders": ["a"], "files": [{"name": "pay.jks", "replaces": False}]}), (ForeignJournalError,), once=lambda: [*_deep(), *_open_strings()]),
    Reader("configuration", lambda data: parse_config(data, "audit.toml"), _lines('paths = ["keys"]\nwithin = 30\nnotify = ["env:MAIL"]\n[owners]\n"pay*" = "a@example.com"\n[[exceptions]]\nname = "pay"\nuntil = 2027-01-01\nreason = "r"\n'), once=_tables),
    Reader("source", _source, _lines("env:A", "file:pw.txt", "stdin", "prompt", "generate", "\ufeffpassword\r\n")),
    Reader("names", _name, _lines("pay_api", "Pay API (new)", "1a", "_", "\u00fc")),
    Reader("quoting", _quoted, _lines("pay", "a b", "it's", "$(touch${IFS}x)", "-d", "a\nb", "AT&T", "%PATH%", "`a`", '"')),
    Reader("messages", lambda data: match_messages(_text(data)), _lines("Data Not Available", "keystore password was incorrect", "invalid_grant")),
)  # fmt: skip
