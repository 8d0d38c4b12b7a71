"""explain tells apart who says a message: the same words have another cause with another speaker. Asked for real too."""

import datetime
import json
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Pair, Result, openssl, required
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from npm_packages import npm_package

from sfkeytool.acceptance.explanations import EXPLANATIONS, Explanation
from sfkeytool.acceptance.explanations.matching import match_messages

Cli = Callable[..., Result]
_CLI = (
    "Error (JwtGrantError): We encountered a JSON web token error, which is likely not an issue with Salesforce CLI."
    " Here\N{RIGHT SINGLE QUOTATION MARK}s the error: JwtAuthError::Error authenticating with JWT.\nErrors encountered:\n"
)
_PKIX = "sun.security.provider.certpath.SunCertPathBuilderException: "
_NO_PATH = "unable to find valid certification path to requested target"


def first(text: str) -> str | None:
    """The id of the answer that a reader sees first."""
    return next((match.explanation.id for match in match_messages(text)), None)


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("ERROR:  unable to get local issuer certificate", "error.tls.node"),
        ("request to https://a.my.salesforce.com/services/oauth2/userinfo failed, reason: unable to get local issuer certificate", "error.tls.node"),
        ("ERROR running force:auth:web:login:  self signed certificate in certificate chain", "error.tls.node"),
        ("unable to verify the first certificate; if the root CA is installed locally, try running Node.js with --use-system-ca", "error.tls.node"),
        ("self-signed certificate; if the root CA is installed locally, try running Node.js with --use-system-ca", "error.tls.self-signed-server"),
        (f"{_CLI}fetch failed\nfetch failed", "error.tls.fetch-failed"),
        ("cURL error 60: SSL certificate problem: unable to get local issuer certificate (see https://curl.haxx.se/)", "error.tls.curl"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)", "error.tls.python"),
        ("SSL_connect returned=1 errno=0 state=SSLv3 read server certificate B: certificate verify failed", "error.tls.python"),
        ("Get \"https://a\": tls: failed to verify certificate: x509: certificate signed by unknown authority", "error.tls.go"),
        ("AuthenticationException: The remote certificate is invalid because of errors in the certificate chain: UntrustedRoot", "error.tls.dotnet"),
        ("The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel.", "error.tls.dotnet"),
        (f"javax.net.ssl.SSLHandshakeException: PKIX path building failed: {_PKIX}{_NO_PATH}", "error.tls.java"),
        (f"System.CalloutException: PKIX path building failed: {_PKIX}{_NO_PATH}", "error.tls.callout"),
        (f"System.CalloutException: SSLHandshakeException: PKIX path building failed: {_NO_PATH}", "error.tls.callout"),
        (f"IO Exception: PKIX path building failed: {_NO_PATH}", "error.tls.callout"),
        (f"IO Exception: sun.security.validator.ValidatorException: PKIX path building failed: {_PKIX}{_NO_PATH}", "error.tls.callout"),
        ("pay.crt: CN = pay\nerror 20 at 0 depth lookup: unable to get local issuer certificate\nerror pay.crt: verification failed", "error.openssl.no-issuer"),
        ("Error getting chain: unable to get local issuer certificate", "error.openssl.no-issuer"),
        ("verify error:num=20:unable to get local issuer certificate\nverify return:1", "error.tls.s-client"),
        ("Verify return code: 21 (unable to verify the first certificate)", "error.tls.s-client"),
        ("javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_expired", "error.tls.client-certificate-expired"),
        ("PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed", "error.tls.expired"),
    ],
)  # fmt: skip
def test_the_first_answer_is_for_who_says_it(text: str, id: str) -> None:
    assert first(text) == id


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("We encountered a JSON web token error, which is likely not an issue with Salesforce CLI. Heres the error: error:0909006C:PEM routines:get_name:no start line", "error.python.node-key-not-read"),
        ("140:error:0909006C:PEM routines:get_name:no start line:../crypto/pem/pem_lib.c:745:Expecting: ANY PRIVATE KEY", "error.openssl.no-start-line"),
        ("ERROR running force:mdapi:deploy:  ENOENT: no such file or directory, open 'C:\\Jenkins\\x@tmp\\server.key'", "error.client.key-file"),
        ("npm ERR! enoent ENOENT: no such file or directory, open '/srv/app/package.json'", None),
        ("Error (2): Parsing --target-org\n\tFailed to decipher auth data. reason: Unsupported state or unable to authenticate data.", "error.client.decipher"),
        ("TypeError::Cannot read properties of undefined (reading 'setContentsFromObject')", "error.client.keychain"),
        ("Error (1): Unexpected end of JSON input", "error.client.json"),
        ("Failed: Missing Consumer Key Parameter", "error.client.client-id"),
        ("INVALID_AUTH_HEADER: INVALID_HEADER_TYPE (Restforce::UnauthorizedError)", "error.client.auth-header"),
        ("See https://developer.salesforce.com/docs for information on error code C-1016.", "error.client.scratch-signup"),
        ("INVALID_TYPE: Cannot use: Certificate in this version", "error.client.metadata-version"),
        ("sObject type 'Certificate' is not supported.", "error.client.unsupported-object"),
        (f"{_CLI}user hasn't approved this consumer\nuser hasn't approved this consumer", "error.jwt.not-approved"),
        (f"{_CLI}invalid_grant", "error.jwt.invalid-grant"),
        (f"{_CLI}something that nobody knows", "error.client.login"),
    ],
)  # fmt: skip
def test_what_the_salesforce_cli_prints_gets_the_reason_and_not_the_wrapping(text: str, id: str | None) -> None:
    assert first(text) == id


_SIGN = """
const jwt = require('jsonwebtoken'), fs = require('fs'), said = {};
for (const file of process.argv.slice(1)) {
  try { jwt.sign({iss: 'x'}, fs.readFileSync(file, 'utf8'), {algorithm: 'RS256'}); said[file] = ''; }
  catch (error) { said[file] = error.message; }
}
console.log(JSON.stringify(said));
"""


@pytest.mark.slow
def test_each_bad_key_is_explained_as_jsonwebtoken_refuses_it_and_show_proves_the_cause(
    folder: Path, pair: Pair, cli: Cli
) -> None:
    """The library itself refuses each key; the command that the explanation names tells which cause it is."""
    modules = npm_package("jsonwebtoken", "9.0.3")
    plain = pair.key.read_text()
    openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", "pass:long-enough", "-out", "locked.key", cwd=folder)
    openssl("pkey", "-in", pair.key, "-pubout", "-out", "public.key", cwd=folder)
    openssl("ecparam", "-genkey", "-noout", "-name", "prime256v1", "-out", "ec.key", cwd=folder)
    openssl("genrsa", "-out", "small.key", "1024", cwd=folder)
    written = {
        "literal.key": plain.replace("\n", "\\n"),
        "blanks.key": plain.replace("\n", " "),
        "cut.key": plain[:900],
        "certificate.key": pair.crt.read_text(),
        "empty.key": "",
    }
    for name, text in written.items():
        (folder / name).write_text(text)
    not_read = "error.python.node-key-not-read"
    told = {
        "literal.key": (not_read, "RSA 2048"),
        "blanks.key": (not_read, "RSA 2048"),
        "cut.key": (not_read, "cut"),
        "certificate.key": (not_read, "certificate"),
        "public.key": (not_read, "PUBLIC KEY"),
        "locked.key": (not_read, "encrypted"),
        "empty.key": ("error.python.node-key-empty", "empty"),
        "ec.key": ("error.python.node-key-kind", "EC"),
        "small.key": ("error.python.node-key-kind", "1024"),
    }
    done = subprocess.run(
        [required("node"), "-e", _SIGN, *told],
        cwd=folder,
        env={"NODE_PATH": str(modules), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    said = json.loads(done.stdout)
    assert {file: first(_CLI + said[file]) for file in told} == {file: id for file, (id, _) in told.items()}
    for file, (_, proof) in told.items():
        shown = cli("show", file)
        assert proof in shown.out + shown.err, file


class _Silent(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def tls_server(chain: Path, key: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Silent) as server:
        server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def chains(folder: Path, key_file: Path) -> dict[str, Path]:
    """What a server may send, all with one key: by what is wrong with it."""
    key = load_pem_private_key(key_file.read_bytes(), None)
    now = datetime.datetime.now(datetime.UTC)

    def made(subject: str, issuer: str, *, days: int = 9, authority: bool = False, host: str = "localhost") -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(99))
            .not_valid_after(now + datetime.timedelta(days))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
        )
        if not authority:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)  # type: ignore[arg-type]

    root = made("Proxy Root", "Proxy Root", authority=True)
    sent = {
        "root": root,
        "with-root": made("localhost", "Proxy Root") + root,
        "leaf": made("localhost", "Proxy Root"),
        "self-signed": made("localhost", "localhost"),
        "expired": made("localhost", "Proxy Root", days=-1),
        "other-name": made("localhost", "Proxy Root", host="other.example"),
    }
    for name, pem in sent.items():
        (folder / f"{name}.pem").write_bytes(pem)
    return {name: folder / f"{name}.pem" for name in sent}


_GET = """
const https = require('https'), fs = require('fs'), said = {};
let open = 0;
for (const [name, url, ca] of JSON.parse(process.argv[1])) {
  open++;
  const options = ca ? {ca: fs.readFileSync(ca)} : {};
  https.get(url, options, answer => answer.resume()).on('error', error => { said[name] = error.code + ' ' + error.message; })
    .on('close', () => { if (!--open) console.log(JSON.stringify(said)); });
}
"""


@pytest.mark.slow
def test_programs_that_do_not_trust_a_server_are_explained_each_by_itself(folder: Path, pair: Pair) -> None:
    """Python, curl and Node connect to servers with each kind of chain; every answer's first explanation is theirs."""
    sent = chains(folder, pair.key)
    ours = {
        "with-root": None,
        "leaf": None,
        "self-signed": "error.tls.self-signed-server",
        "expired": "error.tls.expired",
        "other-name": "error.tls.name",
    }
    said: dict[tuple[str, str], str] = {}
    with ExitStack() as stack:
        urls = {name: stack.enter_context(tls_server(sent[name], pair.key)) for name in ours}
        trusted = {name: sent["root"] if name in ("expired", "other-name") else None for name in ours}
        for name, url in urls.items():
            context = ssl.create_default_context(cafile=trusted[name])
            with pytest.raises(urllib.error.URLError) as caught:
                urllib.request.urlopen(url, context=context)  # noqa: S310 - a server of this test
            said["python", name] = str(caught.value)
            ca = ("--cacert", trusted[name]) if trusted[name] else ()
            done = subprocess.run(
                [required("curl"), "-sS", "--noproxy", "*", *map(str, ca), url],
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
            said["curl", name] = done.stderr
        asked = json.dumps([[name, url, str(trusted[name] or "")] for name, url in urls.items()])
        done = subprocess.run(
            [required("node"), "-e", _GET, asked], capture_output=True, text=True, check=True, timeout=30
        )
        said |= {("node", name): text for name, text in json.loads(done.stdout).items()}
    assert len(said) == 3 * len(ours)
    for (program, name), text in said.items():
        of_program = f"error.tls.{program}"
        same_words = {"python": of_program, "curl": of_program}.get(program) if name == "self-signed" else ours[name]
        assert first(text) == (same_words or ours[name] or of_program), (program, name, text)


@pytest.mark.parametrize(
    "explanation",
    [each for each in EXPLANATIONS if each.id.startswith(("error.tls.", "error.client.", "error.python.node-"))],
    ids=lambda each: each.id,
)
def test_who_does_not_trust_is_never_told_to_stop_verifying_or_to_mend_a_keystore_of_their_own(
    explanation: Explanation,
) -> None:
    """No fix switches verification off, and an untrusted server's explanation wraps no keystore."""
    fixes = explanation.fixes
    assert not [fix for fix in fixes if "NODE_TLS_REJECT_UNAUTHORIZED=0" in fix and "Do not" not in fix]
    trusts = ("node", "python", "curl", "java", "go", "dotnet", "callout", "fetch-failed", "self-signed-server")
    if explanation.id.removeprefix("error.tls.") in trusts:
        assert not [fix for fix in fixes if "sfkeytool wrap" in fix or "sfkeytool self-signed" in fix]
