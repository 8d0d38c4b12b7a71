"""The mistakes that people make with openssl, and what its versions answer.

``openssl_answers.json`` holds the answers of the versions that people have: `python tests/openssl_mistakes.py FILE` adds
those of the openssl on the PATH. It needs nothing else, so that it runs where only Python and openssl are.
"""

import base64
import json
import re
import shlex
import sys
import tempfile
from pathlib import Path

from openssl_command import run_openssl

NO_KEY, NO_CERTIFICATE, NO_REQUEST = "key-not-read", "certificate-not-read", "request-not-read"
NO_FILE, NO_PASSWORD, NO_START, LOCKED = "no-file", "no-password", "no-start-line", "bad-decrypt"

MISTAKES: dict[str, tuple[str, ...]] = {
    "x509 -in pay.key -noout": (NO_CERTIFICATE,),
    "x509 -in locked.key -noout": (NO_CERTIFICATE,),
    "x509 -in pay.pub -noout": (NO_CERTIFICATE,),
    "x509 -in pay.csr -noout": (NO_CERTIFICATE,),
    "x509 -in pay.p7b -noout": (NO_CERTIFICATE,),
    "x509 -in pay.pfx -noout": (NO_PASSWORD, NO_CERTIFICATE),
    "x509 -in pay.jks -noout": (NO_CERTIFICATE,),
    "x509 -in pay.cer -inform PEM -noout": (NO_CERTIFICATE,),
    "x509 -in pay.crt -inform DER -noout": (NO_CERTIFICATE,),
    "x509 -in utf16.crt -noout": (NO_CERTIFICATE,),
    "x509 -in garbage.bin -noout": (NO_CERTIFICATE,),
    "x509 -in empty -noout": (NO_CERTIFICATE,),
    "x509 -in gone.crt -noout": (NO_FILE, NO_CERTIFICATE),
    "x509 -req -in pay.crt -signkey pay.key -out out": (NO_REQUEST, NO_START),
    "x509 -req -in pay.csr -signkey pay.crt -out out": (NO_KEY,),
    "x509 -req -in pay.csr -CA pay.key -CAkey pay.key -out out": (NO_CERTIFICATE,),
    "x509 -req -in pay.csr -CA pay.crt -CAkey pay.crt -out out": (NO_KEY,),
    "x509 -req -in pay.csr -CA pay.crt -CAkey other.key -out out": ("ca-mismatch", "no-match"),
    "rsa -in pay.crt -noout": (NO_KEY,),
    "rsa -in pay.csr -noout": (NO_KEY,),
    "rsa -in pay.pub -noout": (NO_KEY,),
    "rsa -in pay.jks -noout": (NO_KEY,),
    "rsa -in garbage.bin -noout": (NO_KEY,),
    "rsa -in ec.key -noout": ("not-rsa",),
    "rsa -in locked.key -passin pass:wrong-one -noout": (LOCKED, NO_KEY),
    "rsa -in old.key -passin pass:wrong-one -noout": (LOCKED, NO_KEY),
    "rsa -in locked.key -noout": (NO_PASSWORD, NO_KEY, LOCKED),
    "rsa -in pay.pfx -passin pass:wrong-one -noout": (LOCKED, NO_KEY),
    "rsa -in gone.key -noout": (NO_FILE, NO_KEY),
    "rsa -in pay.crt -pubin -noout": ("public-key-not-read",),
    "pkey -in pay.crt -noout": (NO_KEY,),
    "pkey -in pay.key -inform DER -noout": (NO_KEY,),
    "pkey -in locked.key -passin pass:wrong-one -noout": (LOCKED, NO_KEY),
    "pkey -in legacy.pfx -passin pass:right-one -noout": ("legacy-pfx", NO_KEY),
    "pkey -in pay.crt -pubin -noout": ("public-key-not-read",),
    "pkcs8 -topk8 -nocrypt -in pay.crt": (NO_KEY,),
    "pkcs8 -in locked.key -passin pass:wrong-one": (LOCKED,),
    "pkcs8 -in pay.key": (NO_START,),
    "pkcs12 -in pay.pfx -passin pass:wrong-one -nodes": ("mac",),
    "pkcs12 -in pay.pfx -nodes": (NO_PASSWORD,),
    "pkcs12 -in legacy.pfx -passin pass:right-one -nodes": ("legacy-pfx",),
    "pkcs12 -in pay.crt -passin pass:right-one -nodes": ("asn1",),
    "pkcs12 -in pay.jks -passin pass:right-one -nodes": ("asn1",),
    "pkcs12 -in gone.pfx -passin pass:right-one -nodes": (NO_FILE,),
    "pkcs12 -export -inkey pay.key -in other.crt -passout pass:x -out out": ("no-match",),
    "pkcs12 -export -in pay.crt -passout pass:x -out out": (NO_KEY,),
    "pkcs12 -export -inkey pay.crt -in pay.crt -passout pass:x -out out": (NO_KEY,),
    "pkcs12 -export -inkey pay.key -in pay.key -passout pass:x -out out": (NO_CERTIFICATE,),
    "pkcs12 -export -inkey pay.key -in pay.crt -certfile other.key -passout pass:x -out out": (NO_CERTIFICATE,),
    "pkcs12 -export -inkey pay.key -in pay.crt -certfile gone.crt -passout pass:x -out out": (NO_FILE,),
    "pkcs12 -export -inkey pay.key -in pay.crt -chain -passout pass:x -out out": ("self-signed",),
    "req -in pay.crt -noout -text": (NO_REQUEST, NO_START),
    "req -in gone.csr -noout -text": (NO_FILE, NO_REQUEST),
    "req -new -key pay.crt -subj /CN=x -out out": (NO_KEY,),
    "req -new -key pay.key -subj CN=x -out out": ("subject",),
    "req -new -key pay.key -subj /C=Germany -out out": ("subject",),
    "req -x509 -key pay.key -days -1 -subj /CN=x -out out": ("validity",),
    "x509 -req -in pay.csr -signkey pay.key -days -1 -out out": ("validity",),
    "pkcs7 -in pay.p7b -print_certs": ("pkcs7-not-read", NO_START),
    "crl2pkcs7 -nocrl -certfile gone.crt": (NO_FILE,),
    "verify -CAfile pay.crt signed.crt": ("no-issuer",),
    "verify pay.crt": ("self-signed",),
    "verify -CAfile pay.key pay.crt": (NO_CERTIFICATE,),
    "verify -CAfile pay.crt pay.key": (NO_CERTIFICATE,),
    "verify -CAfile pay.crt -untrusted pay.key pay.crt": (NO_CERTIFICATE,),
    "dgst -sha256 -sign pay.crt garbage.bin": (NO_KEY,),
    "s_client -connect 127.0.0.1:1 -cert pay.key": (NO_CERTIFICATE,),
    "s_client -connect 127.0.0.1:1 -cert pay.crt -key pay.crt": (NO_KEY,),
    "enc -d -aes-256-cbc -in key.enc -pass pass:wrong-one -out out": (LOCKED,),
    "enc -d -aes-256-cbc -md md5 -in key.enc -pass pass:right-one -out out": (LOCKED,),
    "enc -d -aes-256-cbc -pbkdf2 -in key.enc -pass pass:right-one -out out": (LOCKED,),
    "enc -d -aes-256-cbc -in cut.enc -pass pass:right-one -out out": ("enc-length",),
    "enc -d -aes-256-cbc -in key.b64 -pass pass:right-one -out out": ("enc-not-salted",),
    "enc -d -aes-256-cbc -in pay.key -pass pass:right-one -out out": ("enc-not-salted",),
    "enc -d -aes-256-cbc -in empty -pass pass:right-one -out out": ("enc-nothing-read",),
    "enc -d -aes-256-cbc -a -in key.enc -pass pass:right-one -out out": ("enc-nothing-read",),
    "enc -d -aes-256-cbc -in gone.enc -pass pass:right-one -out out": (NO_FILE,),
    "enc -d -aes-256-cbc -in key.enc -pass env:NOT_SET -out out": ("password-unset",),
    "enc -d -aes-256-cbc -in key.enc -out out": (NO_PASSWORD,),
    "aes-256-cbc -d -K -iv -in raw.enc -out out": ("enc-key-and-iv",),
    "aes-256-cbc -d -K '' -iv '' -in raw.enc -out out": ("enc-key-and-iv", LOCKED),
    "aes-256-cbc -d -K 0123456789abcdef -iv 00 -in raw.enc -out out": ("enc-key-and-iv", LOCKED),
    "aes-256-cbc -d -K not-hex -iv 00 -in raw.enc -out out": ("enc-key-and-iv",),
    "pkcs12 -in pay.pfx -passin env:NOT_SET -nodes": ("password-unset",),
    "pkey -in locked.key -passin env:NOT_SET -noout": ("password-unset",),
}
"""Arguments of openssl → explanations, without ``error.openssl.``, that the answer finds: the first surely, no others.

A version may be content with what another one refuses: OpenSSL 3.0 still makes a certificate that has expired.
"""

ANSWERED_OTHERWISE: dict[str, dict[str, tuple[str, ...]]] = {
    "1.1.1w": {
        "x509 -in pay.pfx -noout": (NO_CERTIFICATE,),
        "rsa -in pay.pfx -passin pass:wrong-one -noout": (NO_KEY,),
        "pkey -in legacy.pfx -passin pass:right-one -noout": (NO_KEY,),
        "verify -CAfile pay.key pay.crt": (),
    },
}
"""By version: what its answer says less of. 1.1.1 reads no PFX with these commands, and "Error loading file" is all that
it says of a CA file: nothing is explained."""

PREPARATION = """
req -x509 -newkey rsa:2048 -nodes -keyout pay.key -out pay.crt -subj /CN=pay -days 3650
req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -subj /CN=other -days 3650
req -new -key pay.key -out pay.csr -subj /CN=pay
x509 -req -in pay.csr -CA other.crt -CAkey other.key -set_serial 7 -out signed.crt
x509 -in pay.crt -outform DER -out pay.cer
pkcs8 -topk8 -in pay.key -passout pass:right-one -out locked.key
rsa -in pay.key -aes128 -traditional -passout pass:right-one -out old.key
rsa -in pay.key -pubout -out pay.pub
ecparam -genkey -name prime256v1 -noout -out ec.key
pkcs12 -export -inkey pay.key -in pay.crt -passout pass:right-one -out pay.pfx
pkcs12 -export -legacy -inkey pay.key -in pay.crt -passout pass:right-one -out legacy.pfx
crl2pkcs7 -nocrl -certfile pay.crt -outform DER -out pay.p7b
"""


def prepare(folder: Path) -> None:
    """Makes the files that the mistakes are made with."""
    lines = PREPARATION
    if b"OpenSSL 1" in run_openssl(["version"]).stdout:
        lines = lines.replace(" -legacy", "").replace(" -traditional", "")  # it knows nothing else
    for line in lines.strip().splitlines():
        run_openssl(shlex.split(line), cwd=folder).check_returncode()
    (folder / "utf16.crt").write_bytes((folder / "pay.crt").read_text().encode("utf-16"))
    (folder / "garbage.bin").write_bytes(bytes(range(251)) * 8)
    (folder / "pay.jks").write_bytes(bytes.fromhex("feedfeed000000020000000100000001") + b"\0\3pay" + bytes(900))
    (folder / "empty").touch()
    # What openssl enc makes begins so. The same bytes each time: one in 256 would end in a padding that looks right.
    encrypted = b"Salted__12345678" + bytes(range(256)) * 4
    (folder / "key.enc").write_bytes(encrypted)
    (folder / "cut.enc").write_bytes(encrypted[:-7])
    (folder / "raw.enc").write_bytes(encrypted[16:])
    (folder / "key.b64").write_bytes(base64.encodebytes(encrypted))


def answer(mistake: str, folder: Path) -> str:
    """What openssl prints on stderr, without a terminal; empty if it is content."""
    done = run_openssl(shlex.split(mistake), cwd=folder)
    return done.stderr.decode("utf-8", "replace") if done.returncode else ""


def main(path: Path) -> None:
    answers = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    printed = run_openssl(["version"]).stdout.decode()
    version = printed.split()[1]
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        lines = {mistake: answer(mistake, Path(name)).splitlines() for mistake in MISTAKES}
    # A decoder's stack repeats itself by the dozen; its first lines do.
    answers[version] = {
        mistake: [re.sub("^[0-9A-F]{15,16}(?=:)", "40A7AB8F347F0000", line) for line in text[:8]]
        for mistake, text in lines.items()
    }
    path.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
