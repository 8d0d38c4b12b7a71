"""Messages of programs that do not trust the certificate that a host shows, told apart by who says it."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_LOOKED_UP = date(2026, 11, 28)
_TRIED = (
    "Tried with servers of our own: a chain with an unknown root, one without its intermediate, a self-signed leaf, an"
    " expired one, another name"
)
_ROOT_CHANGE = "https://releases.enosix.io/release/salesforce-root-certificate-change-2026"
_CUSTOM_DOMAIN = (
    "Salesforce Knowledge 000386535: https://help.salesforce.com/s/articleView?id=000386535&language=no&type=1"
)
_NODE_DOCS = "https://nodejs.org/api/cli.html"
_NOT_YOURS = "The key and the certificate of your app are not concerned: nothing was sent yet."
_WHO_SIGNED = (
    "See who signed what is shown: `openssl s_client -connect HOST:443 -servername HOST -showcerts`. Salesforce's own"
    " hosts have theirs from DigiCert (2026); the name of your company or of a security product means a proxy."
)
_NEVER = "Do not switch verification off: the login would go to whoever answers."
_PROXY = (
    "A proxy or a security product (Zscaler, Netskope, a firewall) opens TLS and shows a certificate of its own CA,"
    " which this program does not know although the browser does."
)
_OLD_STORE = (
    "The list of trusted CAs is old: since 5 February 2026 Salesforce's certificates chain to DigiCert Global Root G2."
)
_OWN_SERVER = (
    "The host is not Salesforce's but a server of your own or of a partner, which sends its certificate without the"
    " intermediate, or has it from a private CA; or it is a custom domain of your org, to which the certificate was"
    " uploaded without its intermediates."
)
_MEND_SERVER = (
    "Where it is your own server: let it send its certificate with all intermediates; `sfkeytool check {file}"
    " --profile signed-upload` names the issuer that a chain lacks. For a custom domain of an org upload the chain as"
    " sfkeytool ckm chain writes it."
)

TLS_TRUST = (
    Explanation(
        id="error.tls.node",
        messages=(
            "unable to get local issuer certificate",
            "unable to verify the first certificate",
            "self-signed certificate in certificate chain",
            "reason: self-signed certificate in certificate chain",
            "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            "SELF_SIGNED_CERT_IN_CHAIN",
            "Error: certificate not trusted",
        ),
        meaning="A program on your machine, on Node mostly (the Salesforce CLI, VS Code, npm), does not know the CA"
        " that"
        f" signed the certificate which it was shown. {_NOT_YOURS}",
        causes=(
            _PROXY,
            "NODE_EXTRA_CA_CERTS is set and without effect: its file is missing, is a Java keystore (cacerts) or DER,"
            " where it must be PEM, or was set after the program had started.",
            _OWN_SERVER,
            "The hosts file, or a DNS of your company, sends the name to another machine.",
        ),
        fixes=(
            _WHO_SIGNED,
            "Get the root certificate of the proxy from your IT as PEM (`sfkeytool show {file}` tells whether it is"
            " one), and name it before the program starts: `export NODE_EXTRA_CA_CERTS=/path/to/root.pem`, on Windows"
            " `setx`, then a new terminal and a restart of VS Code.",
            "Where the root is in the system's store already: `export NODE_USE_SYSTEM_CA=1`, with Node 22.19, 24.6 or"
            " later; `sf version` names the CLI's own Node.",
            "sfkeytool and Python read such a file from SSL_CERT_FILE.",
            f"{_MEND_SERVER} {_NEVER} That is what NODE_TLS_REJECT_UNAUTHORIZED=0 does.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}, and Node 20.20.2 ; https://github.com/forcedotcom/sfdx-dreamhouse/issues/171 ;"
        " https://github.com/forcedotcom/cli/issues/429 ; https://github.com/forcedotcom/cli/issues/2992 ;"
        " https://github.com/forcedotcom/cli/issues/2907 ; https://github.com/joeferraro/MavensMate/issues/391 ;"
        f" {_CUSTOM_DOMAIN} ; {_NODE_DOCS} ; https://github.com/nodejs/node/pull/57362 ; https://github.com/nodejs/learn/pull/79",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.fetch-failed",
        messages=(
            "Errors encountered: fetch failed",
            "TypeError: fetch failed",
            "Error ({number}): fetch failed",
            "fetch failed",
        ),
        meaning="The Salesforce CLI, or another program on Node, reached nobody, or nobody whom it trusts; today's CLI"
        " does"
        f" not say which. {_NOT_YOURS}",
        causes=(
            f"{_PROXY} `curl https://MYDOMAIN.my.salesforce.com` from the same place says what the CLI keeps quiet.",
            "There is no way out but through a proxy, and HTTPS_PROXY is not set in this job.",
            "The host does not exist: a typing error in --instance-url, or an org that is gone.",
            "A firewall drops the connection.",
        ),
        fixes=(
            "Let another program say why: `sfkeytool login {name}` names the reason; or"
            " `node -e \"fetch('https://MYDOMAIN.my.salesforce.com').catch(e => console.log(e.cause))\"`.",
            "If it is a certificate: name the root of the proxy in NODE_EXTRA_CA_CERTS, for sfkeytool in"
            " SSL_CERT_FILE.",
        ),
        basis=Basis.OBSERVED,
        citation="Tried with Salesforce CLI 2.146.3, which says so of each certificate that it does not trust ;"
        " https://github.com/forcedotcom/cli/issues/3620",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.self-signed-server",
        messages=(
            "DEPTH_ZERO_SELF_SIGNED_CERT",
            "reason: self-signed certificate",
            "self-signed certificate; if the root CA",
        ),
        meaning="The host shows a certificate that it signed itself, and the program has no reason to believe it."
        " Salesforce's"
        f" own hosts never do that. {_NOT_YOURS}",
        causes=(
            "The host is a server of your own, or one for development.",
            "A router, a login page of a network, or a security product answers in the host's place.",
        ),
        fixes=(
            _WHO_SIGNED,
            "Where you know the server: give its certificate to the program, for Node in NODE_EXTRA_CA_CERTS; better,"
            " give"
            f" the server one by a CA. {_NEVER}",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}, and Node 20.20.2 ; https://nodejs.org/docs/latest/api/tls.html",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.python",
        messages=(
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason}",
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate",
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain",
            "certificate verify failed",
        ),
        meaning="A program on your machine, in Python or Ruby mostly, does not know the CA that signed the certificate"
        f" which it was shown. {_NOT_YOURS}",
        causes=(
            _PROXY,
            f"{_OLD_STORE} With requests, the list is that of certifi; on macOS, Python of python.org has none until"
            " Install Certificates.command has run.",
            "REQUESTS_CA_BUNDLE or SSL_CERT_FILE names a file that lacks the CA, or replaces the whole list by one CA.",
            _OWN_SERVER,
        ),
        fixes=(
            _WHO_SIGNED,
            "Put the root of the proxy and the usual ones into one PEM file, and name it: `export"
            " SSL_CERT_FILE=/path/to/roots.pem`; requests (simple-salesforce too) reads REQUESTS_CA_BUNDLE.",
            "Update the list: `pip install --upgrade certifi`, or the system's package ca-certificates.",
            f"{_MEND_SERVER} {_NEVER} That is what verify=False does.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}, and Python 3.11 ; https://github.com/simple-salesforce/simple-salesforce/issues/184 ;"
        f" https://github.com/rbw/pysnow/issues/111 ; https://github.com/joeferraro/MavensMate-SublimeText/issues/11 ;"
        f" {_ROOT_CHANGE}",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.curl",
        messages=(
            "SSL certificate problem: unable to get local issuer certificate",
            "SSL certificate problem: self-signed certificate in certificate chain",
            "SSL certificate problem: self-signed certificate",
            "SSL certificate problem: Invalid certificate chain",
            "SSL certificate problem",
            "server certificate verification failed. CAfile: {file} CRLfile: {file}",
            "The certificate of {host} doesn't have a known issuer.",
        ),
        meaning="curl, git, wget or PHP on your machine does not know the CA that signed the certificate which it was"
        f" shown. {_NOT_YOURS}",
        causes=(
            _PROXY,
            "The program has no list of CAs: PHP on Windows without curl.cainfo in php.ini, a container without the"
            " package ca-certificates.",
            _OLD_STORE,
            _OWN_SERVER,
        ),
        fixes=(
            _WHO_SIGNED,
            "Name the root of the proxy: `curl --cacert /path/to/root.pem`, `git config --global http.sslCAInfo"
            " /path/to/root.pem`, in php.ini curl.cainfo and openssl.cafile.",
            "On Linux for all of them: put it as .crt into /usr/local/share/ca-certificates and run"
            " `update-ca-certificates`, on Red Hat /etc/pki/ca-trust/source/anchors and `update-ca-trust`.",
            f"{_MEND_SERVER} {_NEVER} That is what -k and http.sslVerify=false do.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}, and curl 7.88.1, git 2.39 and wget 1.21 ;"
        " https://github.com/advisors-excel-llc/salesforce-rest-sdk/issues/85 ; https://curl.se/docs/sslcerts.html ; "
        f"{_CUSTOM_DOMAIN}",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.java",
        messages=(
            "PKIX path building failed",
            "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find"
            " valid certification path to requested target",
            "unable to find valid certification path to requested target",
            "No issuer certificate for certificate in certification path found.",
            "PKIX path validation failed: java.security.cert.CertPathValidatorException: signature check failed",
        ),
        meaning="A Java program (Data Loader, MuleSoft, an IDE, your own) does not know the CA that signed the"
        " certificate"
        f" which it was shown. {_NOT_YOURS} In an Apex callout Salesforce is the Java program: then it is the"
        " endpoint's chain.",
        causes=(
            f"{_PROXY} Java has a list of its own, cacerts.",
            f"{_OLD_STORE} An old JDK, or a truststore that was made by hand, lacks it.",
            "The program was given a truststore (javax.net.ssl.trustStore) with one certificate in it: that of last"
            " year.",
            _OWN_SERVER,
        ),
        fixes=(
            _WHO_SIGNED,
            "Add the root, not the server's certificate, to the list of the Java that runs the program: `keytool"
            " -importcert -cacerts -alias company-root -file root.pem`; on Windows"
            " -Djavax.net.ssl.trustStoreType=Windows-ROOT takes the system's.",
            "See what is in a truststore of your own: `sfkeytool show {file} --password prompt`.",
            _MEND_SERVER,
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}, and JDK 17 ; https://github.com/forcedotcom/dataloader/issues/798 ;"
        " https://github.com/RoseSilverSoftware/IlluminatedCloud/issues/1740 ;"
        " https://github.com/toshiapp/toshi-app-js/issues/9 ;"
        f" https://github.com/OfficeDev/ews-java-api/issues/473 ; {_ROOT_CHANGE} ; {_CUSTOM_DOMAIN}",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.callout",
        messages=(
            "System.CalloutException: {kind} PKIX path building failed",
            "System.CalloutException: {kind} PKIX path building failed: unable to find valid certification path to"
            " requested target",
            "System.CalloutException: {kind} PKIX path building failed:"
            " sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to"
            " requested target",
            "IO Exception: PKIX path building failed: unable to find valid certification path to requested target",
            "IO Exception: sun.security.validator.ValidatorException: PKIX path building failed",
            "IO Exception: sun.security.validator.ValidatorException: PKIX path building failed:"
            " sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to"
            " requested target",
        ),
        meaning="Salesforce does not trust the certificate of the endpoint that the callout went to. The certificates"
        " in Certificate and Key Management are not concerned: with those Salesforce says who it is itself.",
        causes=(
            "The endpoint sends its certificate without the intermediate. Browsers fetch it; Salesforce does not, and"
            " adds no intermediates to its list.",
            "Its root is not on Salesforce's list, which is at /cacerts.jsp of every org: a private CA, a small one,"
            " or one that has just changed its root.",
            "It is self-signed, which is never taken there.",
            "The endpoint was renewed, and its chain put together in the wrong way.",
        ),
        fixes=(
            "See what the endpoint sends: `openssl s_client -connect HOST:443 -servername HOST -showcerts`. One"
            " certificate alone lacks its intermediate; put the output into a file, and `sfkeytool check {file}"
            " --profile signed-upload` names the issuer that the chain lacks.",
            "Let whoever runs the endpoint send leaf and intermediates, in this order; the root need not be sent.",
            "A private CA: by the Winter '27 release notes an org can trust roots of its own, for Named Credentials"
            " alone, at most 50: Setup > Certificate Trust Store. Else the endpoint needs a certificate of a CA on the"
            " list.",
            "Importing the endpoint's certificate into Certificate and Key Management does not help: that takes your"
            " own keys.",
        ),
        basis=Basis.DOCUMENTED,
        citation="Salesforce Knowledge 000385468:"
        " https://help.salesforce.com/s/articleView?id=000385468&language=da&type=1 ; Knowledge 000383872:"
        " https://help.salesforce.com/s/articleView?id=000383872&language=fr&type=1 ; Knowledge 001996526:"
        " https://help.salesforce.com/s/articleView?id=001996526&language=ja&type=1 ;"
        " https://hub.appirio.com/tech-blog/best-practices-for-apex-callouts-part-2 ; Certificate Trust Store: the"
        " Winter '27 release notes, read in a copy",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.go",
        messages=(
            "x509: certificate signed by unknown authority",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        ),
        meaning="A program in Go (Terraform, kubectl, gh, an exporter) does not know the CA that signed the"
        " certificate which"
        f" it was shown. {_NOT_YOURS}",
        causes=(_PROXY, "A container without the package ca-certificates has no list at all.", _OWN_SERVER),
        fixes=(
            _WHO_SIGNED,
            "On Linux name a PEM file with the roots: `export SSL_CERT_FILE=/path/to/roots.pem`; on Windows and macOS"
            " put the root into the system's store.",
            _MEND_SERVER,
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/golang/go/issues/40370 ;"
        " https://github.com/reportportal/reportportal-mcp-server/issues/50 ; https://pkg.go.dev/crypto/x509",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.dotnet",
        messages=(
            "The remote certificate is invalid according to the validation procedure",
            "The remote certificate is invalid because of errors in the certificate chain: {reason}",
            "Could not establish trust relationship for the SSL/TLS secure channel",
            "The SSL connection could not be established, see inner exception.",
        ),
        meaning="A program in .NET, or PowerShell, does not trust the certificate that it was shown. The words behind"
        " it say"
        f" why: UntrustedRoot, PartialChain, NotTimeValid, RemoteCertificateNameMismatch. {_NOT_YOURS}",
        causes=(
            "UntrustedRoot: a proxy or a security product opens TLS, and its root is in the store of another user or"
            " of none; in a container on Linux the list is that of OpenSSL.",
            "PartialChain: the server sends its certificate without the intermediate.",
            "NotTimeValid: it has expired, or the clock of this machine is wrong.",
            "RemoteCertificateNameMismatch: it was made for another host.",
        ),
        fixes=(
            _WHO_SIGNED,
            "Put the root into Local Computer > Trusted Root Certification Authorities: `certutil -addstore Root"
            " root.pem`; on Linux into the system's list, or name it in SSL_CERT_FILE.",
            f"{_MEND_SERVER} {_NEVER} That is what a ServerCertificateValidationCallback which says true does.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/dotnet/docs/issues/12110 ; https://github.com/dotnet/runtime/issues/47035 ;"
        " https://github.com/HaveIBeenPwned/PwnedPasswordsDownloader/issues/44 ;"
        " https://github.com/RWS/ISHRemote/issues/211 ; https://github.com/dotnet/sdk/issues/21573",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.s-client",
        messages=(
            "verify error:num=20:unable to get local issuer certificate",
            "verify error:num=21:unable to verify the first certificate",
            "verify error:num=19:self-signed certificate in certificate chain",
            "verify error:num=18:self-signed certificate",
            "Verify return code: 20 (unable to get local issuer certificate)",
            "Verify return code: 21 (unable to verify the first certificate)",
            "Verify return code: 19 (self-signed certificate in certificate chain)",
            "Verify return code: 18 (self-signed certificate)",
        ),
        meaning="openssl s_client connected to a server, and says what it thinks of the chain that the server sent.",
        causes=(
            "20 or 21, and one certificate in the output: the server sends it without the intermediate. Salesforce's"
            " callouts refuse such an endpoint.",
            "19, or 20 with a chain: its root is not in openssl's list: a private CA, or a proxy between you and the"
            " server.",
            "18: the server signed it itself.",
            "openssl has no list: it was built with another folder than the system's.",
        ),
        fixes=(
            "Read the lines i: of the output: who signed what. Put the certificates into a file, and `sfkeytool check"
            " {file} --profile signed-upload` names the issuer that it lacks.",
            "With a root that you trust: add `-CAfile root.pem`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}, and OpenSSL 3.0.19",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.expired",
        messages=(
            "CERT_HAS_EXPIRED",
            "reason: certificate has expired",
            "SSL certificate problem: certificate has expired",
            "SSL certificate problem: certificate is not yet valid",
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired",
            "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
            "java.security.cert.CertificateExpiredException: NotAfter: {date}",
            "x509: certificate has expired or is not yet valid",
            "verify error:num=10:certificate has expired",
            "java.security.cert.CertificateNotYetValidException: NotBefore",
            "Verify return code: 10 (certificate has expired)",
        ),
        meaning="The certificate of the host that was asked, or one above it, has expired by the clock of whoever says"
        " so. It is the other side's certificate, not yours.",
        causes=(
            "The clock of this machine is wrong.",
            "The server's certificate was not renewed, or was renewed and not loaded.",
            "The certificate of a proxy that opens TLS has expired.",
            "An old root or intermediate: the server sends one that has expired, or the list of CAs here is old.",
        ),
        fixes=(
            "Check the clock: `date -u`, and on Windows `w32tm /query /status`.",
            "See the dates: `openssl s_client -connect HOST:443 -servername HOST -showcerts`, put into a file:"
            " `sfkeytool show {file}`.",
            "Whoever runs the host renews it. For a Salesforce custom domain that is you: `sfkeytool renew {name}`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}, and Node 20.20.2, curl 7.88.1, Python 3.11, JDK 17, OpenSSL 3.0.19 ;"
        " https://github.com/dnscrypt/dnscrypt-proxy/issues/324 ; https://github.com/curl/curl/issues/12516",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.tls.name",
        messages=(
            "ERR_TLS_CERT_ALTNAME_INVALID",
            "Hostname/IP does not match certificate's altnames: {names}",
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch",
            "no alternative certificate subject name matches target host name '{host}'",
            "No subject alternative DNS name matching {host} found",
            "No subject alternative names matching IP address {address} found",
        ),
        meaning="The host shows a certificate that was made for other names than the one that was asked for.",
        causes=(
            "The name in the address is wrong: a short name, an IP address, an old My Domain or instance.",
            "The server has several certificates and shows the wrong one: a virtual host, a load balancer, or a client"
            " that does not name the host (SNI).",
            "The certificate has the name in CN alone, and not among its subjectAltNames.",
            "A callout of Salesforce says so of your endpoint for the same reasons.",
        ),
        fixes=(
            "See the names: `openssl s_client -connect HOST:443 -servername HOST -showcerts`, put into a file:"
            " `sfkeytool show {file}`.",
            "Ask by a name that the certificate has, or have it made anew with all names.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED}, and Node 20.20.2, curl 7.88.1, Python 3.11, JDK 17 ; callouts:"
        " https://hub.appirio.com/tech-blog/best-practices-for-apex-callouts-part-2 and"
        " https://dfc-org-production.my.site.com/forums/?id=906F000000092ooIAA",
        retrieved=_LOOKED_UP,
    ),
)
