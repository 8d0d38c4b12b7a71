"""Messages of openssl about passwords that do not fit, and about files of openssl enc: a key that CI decrypts."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_TRIED_ON = date(2026, 11, 28)
_TRIED = "Tried with OpenSSL 1.1.1w, 3.0.19, 3.5.9, 3.6.5 and 4.0.3"
_REPORTS = (
    "reports about Salesforce keys in CI: https://github.com/forcedotcom/sfdx-travisci/issues/166 ;"
    " https://github.com/forcedotcom/sfdx-travisci/issues/161 ;"
    " https://github.com/forcedotcom/sfdx-bitbucket-org/issues/8"
)
_ENCRYPT_AGAIN = (
    "Encrypt the key once more with everything spelt out, and decrypt with the same words: `openssl enc -aes-256-cbc"
    " -md sha256 -pbkdf2 -in server.key -out server.key.enc -pass env:SECRET`, then the same with `-d`."
    " Without a file in the repository: keep the key itself as a secret, in base64."
)

OPENSSL_ENC = (
    Explanation(
        id="error.openssl.bad-decrypt",
        messages=(
            "bad decrypt",
            "pkcs12 cipherfinal error",
            "maybe wrong password",
            "Error decrypting key",
            "Provider routines:ossl_cipher_unpadblock:bad decrypt",
            "digital envelope routines:EVP_DecryptFinal_ex:bad decrypt",
        ),
        meaning="What came out of the decryption is no text: the password, the key or the way to derive it is another"
        " one than that of the encryption. Of an encrypted private key it means a wrong password; of a file of openssl"
        " enc, as CI decrypts server.key.enc, it can be any of these.",
        causes=(
            "In CI the secret is empty, or is not there for this branch, fork or environment: openssl takes an empty"
            ' password without a word. Proof: `printf %s "$SECRET" | wc -c` says 0.',
            "It is another secret than the one of this file: the file was encrypted again, and only the last pair of"
            " key and file fits. Proof: decrypt on the machine that encrypted, with the secret typed in.",
            "The secret or password has a line break or a blank at its end, or it is the keystore's, not the key's."
            ' Proof: `printf %s "$SECRET" | od -c | tail -2`.',
            "It was encrypted by another version: OpenSSL 1.0.2 and old LibreSSL (macOS) derive the key with MD5,"
            " OpenSSL since 1.1.0 with SHA-256. Proof: it works with `-md md5` added.",
            "-pbkdf2, -iter, -nosalt or the cipher (aes-128-cbc, aes-256-cbc) stands on one side only. Proof: compare"
            " the two commands word by word.",
            "The file was cut or changed on its way by a multiple of 16 bytes. Proof: `sha256sum {file}` differs from"
            " that of the original.",
        ),
        fixes=(
            "A private key's own password: `sfkeytool show {file} --password prompt`.",
            _ENCRYPT_AGAIN,
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}; {_REPORTS} ; an empty secret:"
        " https://github.com/miloserdow/capistrano-deploy/issues/30 ; MD5:"
        " https://github.com/openssl/openssl/issues/4585 ; encrypted twice:"
        " https://github.com/travis-ci/travis-ci/issues/5442",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.openssl.enc-length",
        messages=("wrong final block length", "bad decrypt {place} wrong final block length"),
        meaning="The encrypted file has not a multiple of 16 bytes, so it is no longer the file that openssl enc wrote."
        " The password has not been tested yet.",
        causes=(
            "It is base64 text and -a (-base64) is missing. With -K and -iv openssl does not notice. Proof:"
            " `head -c 40 {file}` shows letters and digits alone.",
            "-a was given, and the file is binary. Proof: the same, the other way round.",
            "Line ends were changed: Git with autocrlf, a checkout on Windows, or PowerShell's > made LF to CRLF or"
            " UTF-16. Proof: `wc -c {file}` on both machines; `git ls-files --eol {file}` should say i/-text w/-text.",
            "It was cut or padded: an upload, a variable with a limit, a line break put at its end. Proof:"
            " `wc -c {file}`: not a multiple of 16.",
            "It was kept as text: bytes that are no UTF-8 became EF BF BD. Proof:"
            ' `od -An -tx1 {file} | grep "ef bf bd"`.',
            "It was made by `travis encrypt-file` on Windows, which writes a file that cannot be decrypted.",
        ),
        fixes=(
            "Tell Git that it is binary: `*.enc binary` in .gitattributes, and commit the original file again.",
            "Encrypt on the machine where it works, and compare: `sha256sum {file}`.",
            _ENCRYPT_AGAIN,
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}; {_REPORTS} ; Windows: https://github.com/travis-ci/travis-ci/issues/4746",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.openssl.enc-not-salted",
        messages=("bad magic number",),
        meaning="openssl enc -d looked for Salted__, with which its files begin, and the file begins with something"
        " else.",
        causes=(
            "The file is base64: it begins with U2FsdGVkX1, which is Salted__ in base64. Add -a.",
            "It is not encrypted: the plain key, or a file that another step has decrypted already.",
            "It was encrypted with -nosalt, with -S, with -K and -iv, or by another program: give the same options.",
            "It is a page of an error or a pointer (Git LFS) in place of the file.",
        ),
        fixes=(
            "See how it begins: `head -c 60 {file}`, or `sfkeytool show {file}`.",
            "For base64 decrypt with `-a`; when it is one long line, with `-a -A`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}; https://github.com/XervoIO/file-encryptor/issues/5",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.openssl.enc-nothing-read",
        messages=("error reading input file",),
        meaning="openssl enc found no bytes to decrypt.",
        causes=(
            "The file is empty: the step that should write it had an empty variable.",
            "-a was given, and the file is not base64.",
        ),
        fixes=("See how long it is and how it begins: `wc -c {file}` and `head -c 60 {file}`.",),
        basis=Basis.OBSERVED,
        citation=_TRIED,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.openssl.enc-key-and-iv",
        messages=(
            "iv undefined",
            "hex string is too short, padding with zero bytes to length",
            "hex string is too long, ignoring excess",
            "non-hex digit",
            "invalid hex key value",
            "invalid hex iv value",
        ),
        meaning="The key (-K) or the initialization vector (-iv) that openssl was given is not there, or not the"
        " hexadecimal digits that the cipher wants: 64 and 32 of them for aes-256-cbc.",
        causes=(
            "The variables are not set in this job: pull requests from forks get no secrets, and each site, project or"
            " environment has its own. `-K $key -iv $iv` then takes -iv for the key: iv undefined. Proof:"
            ' `printf %s "$KEY" | wc -c` says 0.',
            "travis encrypt-file stored them at another endpoint (.org or .com), or for another repository: run it with"
            " --pro, or with -r OWNER/REPOSITORY.",
            "A password was given as -K, which is -k or -pass.",
            "The value has quotes, a blank or a line break around it, or the variables' names are misspelt.",
        ),
        fixes=(
            'Set the two variables in the settings of the CI, and quote them: `-K "$KEY" -iv "$IV"`.',
            _ENCRYPT_AGAIN,
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}; {_REPORTS} ; https://github.com/travis-ci/travis-ci/issues/9668 ;"
        " https://github.com/travis-ci/travis.rb/issues/607",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.openssl.no-password",
        messages=(
            "UI routines:UI_process:processing error:{place}:while reading strings",
            "Enter Import Password: Can't read Password",
            "bad password read",
        ),
        meaning="The file is encrypted, openssl asked for its password, and nobody could type one.",
        causes=("The command ran in a script or in CI, without a terminal.", "The question was answered with Ctrl-C."),
        fixes=(
            "In a script, sfkeytool unwrap takes the password as env:NAME or file:PATH, with --password.",
            "With openssl, -passin takes env:NAME or file:PATH as well.",
        ),
        basis=Basis.OBSERVED,
        citation=_TRIED,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.openssl.password-unset",
        messages=(
            "No environment variable {variable} Error getting password",
            "No environment variable {variable} Error getting passwords",
            "Can't read environment variable {variable} Error getting password",
            "Can't read environment variable {variable} Error getting passwords",
        ),
        meaning="openssl was to take the password from a variable or a file, and there is none.",
        causes=(
            "The variable of -pass env:NAME, -passin or -passout is not set in this job: a fork's pull request, another"
            " environment, a name that is misspelt or not exported.",
            "The file of -pass file:PATH does not exist there.",
        ),
        fixes=('See whether it is there, without its value: `printf %s "$NAME" | wc -c`.',),
        basis=Basis.OBSERVED,
        citation=_TRIED,
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.openssl.enc-old-derivation",
        messages=("*** WARNING : deprecated key derivation used. Using -iter or -pbkdf2 would be better.",),
        meaning="No error: the key is made from the password by one digest, without -pbkdf2. Decrypting must do as"
        " encrypting did; a weak password is quickly guessed so.",
        causes=("The command has neither -pbkdf2 nor -iter.",),
        fixes=(_ENCRYPT_AGAIN,),
        basis=Basis.OBSERVED,
        citation=_TRIED,
        retrieved=_TRIED_ON,
        wrapper=True,
    ),
    Explanation(
        id="error.openssl.node-hash",
        messages=("digital envelope routines::unsupported at new Hash (node:internal/crypto/hash",),
        meaning="No key is involved: a build tool asked Node for the digest MD4, which Node no longer has since 17.",
        causes=("webpack before 5.61, or a tool that brings one, runs on Node 17 or later.",),
        fixes=("Update webpack, or run the build alone with NODE_OPTIONS=--openssl-legacy-provider.",),
        basis=Basis.OBSERVED,
        citation="https://github.com/webpack/webpack-cli/issues/3012 ;"
        " https://github.com/rustwasm/rust-webpack-template/issues/179",
        retrieved=_TRIED_ON,
    ),
    Explanation(
        id="error.openssl.no-legacy-provider",
        messages=("unable to load provider legacy",),
        meaning="openssl was told -legacy or -provider legacy, and its legacy module is not installed.",
        causes=(
            "It is a package of its own: openssl-provider-legacy in Debian since 13.",
            "openssl looks for its modules in another folder, as on Windows with a copied openssl.exe.",
        ),
        fixes=(
            "Use the old PFX as it is: `sfkeytool wrap {name} {file} --password generate` reads it without the module.",
            "Name the folder that has legacy.so or legacy.dll: OPENSSL_MODULES, or -provider-path.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}; https://github.com/openssl/openssl/issues/17414",
        retrieved=_TRIED_ON,
    ),
)
