"""Messages of jsonwebtoken, with which the Salesforce CLI and most programs on Node sign, and of Node beneath it."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_LOOKED_UP = date(2026, 11, 28)
_SOURCE = "https://github.com/auth0/node-jsonwebtoken/blob/master/sign.js"
_TRIED = f"Tried with jsonwebtoken 9.0.3, which Salesforce CLI 2.146.3 brings: {_SOURCE}"
_LOOK = "See what the file holds, and what is wrong with it: `sfkeytool show {file}`."

JSONWEBTOKEN = (
    Explanation(
        id="error.python.node-key-not-read",
        messages=(
            "secretOrPrivateKey must be an asymmetric key when using RS256",
            "secretOrPrivateKey must be an asymmetric key when using {algorithm}",
            "CLI. {heres} error:{number}:PEM routines:{function}:no start line",
        ),
        meaning="The Salesforce CLI, or another program on Node, was given something that it cannot read as a private"
        " key: it wants a PEM key that is not encrypted. Salesforce was not asked.",
        causes=(
            "The key went through a variable or a secret store, which turned its line ends into \\n or blanks, or"
            " dropped them: `sfkeytool show {file}` reads such a key and says so.",
            "The key is encrypted, and the Salesforce CLI takes no password for it: `sfkeytool show {file}` asks for"
            " one.",
            "The key is still base64, as it was put into the secret store: `sfkeytool show {file}` reads it and says"
            " so.",
            "It is the certificate, a CSR or the public key in place of the private key: `sfkeytool show {file}` names"
            " it.",
            "The key is cut, or lacks its BEGIN or END line: `sfkeytool show {file}` names the line.",
            "It stands in quotes, is indented, or was saved as UTF-16 (Windows PowerShell's > does that).",
            "It is a key in another form: DER, PFX, JKS or OpenSSH's own.",
        ),
        fixes=(
            _LOOK,
            "Write it as the CLI wants it, PKCS#8 with line ends: `sfkeytool unwrap {file}`; an encrypted one:"
            " `sfkeytool unwrap {file} --password prompt`.",
            "In CI keep the key as base64 of that file, and write it to a file with base64 -d; or keep it as a file"
            " (a secret file of Jenkins or GitLab).",
            "Try the key without the CLI: `sfkeytool login {name}`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED} ; older wording: https://github.com/forcedotcom/sfdx-travisci/issues/135 and"
        " https://github.com/forcedotcom/sfdx-bitbucket-package/issues/10 ; \\n:"
        " https://github.com/Vonage/vonage-node-sdk/issues/789",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.node-key-empty",
        messages=("secretOrPrivateKey must have a value", "No key provided to sign"),
        meaning="No key arrived: what the Salesforce CLI, or another program on Node, read as the key was empty.",
        causes=(
            "The secret is not set in this job: another name, another branch or environment, or a pull request from a"
            " fork, which gets no secrets. `sfkeytool show {file}` says that the file is empty.",
            "The file was made by a step that failed: openssl or base64 -d wrote nothing into it.",
            "In a program of your own: the variable is undefined, or the file was not awaited.",
        ),
        fixes=(
            "See whether it is empty: `sfkeytool show {file}`.",
            "Look at the step that writes the file; let it fail loudly (set -eu, pipefail).",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}; the second with Node 20's own crypto",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.node-key-kind",
        messages=(
            "secretOrPrivateKey has a minimum key size of 2048 bits for RS256",
            '"alg" parameter for "ec" key type must be one of: ES256, ES384, ES512.',
            '"alg" parameter for "rsa-pss" key type must be one of: PS256, PS384, PS512.',
            'Unknown key type "ed25519".',
            'Unknown key type "x25519".',
        ),
        meaning="The key was read, and cannot sign with RS256: it is smaller than 2048 bits, or no RSA key.",
        causes=(
            "The key was made for something else, or long ago: 1024 bits, or by a tool whose default is EC or Ed25519.",
            "It is the key of another service: of SSH, or of a web server.",
        ),
        fixes=(
            "See which it is: `sfkeytool show {file}`.",
            "A key cannot be converted. Start over, and upload the new certificate to the app: `sfkeytool self-signed"
            " {name} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=_TRIED,
        rules=("app.key.not-rsa", "app.key.too-small"),
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.node-key-encrypted",
        messages=("error:07880109:common libcrypto routines::interrupted or cancelled",),
        meaning="Node was given an encrypted private key and no password for it.",
        causes=(
            "The key was written with a password: -----BEGIN ENCRYPTED PRIVATE KEY-----, or Proc-Type: 4,ENCRYPTED in"
            " its head. `sfkeytool show {file}` asks for it.",
        ),
        fixes=(
            "Write it without a password, for a program that takes none: `sfkeytool unwrap {file} --password prompt`.",
            "In a program of your own give key and passphrase together.",
        ),
        basis=Basis.OBSERVED,
        citation="Tried with Node 20.20.2, and with jsonwebtoken 8.5.1 on it: https://github.com/nodejs/node",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.node-key-material",
        messages=("secretOrPrivateKey is not valid key material",),
        meaning="What was given as the key is neither text nor bytes nor a key that Node can open.",
        causes=(
            "The passphrase beside an encrypted key is wrong.",
            "The key is an object or a number: JSON that was parsed, a promise that was not awaited.",
        ),
        fixes=(
            "Try the password: `sfkeytool show {file} --password prompt`.",
            "Hand over the key as text, or write it without a password: `sfkeytool unwrap {file} --password prompt`.",
        ),
        basis=Basis.OBSERVED,
        citation=_TRIED,
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.node-symmetric",
        messages=("secretOrPrivateKey must be a symmetric key when using HS256",),
        meaning="The program has a private key, and signs with HS256, which takes a shared secret.",
        causes=("No algorithm was given, and jsonwebtoken's default is HS256.",),
        fixes=("Give the algorithm RS256 to sign(): Salesforce takes no other that is documented.",),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED} ; https://github.com/Cvmcosta/ltijs/issues/212",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.node-public-key",
        messages=("secretOrPublicKey must be an asymmetric key when using {algorithm}",),
        meaning="Here a JWT is verified, not made, and what was given to verify it is no public key or certificate.",
        causes=(
            "The certificate or public key lost its line ends in a variable.",
            "A shared secret, or nothing that is PEM, was given.",
        ),
        fixes=("See what it is: `sfkeytool show {file}`.", "Give the certificate, or its public key, as PEM."),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED.replace('sign.js', 'verify.js')} ; https://github.com/clerk/clerk-docs/issues/1701",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.python.node-claims",
        messages=(
            '"exp" should be a number of seconds',
            '"iat" should be a number of seconds',
            '"expiresIn" should be a number of seconds or string representing a timespan',
            'Bad "options.expiresIn" option the payload already has an "exp" property.',
            'Bad "options.{option}" option. The payload already has an "{claim}" property.',
            "invalid expiresIn option for string payload",
            'Expected "payload" to be a plain object.',
            '"audience" must be a string or array',
            '"issuer" must be a string',
            '"subject" must be a string',
            '"algorithm" must be a valid string enum value',
        ),
        meaning="The key was not reached: the claims or the options that the program gives to sign() are wrong.",
        causes=(
            "A variable for issuer, subject or audience is undefined: the consumer key, the username or the host.",
            "A claim is given twice, in the payload and as an option.",
            "exp is a date or text; it is a number, in seconds.",
            "The payload is text, where it should be an object.",
        ),
        fixes=(
            "For Salesforce: the payload an object with iss (consumer key), sub (username), aud (one string, the host)"
            " and exp (now + 180 seconds), the option algorithm RS256.",
            "See which claims and which host work: `sfkeytool login {name}`.",
        ),
        basis=Basis.OBSERVED,
        citation=_TRIED,
        retrieved=_LOOKED_UP,
    ),
)
