"""Messages of the openssl command."""

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_OPENSSL = "Tried with OpenSSL 3.0.19"
_OPENSSL_1 = f"{_OPENSSL}; the older wording is that of OpenSSL 1.1.1"

OPENSSL = (
    Explanation(
        id="error.openssl.no-match",
        messages=(
            "No certificate matches private key",
            "No cert in -in file '{file}' matches private key",
            "key values mismatch",
        ),
        meaning="The certificate was not made for this private key.",
        causes=(
            "The key was made again after the CSR was sent.",
            "The file begins with the CA's certificate, or holds only that.",
            "Files of two generations, or of two environments, were mixed.",
        ),
        fixes=(
            "Find out what belongs together: `sfkeytool compare {file} {file}`.",
            "Let the right ones be picked: `sfkeytool wrap {name} {file} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=_OPENSSL_1,
        rules=("ckm.key.mismatch",),
    ),
    Explanation(
        id="error.openssl.ca-mismatch",
        messages=("CA certificate and CA private key do not match",),
        meaning="The key that is to sign is not the one of the CA's certificate.",
        causes=("The -CA and -CAkey files are of two CAs, or in the wrong order.",),
        fixes=("Find out what belongs together: `sfkeytool compare {file} {file}`.",),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
    ),
    Explanation(
        id="error.openssl.legacy-pfx",
        messages=(
            "digital envelope routines:{function}:unsupported",
            "Algorithm (RC2-40-CBC : 0)",
        ),
        meaning="The PFX is encrypted with a cipher that OpenSSL 3 no longer loads by default.",
        causes=("Windows, an old keytool or an old openssl wrote the PFX with RC2 or DES.",),
        fixes=(
            "Use it as it is: `sfkeytool wrap {name} {file} --password generate` reads it.",
            "With openssl 3: add `-legacy` to the command.",
        ),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
    ),
    Explanation(
        id="error.openssl.mac",
        messages=("Mac verify error: invalid password?", "mac verify failure"),
        meaning="The password does not open this PFX.",
        causes=(
            "A wrong password, or an empty one where none was meant, and the other way round.",
            "The password has letters outside ASCII: programs encode them in two ways.",
            "The file is damaged.",
        ),
        fixes=("Try it: `sfkeytool show {file} --password prompt`.",),
        basis=Basis.OBSERVED,
        citation=_OPENSSL_1,
    ),
    Explanation(
        id="error.openssl.bad-decrypt",
        messages=("bad decrypt", "pkcs12 cipherfinal error", "maybe wrong password"),
        meaning="The password does not decrypt the private key.",
        causes=("A wrong password.", "It is the keystore's password, not the key's.", "A line break is at its end."),
        fixes=("Try it: `sfkeytool show {file} --password prompt`.",),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
    ),
    Explanation(
        id="error.openssl.no-start-line",
        messages=("no start line", "no start line:{place}:Expecting: {label}"),
        meaning="The file has no -----BEGIN line of the kind that was asked for.",
        causes=(
            "It is DER (binary): Windows exports .cer so.",
            "It holds something else: the key instead of the certificate, a certificate instead of a CSR.",
            "It was saved as UTF-16, or with a byte order mark: PowerShell's > does that.",
        ),
        fixes=(
            "See what it is: `sfkeytool show {file}`.",
            "With openssl, for DER: add `-inform DER`.",
        ),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
    ),
    Explanation(
        id="error.openssl.key-not-read",
        messages=(
            "unable to load private key",
            "Could not read private key from {file}",
            "Could not read key from {file}",
        ),
        meaning="The file holds no private key that openssl can read.",
        causes=(
            "It is a certificate, a CSR or a public key.",
            "It is encrypted, and the password is wrong.",
            "It is a JKS: openssl does not read them.",
        ),
        fixes=(
            "See what it is: `sfkeytool show {file}`.",
            "Get the key out of a JKS or PFX: `sfkeytool unwrap {file}`.",
        ),
        basis=Basis.OBSERVED,
        citation=_OPENSSL_1,
    ),
    Explanation(
        id="error.openssl.certificate-not-read",
        messages=("unable to load certificate", "Could not read certificate from {file}"),
        meaning="The file holds no certificate that openssl can read.",
        causes=(
            "It is a key, a CSR or a PKCS#7 chain (.p7b).",
            "It is DER, and PEM was expected, or the other way round.",
            "It is a JKS: openssl does not read them.",
        ),
        fixes=(
            "See what it is: `sfkeytool show {file}`.",
            "Get the certificate out of a JKS or PFX: `sfkeytool unwrap {file}`.",
        ),
        basis=Basis.OBSERVED,
        citation=_OPENSSL_1,
    ),
    Explanation(
        id="error.openssl.request-not-read",
        messages=("Unable to load certificate request input", "Unable to load X509 request"),
        meaning="The file holds no certificate request (CSR).",
        causes=("The certificate or the key was given instead.", "The CSR is DER."),
        fixes=("See what it is: `sfkeytool show {file}`.", "Make one: `sfkeytool csr {name}`."),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
    ),
    Explanation(
        id="error.openssl.pkcs7-not-read",
        messages=("unable to load PKCS7 object",),
        meaning="The file is no PKCS#7 chain in the encoding that was asked for.",
        causes=("The CA's .p7b is DER: Windows writes it so.", "It is a certificate."),
        fixes=(
            "Use it as it is: `sfkeytool wrap {name} {file} {file} --password generate` takes PKCS#7, PEM or DER.",
            "With openssl: add `-inform DER`.",
        ),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
    ),
    Explanation(
        id="error.openssl.asn1",
        messages=("wrong tag", "header too long", "nested asn1 error", "asn1 encoding routines"),
        meaning="The bytes are not the structure that openssl was told to expect.",
        causes=(
            "A PEM file was given as PFX or DER.",
            "A JKS was given: header too long is its first bytes.",
            "The file is damaged: sent as text, say.",
        ),
        fixes=("See what it is: `sfkeytool show {file}`.",),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
        wrapper=True,
    ),
    Explanation(
        id="error.openssl.not-rsa",
        messages=("Not an RSA key",),
        meaning="The key is of another kind, EC mostly. Salesforce takes RSA only.",
        causes=("The key was made with ecparam or genpkey -algorithm EC, or by a tool whose default is EC.",),
        fixes=(
            "Make an RSA key: `sfkeytool self-signed {name} --password generate`, or `sfkeytool csr {name}` for a CA.",
        ),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
        rules=("ckm.key.not-rsa", "app.key.not-rsa"),
    ),
    Explanation(
        id="error.openssl.self-signed",
        messages=("error 18 at 0 depth lookup: self-signed certificate",),
        meaning="openssl verify trusts nobody who signed himself. For Salesforce this is no error: self-signed"
        " certificates are fine for JWT logins.",
        causes=("The certificate is self-signed, as `sfkeytool self-signed {name} --password generate` makes them.",),
        fixes=("Nothing to do for JWT. To verify it all the same: `openssl verify -CAfile {file} {file}`.",),
        basis=Basis.OBSERVED,
        citation=_OPENSSL_1,
    ),
    Explanation(
        id="error.openssl.no-issuer",
        messages=("unable to get local issuer certificate", "unable to verify the first certificate"),
        meaning="The certificate of the CA that signed is not among those given.",
        causes=(
            "The intermediate is missing: the CA's answer holds the leaf alone.",
            "The CA is private, and its root is not in the list of trusted ones.",
        ),
        fixes=(
            "See what the chain lacks: `sfkeytool show {file}`.",
            "Put the chain together: `sfkeytool wrap {name} {file} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
        rules=("ckm.chain.gap", "ckm.chain.root-missing"),
    ),
    Explanation(
        id="error.openssl.subject",
        messages=(
            "subject name is expected to be in the format /type0=value0/type1=value1/type2=...",
            "problems making Certificate Request",
        ),
        meaning="openssl could not read the subject.",
        causes=(
            "Git Bash on Windows turned /CN=… into a path. Write //CN=… there, or set MSYS_NO_PATHCONV=1.",
            "The subject lacks its leading slash.",
            "A country code has not two letters, or a value is empty.",
        ),
        fixes=("Make it without openssl: `sfkeytool csr {name} --organization Acme --country DE`.",),
        basis=Basis.OBSERVED,
        citation=_OPENSSL_1,
    ),
    Explanation(
        id="error.openssl.no-file",
        messages=("Could not open file or uri for loading {what} from {file}",),
        meaning="There is no file at this path, or it may not be read.",
        causes=("The command ran in another folder.", "The name is mistyped.", "The file belongs to another user."),
        fixes=("Give the whole path, and check with `ls -l {file}`, on Windows `dir {file}`.",),
        basis=Basis.OBSERVED,
        citation=_OPENSSL,
    ),
)
