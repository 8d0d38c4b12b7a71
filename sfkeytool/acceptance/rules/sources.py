"""What several rules cite."""

from datetime import date

from sfkeytool.acceptance.rule import NewCertificate

REREAD = date(2026, 11, 27)
"""When the sources of rules that say so were looked up again."""

IMPORT_HELP = (
    'Salesforce Help, "Exporting and Importing Certificates with a Keystore",'
    " https://help.salesforce.com/apex/HTViewHelpDoc?id=xcloud.security_keys_export_import_certs_with_a_keystore.htm"
)
STORE_AND_KEY_ARTICLE = (
    "Salesforce Knowledge 000387714 (22 May 2026), https://help.salesforce.com/s/articleView?id=000387714&type=1"
)
CHAIN_ARTICLE = (
    "Salesforce Knowledge 000386535 (3 May 2026), https://help.salesforce.com/s/articleView?id=000386535&type=1"
)
HTTPS_ARTICLE = (
    "Salesforce Knowledge 000387916 (6 May 2026), https://help.salesforce.com/s/articleView?id=000387916&type=1"
)
MAILS_ARTICLE = (
    "Salesforce Knowledge 000385781 (2 Apr 2026), https://help.salesforce.com/s/articleView?id=000385781&type=1"
)
MTLS_ARTICLE = (
    "Salesforce Knowledge 000385468 (29 Jul 2025), https://help.salesforce.com/s/articleView?id=000385468&type=1"
)
MAILS_NOTE = (
    'Salesforce release notes, Summer \'24, "Limit Who Receives Notifications About Certificate Expiration" (read in'
    " a copy),"
    " https://help.salesforce.com/s/articleView?id=release-notes.rn_security_pe_limit_cert_expire_emails.htm"
)
CERTIFICATES_HELP = (
    'Salesforce Help, "Certificates in Salesforce",'
    " https://help.salesforce.com/s/articleView?id=xcloud.security_keys_policy_and_rotation.htm&type=5"
)
JDK_KEYSTORE = (
    "OpenJDK, JavaKeyStore.java,"
    " https://github.com/openjdk/jdk/blob/master/src/java.base/share/classes/sun/security/provider/JavaKeyStore.java"
)
BROWSERFORCE = (
    "sfdx-browserforce-plugin, tests that import a keystore into a real org (commit 1c5621a),"
    " https://github.com/amtrack/sfdx-browserforce-plugin"
)
EXPIRED_LOGINS = (
    "Salesforce Stack Exchange 313488, https://salesforce.stackexchange.com/questions/313488 (tolerated by design); and"
    ' Salesforce Help, "Proactive Expired Certificate Notification",'
    " https://help.salesforce.com/apex/HTViewHelpDoc?id=xcloud.shr_proactive_expired_certificate_notification.htm"
    " (rejected)"
)
JWT_GUIDE = "Ampersand, Salesforce JWT guide, https://docs.withampersand.com/customer-guides/salesforce-jwt"

REPAIR = "sfkeytool check --fix {file}{password}{new_password}{format}"
REPAIR_WITH_NEW_PASSWORD = "sfkeytool check --fix {file}{password} --new-password generate{format}"  # noqa: S105
UNWRAPPED = "sfkeytool ckm chain {name} {file} (writes {name}.crt for an app, {name}-chain.crt for an upload)"
START_OVER = NewCertificate("sfkeytool self-signed {name} --password generate (or, for a CA: sfkeytool csr {name})")
OF_THE_KEY = NewCertificate(
    "sfkeytool self-signed {name} --key {file} --password generate (or, for a CA: sfkeytool csr {name} --key {file})"
)
OF_THE_LOCKED_KEY = NewCertificate(
    "sfkeytool self-signed {name} --key {file} --input-password prompt --password generate (or, for a CA: sfkeytool"
    " csr {name} --key {file} --input-password prompt)"
)
