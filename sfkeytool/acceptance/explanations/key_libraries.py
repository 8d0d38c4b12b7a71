"""Messages of the libraries that read keys in the programs of integrations: cryptography, pyjks."""

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_CRYPTOGRAPHY = "Tried with cryptography 50 in Python 3.11"

PYTHON = (
    Explanation(
        id="error.python.key-not-read",
        messages=(
            "Could not deserialize key data",
            "Unable to load PEM file. See https://cryptography.io/en/latest/faq/#why-can-t-i-import-my-pem-file",
            "error:1E08010C:DECODER routines::unsupported",
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
        fixes=("Decrypt it into a file of your own: `openssl pkey -in {file} -out {name}-plain.key`.",),
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
)
