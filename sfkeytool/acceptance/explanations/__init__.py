"""Messages that people paste, and what they mean."""

from sfkeytool.acceptance.explanations.clients import CLIENT
from sfkeytool.acceptance.explanations.explanation import Explanation, System, login_code
from sfkeytool.acceptance.explanations.handshakes import HANDSHAKES
from sfkeytool.acceptance.explanations.java import KEYTOOL
from sfkeytool.acceptance.explanations.java_libraries import JAVA_LIBRARIES
from sfkeytool.acceptance.explanations.jsonwebtoken import JSONWEBTOKEN
from sfkeytool.acceptance.explanations.key_libraries import PYTHON
from sfkeytool.acceptance.explanations.logins import JWT
from sfkeytool.acceptance.explanations.openssl import OPENSSL
from sfkeytool.acceptance.explanations.openssl_enc import OPENSSL_ENC
from sfkeytool.acceptance.explanations.setup import CKM, DEPLOY
from sfkeytool.acceptance.explanations.tls import TLS_TRUST
from sfkeytool.acceptance.explanations.trust_stores import TRUST_STORES
from sfkeytool.acceptance.explanations.windows import WINDOWS

EXPLANATIONS: tuple[Explanation, ...] = (
    *CKM,
    *KEYTOOL,
    *JAVA_LIBRARIES,
    *OPENSSL,
    *OPENSSL_ENC,
    *WINDOWS,
    *JWT,
    *CLIENT,
    *TLS_TRUST,
    *HANDSHAKES,
    *TRUST_STORES,
    *DEPLOY,
    *JSONWEBTOKEN,
    *PYTHON,
)

__all__ = ["EXPLANATIONS", "Explanation", "System", "login_code"]
