"""Messages of connections that the other side ended: what it thinks of your certificate, or of your way to ask."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_LOOKED_UP = date(2026, 11, 28)
_TRIED = (
    "Tried with openssl s_server, which asked for a client certificate, and JDK 17, Python 3.11, Node 20.20.2 and curl"
    " 7.88.1"
)
_WHOSE = (
    "The program that says so is the client. In a callout that is Salesforce, with the certificate that the Named"
    " Credential or setClientCertificateName names; else it is your own program."
)
_MUTUAL = "https://help.salesforce.com/s/articleView?id=000386138&language=de&type=1"

HANDSHAKES = (
    Explanation(
        id="error.tls.client-certificate-expired",
        messages=(
            "Received fatal alert: certificate_expired",
            "sslv3 alert certificate expired",
            "[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired",
        ),
        meaning=f"The server refused the client's certificate: it has expired. {_WHOSE}",
        causes=(
            "The certificate was not renewed, or was renewed in another place than the one that is used: a new record"
            " in Certificate and Key Management beside the old one, a keystore that was not replaced.",
            "One above it in the chain has expired.",
            "The clock of the server is wrong.",
        ),
        fixes=(
            "See the dates of what is used: `sfkeytool show {file}`; of all that an org has: `sfkeytool audit"
            " --target-org ALIAS`.",
            "Make the next one: `sfkeytool renew {name}`; then name it in the Named Credential, the code or the"
            " program.",
        ),
        basis=Basis.OBSERVED,
        citation=_TRIED,
        rules=("ckm.certificate.expired",),
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.client-certificate-required",
        messages=(
            "Received fatal alert: certificate_required",
            "tlsv13 alert certificate required",
            "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required",
            "MUTUAL_AUTHENTICATION_FAILED",
            "MUTUAL_AUTHENTICATION_FAILED: This session could not be mutually authenticated for the use with REST API",
        ),
        meaning=f"The server wants a client certificate (mutual TLS), and the client sent none. {_WHOSE}",
        causes=(
            "The client was given none, or not its private key with it.",
            "The client has one and kept it: the server names the CAs that it takes, and the certificate's chain leads"
            " to none of them. Salesforce does so in callouts, and Java too.",
            "Into an org: the user has Enforce SSL/TLS Mutual Authentication and the connection went to port 443, not"
            " 8443; or the user's password has expired.",
        ),
        fixes=(
            "See whom the server takes: `openssl s_client -connect HOST:443 -servername HOST`, under Acceptable client"
            " certificate CA names.",
            "See what the chain of the client's certificate leads to: `sfkeytool show {file}`; put in what is missing:"
            " `sfkeytool wrap {name} {file} {file} --password generate`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED} ; Salesforce Knowledge 000386138: {_MUTUAL} ; https://github.com/jsforce/jsforce/issues/27",
        rules=("mtls.chain.intermediate-missing",),
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.client-certificate-unknown",
        messages=(
            "tlsv1 alert unknown ca",
            "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca",
            "Received fatal alert: certificate_unknown",
            "Received fatal alert: bad_certificate",
        ),
        meaning=f"The other side refused the certificate that it was shown. {_WHOSE}",
        causes=(
            "The client's certificate is self-signed or of a CA that the server does not know.",
            "The client sends its certificate without the intermediates.",
            "The certificate is not meant for clients (clientAuth): public CAs stopped issuing those in 2026.",
            "The server knows another certificate of this client: the one before the last renewal.",
            "The program that says so is the server: then a client did not trust its certificate.",
        ),
        fixes=(
            "See chain and fingerprint: `sfkeytool show {file}`; put the chain together: `sfkeytool wrap {name} {file}"
            " {file} --password generate`.",
            "Give the server's people the root, or the new certificate. The reason stands in the server's log.",
            "Into an org: Setup > Certificate and Key Management > Mutual Authentication Certificates wants one by a"
            " CA that Salesforce knows.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED} ; https://github.com/openssl/openssl/issues/11207 ;"
        " https://github.com/pact-foundation/pact-jvm/issues/624 ;"
        " https://blog.superpat.com/salesforce-mutual-authentication-part-1-the-basics",
        rules=("mtls.chain.intermediate-missing", "mtls.certificate.client-auth"),
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.handshake-failure",
        messages=(
            "Received fatal alert: handshake_failure",
            "sslv3 alert handshake failure",
            "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure",
        ),
        meaning="The server ended the connection before it stood, and does not say why. It is no question of trust:"
        " that has"
        f" other words. {_WHOSE}",
        causes=(
            "The server wants a client certificate (mutual TLS) and got none. A callout of Salesforce sends its own"
            " only if it chains to one of the CAs that the server names, or if the server names none.",
            "No cipher suite or version of TLS in common: an old Java or an old server.",
            "The server has no certificate for this name (SNI), or of a kind (EC, RSA) that the client cannot use.",
        ),
        fixes=(
            "See what the server asks for: `openssl s_client -connect HOST:443 -servername HOST`, under Acceptable"
            " client certificate CA names, Protocol and Cipher.",
            "Give the client a certificate with its whole chain: `sfkeytool wrap {name} {file} {file} --password"
            " generate`; in Salesforce name it in the Named Credential.",
            "Update Java: 8 at least, better 17. The server's log has the reason.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED} ; Salesforce Knowledge 000386138: {_MUTUAL} ;"
        " https://github.com/asagarwal/salesforce-rest-api-with-java/issues/2 ;"
        " https://github.com/jetty/jetty.project/issues/3477",
        rules=("mtls.chain.intermediate-missing",),
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.version",
        messages=(
            "Received fatal alert: protocol_version",
            "Server chose TLSv1, but that protocol version is not enabled or not supported by the client.",
            "TLS 1.0 has been disabled in this organization. Please use TLS 1.1 or higher when connecting to"
            " Salesforce using https.",
            "The request was aborted: Could not create SSL/TLS secure channel",
        ),
        meaning="The two sides have no version of TLS in common. Certificates were not looked at.",
        causes=(
            "The client is old: .NET Framework below 4.6, Java 7, PHP or Python with an old OpenSSL. Salesforce wants"
            " TLS 1.2.",
            "In a callout: the endpoint is old.",
            "A proxy speaks an old version.",
        ),
        fixes=(
            "Update the runtime. In .NET Framework: ServicePointManager.SecurityProtocol = SecurityProtocolType.Tls12.",
            "See what the server speaks: `openssl s_client -connect HOST:443 -servername HOST -tls1_2`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED} ; https://github.com/giacomelli/SalesforceSharp/issues/21 ;"
        " https://github.com/dthagard/salesforce_backup/issues/1 ;"
        " https://salesforce.stackexchange.com/questions/129007/sandbox-org-tls-1-1-update-breaks-outbound-calls",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.not-tls",
        messages=(
            "SSL routines:{function}:wrong version number",
            "[SSL: WRONG_VERSION_NUMBER] wrong version number",
            "ERR_SSL_WRONG_VERSION_NUMBER",
            "Unsupported or unrecognized SSL message",
        ),
        meaning="What answered does not speak TLS: plain HTTP came back where a handshake was expected.",
        causes=(
            "HTTPS_PROXY is written with https://, and the proxy itself wants http://.",
            "The port is one for plain HTTP.",
            "A firewall or a proxy answers with a page of its own.",
        ),
        fixes=(
            "Write the proxy as `export HTTPS_PROXY=http://HOST:PORT`: the word before :// is how to talk to the"
            " proxy.",
            "See what answers: `curl -v https://HOST:PORT`.",
        ),
        basis=Basis.OBSERVED,
        citation="Tried with a server of our own without TLS, and Node 20.20.2, Python 3.11, curl 7.88.1, JDK 17 ;"
        " https://github.com/forcedotcom/cli/issues/2907",
        retrieved=_LOOKED_UP,
    ),
)
