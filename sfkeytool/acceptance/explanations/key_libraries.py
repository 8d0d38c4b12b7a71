"""Messages of the libraries that read keys in the programs of integrations: cryptography, pyjks."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_LOOKED_UP = date(2026, 11, 28)
_CRYPTOGRAPHY = "Tried with cryptography 50 in Python 3.11"

PYTHON = (
    Explanation(
        id="error.python.key-not-read",
        messages=(
            "Could not deserialize key data",
            "Unable to load PEM file. See https://cryptography.io/en/latest/faq/#why-can-t-i-import-my-pem-file",
            "error:1E08010C:DECODER routines::unsupported",
            "jwt.exceptions.InvalidKeyError: Could not parse the provided public key.",
            '"library": "DECODER routines", "reason": "unsupported"',
        ),
        meaning="The program was given something that is not a PEM private key, or no longer one.",
        causes=(
            "The key went through an environment variable or a secret store that turned line breaks into \\n.",
            "It is the certificate, the public key or the path, not the key.",
            "The key is encrypted and the password was not given.",
            "The file is DER, PFX or JKS.",
        ),
        fixes=(
            "Look at the file: `sfkeytool show {file}`.",
            "Get a plain PEM key out of a keystore: `sfkeytool unwrap {file}`.",
            "In the program, turn \\n back into line breaks before the key is loaded, or hand it over as base64.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_CRYPTOGRAPHY} ; https://github.com/jpadilla/pyjwt/issues/347 ;"
        " https://github.com/lcobucci/jwt/issues/983 ;"
        " https://github.com/daveagill/verify-paddle-webhook/issues/11",
    ),
    Explanation(
        id="error.python.not-a-private-key",
        messages=(
            "Valid PEM but no BEGIN/END delimiters for a private key found. Are you sure this is a private key?",
            'Invalid key_op "sign" for public key',
        ),
        meaning="The PEM holds something else than a private key.",
        causes=("The certificate was given where the key belongs.", "It is a public key."),
        fixes=("See what it is: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation=_CRYPTOGRAPHY,
    ),
    Explanation(
        id="error.python.not-a-certificate",
        messages=(
            "Valid PEM but no BEGIN CERTIFICATE/END CERTIFICATE delimiters. Are you sure this is a certificate?",
            "error parsing asn1 value: ParseError",
        ),
        meaning="The file is not a certificate, or not in the encoding that was asked for.",
        causes=("PEM was read as DER, or DER as PEM.", "It is a key or a request (CSR).", "The file is cut."),
        fixes=("See what it is: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation=_CRYPTOGRAPHY,
    ),
    Explanation(
        id="error.python.key-encrypted",
        messages=("Password was not given but private key is encrypted",),
        meaning="The key file is encrypted, and the program has no password for it.",
        causes=(
            "The key was written with a password, and the tool takes none: the Salesforce CLI takes no encrypted key.",
        ),
        fixes=("Decrypt it into a file of your own: `sfkeytool unwrap {file} --password prompt`.",),
        basis=Basis.OBSERVED,
        citation=_CRYPTOGRAPHY,
    ),
    Explanation(
        id="error.python.key-not-encrypted",
        messages=("Password was given but private key is not encrypted.",),
        meaning="The program has a password, and the key file needs none.",
        causes=("The key was decrypted in between, or it is another file than the one meant.",),
        fixes=("Leave the password out.", "Make sure that it is the right file: `sfkeytool show {file}`."),
        basis=Basis.OBSERVED,
        citation=_CRYPTOGRAPHY,
    ),
    Explanation(
        id="error.python.key-password",
        messages=("Incorrect password, could not decrypt key", "Bad decrypt. Incorrect password?"),
        meaning="The password does not open the encrypted key.",
        causes=("It is the password of the keystore, not of the key.", "A line break is at its end."),
        fixes=("Try it: `sfkeytool show {file} --password prompt`.",),
        basis=Basis.OBSERVED,
        citation=f"{_CRYPTOGRAPHY}; the second wording is that of older versions",
    ),
    Explanation(
        id="error.python.pfx",
        messages=("Invalid password or PKCS12 data", "Could not deserialize PKCS12 data"),
        meaning="The password is wrong, or the file is no PFX.",
        causes=("A wrong password.", "A JKS was given.", "The file is damaged or cut."),
        fixes=("See what it is: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation=_CRYPTOGRAPHY,
    ),
    Explanation(
        id="error.python.jks",
        messages=(
            "Hash mismatch; incorrect keystore password?",
            "Not a JKS or JCEKS keystore (magic number wrong; expected FEEDFEED or CECECECE)",
        ),
        meaning="pyjks could not open the keystore: a wrong password, a damaged file, or another format.",
        causes=("A wrong password.", "The file is PKCS#12 under the name .jks.", "The file is damaged or cut."),
        fixes=(
            "See what it is: `sfkeytool show {file}`.",
            "Turn a PKCS#12 into a JKS: `sfkeytool wrap {name} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation="Tried with pyjks in Python 3.11",
        rules=("ckm.store.not-jks", "ckm.store.integrity"),
    ),
    Explanation(
        id="error.python.key-kind",
        messages=("Invalid Key type for RSAAlgorithm", "got: ECPrivateKey. Invalid Key type for RSAAlgorithm"),
        meaning="The key is of another kind than RSA, EC mostly, and RS256, which Salesforce wants, takes RSA alone.",
        causes=("The key was made with ecparam or genpkey -algorithm EC, or by a tool whose default is EC.",),
        fixes=(
            "A key cannot be converted. Start over, and upload the new certificate to the app: `sfkeytool self-signed"
            " {name} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation="Tried with PyJWT 2.15.1",
        rules=("app.key.not-rsa",),
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.key-too-small",
        messages=("SSL: EE_KEY_TOO_SMALL", "ee key too small", "SSL routines:{function}:ee key too small"),
        meaning="The certificate's key has fewer bits than OpenSSL takes today: 2048 of RSA are the least.",
        causes=("The key is an old one, of 1024 bits.",),
        fixes=(
            "A key cannot be made longer. Start over: `sfkeytool self-signed {name} --key-size 2048 --password"
            " generate`, for a CA `sfkeytool csr {name}`.",
        ),
        basis=Basis.OBSERVED,
        citation="Tried with Python 3.11 and OpenSSL 3.0.19",
        rules=("ckm.key.unsupported-size", "app.key.too-small"),
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.pem-lib",
        messages=("ssl.SSLError: [SSL] PEM lib (_ssl.c:{number})", "[SSL] PEM lib"),
        meaning="Python's ssl could not read the certificate or the key that it was given for mutual TLS, and does not"
        " say which.",
        causes=(
            "A file is not what it is given as: the certificate in place of the key, or the other way round.",
            "The file is a PFX, a JKS or DER: Python reads PEM alone.",
            "The key is encrypted, and the password is missing or wrong.",
        ),
        fixes=(
            "See what each is: `sfkeytool show {file}`; whether the two belong together: `sfkeytool compare {file}"
            " {file}`.",
            "Get both as PEM out of a keystore: `sfkeytool unwrap {file}`.",
        ),
        basis=Basis.OBSERVED,
        citation="Tried with Python 3.11 and OpenSSL 3.0.19",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.pkcs1",
        messages=("Private Key is in PKCS#1 format, but only PKCS#8 is supported",),
        meaning="The key begins with BEGIN RSA PRIVATE KEY, and this program takes BEGIN PRIVATE KEY alone. It is the"
        " same key in another wrapping.",
        causes=("openssl before 3.0, or -traditional, wrote it; or a service hands its keys out so.",),
        fixes=(
            "Write it as PKCS#8, into a file of your own: `openssl pkcs8 -topk8 -nocrypt -in {file} -out"
            " {name}-pkcs8.key`.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/gr2m/universal-github-app-jwt/pull/69",
        retrieved=_LOOKED_UP,
    ),
)
