"""Messages about the lists of CAs that programs trust, and about chains that a server put together wrongly."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_LOOKED_UP = date(2026, 11, 28)

TRUST_STORES = (
    Explanation(
        id="error.tls.chain-order",
        messages=("PKIX path validation failed: {kind} subject/issuer name chaining check failed",),
        meaning="The server sent certificates of which one was not signed by the next: its chain is put together in"
        " the wrong way.",
        causes=(
            "A wrong intermediate, of another CA or of an older generation, stands in the server's file.",
            "The order is wrong: it must be the server's own certificate, then the one that signed it, and so on.",
            "A proxy put its own certificate before the server's chain.",
        ),
        fixes=(
            "See what the server sends, with openssl s_client -connect HOST:443 -showcerts: the issuer of"
            " each must be the subject of the next.",
            "Let whoever runs the server put its chain together anew; nothing in the org helps.",
        ),
        basis=Basis.DOCUMENTED,
        citation="Salesforce Knowledge 000385068:"
        " https://help.salesforce.com/s/articleView?id=000385068&language=en_US&type=1",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.java-trust-store",
        messages=(
            "java.security.InvalidAlgorithmParameterException: the trustAnchors parameter must be non-empty",
            "the trustAnchors parameter must be non-empty",
        ),
        meaning="The Java program has no list of trusted CAs: its truststore is empty, or was not found.",
        causes=(
            "javax.net.ssl.trustStore names a file that is not there, or that holds a key and no trusted certificate.",
            "cacerts of this Java is empty: a container without ca-certificates-java, or a broken link.",
            "The truststore is PKCS#12 whose entries are not marked as trusted: openssl writes such ones.",
        ),
        fixes=(
            "List what it trusts, with keytool -list -cacerts or keytool -list -keystore and the truststore:"
            " trustedCertEntry must stand there.",
            "Put the CA's certificate in with keytool -importcert, which marks it as trusted.",
        ),
        basis=Basis.OBSERVED,
        citation="Tried with Java 17 and 25",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.bundle-path",
        messages=("Could not find a suitable TLS CA certificate bundle, invalid path: {file}",),
        meaning="requests, a Python library, was told to read its list of CAs from a file that is not there.",
        causes=(
            "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file of another machine, or of one that is not in the"
            " container.",
            "verify= in the program has a path that is relative, and it runs in another folder.",
        ),
        fixes=(
            "See what is set: `env | grep CA_BUNDLE`. Give the whole path of a PEM file with the CA's certificate, or"
            " unset it.",
        ),
        basis=Basis.OBSERVED,
        citation="Tried with requests 2.34.2",
        retrieved=_LOOKED_UP,
    ),
)
