"""Messages of Certificate and Key Management, and of deployments that concern certificates and apps."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.mails import WHO_IS_MAILED
from sfkeytool.acceptance.rule import Basis
from sfkeytool.acceptance.rules import sources

_CONNECTED_APPS = "Salesforce Knowledge 005228017: https://help.salesforce.com/s/articleView?id=005228017&type=1"

CKM = (
    Explanation(
        id="error.ckm.no-private-key",
        messages=("No certificate was imported because the keystore file doesn't contain a PrivateKey entry.",),
        meaning="The keystore holds certificates alone. Salesforce imports a private key with its certificate.",
        causes=(
            "The CA's answer was put into a new keystore: the certificate is a trusted entry there, without the key.",
            "The keystore was exported from an org in which the key is not exportable.",
            "The alias has an upper-case letter: Java lists such an entry and then finds no key under it. That the"
            " import then gives this message is inferred.",
        ),
        fixes=(
            "Look at the entries: `sfkeytool show {file}`.",
            "Put key and certificate together: `sfkeytool wrap {name} {file} {file} --password generate`.",
            "The key is lost, or in another keystore that nobody has: start over with `sfkeytool csr {name}`.",
        ),
        basis=Basis.DOCUMENTED,
        citation=sources.IMPORT_HELP,
        rules=("ckm.entry.no-private-key", "ckm.entry.alias-case", "ckm.store.trusted-entries"),
    ),
    Explanation(
        id="error.ckm.not-rsa",
        messages=("The key is not an RSA key.",),
        meaning="The private key is an elliptic-curve (EC), Ed25519 or DSA key. Salesforce imports RSA keys only.",
        causes=(
            "The key was made by a CA's portal, an ACME client or a script whose default is EC.",
            "An old keytool without -keyalg made a DSA key.",
        ),
        fixes=(
            "A key cannot be converted. Start over: `sfkeytool self-signed {name} --password generate`, for a CA"
            " `sfkeytool csr {name}`.",
        ),
        basis=Basis.DOCUMENTED,
        citation=sources.IMPORT_HELP,
        rules=("ckm.key.not-rsa",),
    ),
    Explanation(
        id="error.ckm.not-pkcs8",
        messages=("The key must be in PKCS#8 format.",),
        meaning="The key inside the keystore is not encoded as PKCS#8.",
        causes=(
            "A tool other than keytool wrote the keystore and put a PKCS#1 key (BEGIN RSA PRIVATE KEY) into it."
            " Inferred: Java's own tools always write PKCS#8.",
        ),
        fixes=(
            "Write the keystore again: `sfkeytool wrap {name} {file} {file} --password generate` takes PKCS#1 and"
            " PKCS#8.",
        ),
        basis=Basis.DOCUMENTED,
        citation=sources.IMPORT_HELP,
        rules=("ckm.key.not-pkcs8",),
    ),
    Explanation(
        id="error.ckm.unsupported-size",
        messages=("Imported keys must have a bit size of 2048, 3072, or 4096.",),
        meaning="The RSA key has another size.",
        causes=("An old key of 1024 bits.", "An unusual size, 8192 bits say, chosen to be on the safe side."),
        fixes=(
            "A key cannot be resized. Start over: `sfkeytool self-signed {name} --key-size 2048 --password generate`.",
        ),
        basis=Basis.DOCUMENTED,
        citation=sources.IMPORT_HELP,
        rules=("ckm.key.unsupported-size",),
    ),
    Explanation(
        id="error.ckm.mismatch",
        messages=("The private key does not match the certificate chain in the keystore.",),
        meaning="The first certificate of the entry's chain was not made for its private key.",
        causes=(
            "The chain is in the wrong order: the CA's certificate comes first, not the leaf.",
            "The certificate belongs to another key: an older generation, or a CSR that was made twice.",
            "keytool's checks pass both: it does not compare key and chain when it opens a keystore.",
        ),
        fixes=(
            "Repair a copy, if only the order is wrong: `sfkeytool check --fix {file} --password prompt`.",
            "See what fits: `sfkeytool compare {file} {file}`.",
            "Put them together anew, in any order: `sfkeytool wrap {name} {file} {file} --password generate`.",
        ),
        basis=Basis.DOCUMENTED,
        citation=sources.IMPORT_HELP,
        rules=("ckm.key.mismatch", "ckm.chain.order"),
    ),
    Explanation(
        id="error.ckm.key-password",
        messages=(
            "The Keystore contains a certificate '{alias}' whose per key password is not the same as the keystore"
            " password.",
        ),
        meaning="Salesforce asks for one password and uses it for the keystore and for every key in it.",
        causes=(
            "keytool -importkeystore turned a PFX into a JKS with a new -deststorepass but without -destkeypass: the"
            " key kept the password of the PFX.",
            "The key was made with -keypass, or got another password through -keypasswd.",
        ),
        fixes=(
            "Repair a copy: `sfkeytool check --fix {file} --password prompt`; or `sfkeytool wrap {name} {file}"
            " --password generate`, which asks for the old passwords.",
        ),
        basis=Basis.DOCUMENTED,
        citation=sources.STORE_AND_KEY_ARTICLE,
        rules=("ckm.entry.key-password",),
    ),
    Explanation(
        id="error.ckm.alias-not-acceptable",
        messages=("Keystore contains an entry whose alias is not acceptable for import",),
        meaning="The entry's alias becomes the certificate's unique name, and this one cannot.",
        causes=(
            "The alias is 1: openssl gave the PFX no friendly name, and keytool numbers nameless entries.",
            "It has a hyphen, a dot, a space or a letter outside a to z.",
            "It begins with a digit or an underscore, ends with an underscore, or has two in a row.",
            "Another certificate of the org has that name already. Inferred: what the import says then is not known.",
        ),
        fixes=(
            "Repair a copy: `sfkeytool check --fix {file} --password prompt`; or choose a name: `sfkeytool wrap"
            " {name} {file} --password generate`. Letters,"
            " digits and single"
            " underscores, a letter first.",
            "With keytool: `keytool -changealias -alias 1 -destalias {name} -keystore {file}`.",
        ),
        basis=Basis.OBSERVED,
        citation="sandriiy/salesforce-google-drive-library: "
        "https://github.com/sandriiy/salesforce-google-drive-library ; that the rule for unique names applies to"
        " aliases is inferred",
        rules=("ckm.entry.alias",),
    ),
    Explanation(
        id="error.ckm.data-not-available",
        messages=("Data Not Available", "The data you were trying to access could not be found"),
        meaning="On Import from Keystore: the import's page does not work in this org yet. The file is not the reason.",
        causes=(
            "Identity Provider was never enabled in this org. Three independent reports; not documented.",
            "Elsewhere in Setup the same words mean a record that is gone, or that you may not see.",
        ),
        fixes=(
            "In Setup > Certificate and Key Management make any self-signed certificate, enable Setup > Identity"
            " Provider with it, import, and disable Identity Provider again if you do not need it.",
        ),
        basis=Basis.OBSERVED,
        citation=sources.BROWSERFORCE
        + " ; https://lekkimworld.com/2018/07/03/issue-with-importing-keystore-into-salesforce/",
    ),
    Explanation(
        id="error.ckm.apex-unknown-certificate",
        messages=(
            "System.NoDataFoundException: Data Not Available",
            "System.NoDataFoundException: Data Not Available: The data you were trying to access could not be found.",
        ),
        meaning="Apex names a certificate that this org does not have.",
        causes=(
            "The certificate was not imported or created in this org: a sandbox, or a new org.",
            "Its unique name differs: an imported one is lower-case, and the code has the name as it was typed.",
            "The code has the label. Auth.JWS, Crypto.signWithCertificate and setClientCertificateName take the"
            " unique name.",
        ),
        fixes=(
            "Compare the name in the code with Setup > Certificate and Key Management; an admin can edit the unique"
            " name there.",
            "Import it: `sfkeytool show {file}` says under which alias it will arrive.",
        ),
        basis=Basis.OBSERVED,
        citation="benedwards44/Apex-for-Xero, issue 2: https://github.com/benedwards44/Apex-for-Xero/issues/2",
    ),
    Explanation(
        id="error.ckm.expiry-mail",
        messages=(
            "SFDC Expiring Certificate Notification",
            "You have one or more certificates in your Salesforce org {name} that will expire soon",
            "Review the list below and visit Certificate and Key Management from Setup to make an update",
            "SelfSignedCert_{name}, Self-Signed, expires on {date}",
            "{name}, Self-Signed, expires on {date}. Warning: This certificate will expire in {days} day(s)",
            "This certificate will expire in {days} day(s)",
        ),
        meaning="Salesforce's mail about a certificate in Certificate and Key Management: 60, 30, 10 and 1 days before"
        " it expires, and on the day. It names the certificate as Setup lists it, and not what uses it.",
        causes=(
            "A certificate is near its end, and something may still sign or connect with it: single sign-on, the"
            " identity provider, a connected app, a named credential, Apex.",
            "Nothing uses it: the self-signed certificate that an org got with My Domain or the identity provider"
            " (SelfSignedCert_ with a date), or one that was replaced and never deleted.",
            "It is about a sandbox: a copy of production's certificate. The mail names the org and its id.",
        ),
        fixes=(
            f"Who gets which: {WHO_IS_MAILED}.",
            "Find who uses it: `sfkeytool audit --target-org ALIAS`, or in Setup > Certificate and Key Management hover"
            " over the greyed Delete: it names what holds the certificate. Apex code and programs outside may not be"
            " named.",
            "If something uses it, make the next one: `sfkeytool self-signed {name} --password generate` or `sfkeytool"
            " csr {name}`, and replace it in Certificate and Key Management and on the app, before the day.",
            "If nothing uses it (Delete is not grey, and no Apex or callout names it): keep a copy with Export to"
            " Keystore where that is offered, then delete it; no more mails come. Or do nothing: it expires and"
            " nothing stops.",
            "If only the identity provider uses it, and nobody logs in to other services with this org: disable"
            " Identity Provider, then delete it.",
        ),
        basis=Basis.DOCUMENTED,
        citation=f"{sources.MAILS_NOTE} ; {sources.MAILS_ARTICLE} ; the mail's text: Salesforce Knowledge 000231048,"
        " https://help.salesforce.com/apex/HTViewSolution?id=000231048&language=en_US and"
        " https://giveclarity.org/help-sfdc-expiring-certificate-notification/ ; unused ones:"
        " https://nebulaconsulting.co.uk/insights/how-to-renew-an-expiring-salesforce-certificate",
        retrieved=date(2026, 11, 28),
        rules=("ckm.certificate.expired", "ckm.certificate.no-mail-left"),
    ),
)

_IN_USE = (
    "For an app in use leave that line where it is: a deployment is declarative, and clients know the app by its key."
    " Its certificate alone is changed by `sfkeytool metadata {name} --app APP -o ORG --deploy`, or in Setup."
)

DEPLOY = (
    Explanation(
        id="error.deploy.consumer-key-given",
        messages=("You cannot provide a Consumer Key",),
        meaning="The connected app's source holds a consumerKey, and Salesforce gives out consumer keys itself.",
        causes=("The file was retrieved from one org and is deployed to another: retrieving adds the key.",),
        fixes=(
            "For a new app only: delete the line <consumerKey>…</consumerKey> from the .connectedApp-meta.xml and"
            " deploy again; the new app gets a key of its own.",
            _IN_USE,
        ),
        basis=Basis.OBSERVED,
        citation="forcedotcom/cli, issue 336: https://github.com/forcedotcom/cli/issues/336",
    ),
    Explanation(
        id="error.deploy.consumer-key-taken",
        messages=("The consumer key is already taken",),
        meaning="A connected app with this consumer key exists, in this org or in another one.",
        causes=(
            "The source holds the consumerKey of the org that it was retrieved from.",
            "The app was deleted and is created again under its old key.",
        ),
        fixes=(
            "For a new app only: delete the line <consumerKey>…</consumerKey> and deploy again; the new app has a new"
            " consumer key, which the integration must learn.",
            _IN_USE,
            f"Where connected apps can no longer be created ({_CONNECTED_APPS}), make an External Client App.",
        ),
        basis=Basis.OBSERVED,
        citation="forcedotcom/devops-center-feedback, issue 256: "
        "https://github.com/forcedotcom/devops-center-feedback/issues/256",
    ),
    Explanation(
        id="error.deploy.no-certificate-named",
        messages=("no Certificate named {name} found",),
        meaning="The deployment refers to a certificate by its unique name, and the org has none of that name.",
        causes=(
            "The certificate is not in the org yet: a private key cannot be deployed, it has to be imported in Setup.",
            "The import made the name lower-case, and the source still has it otherwise.",
        ),
        fixes=(
            "Import the keystore in Setup > Certificate and Key Management first, then deploy.",
            "Write the reference as the org shows the unique name.",
        ),
        basis=Basis.INFERRED,
        citation="Inferred from the same message about other types: "
        "https://github.com/lekkimworld/salesforce-azure-clientcredentials-authprovider/issues/4",
    ),
    Explanation(
        id="error.deploy.not-found",
        messages=("Entity of type '{type}' named '{name}' cannot be found",),
        meaning="A retrieve or deploy names something that the org does not have.",
        causes=(
            "A name in package.xml is misspelt: names are compared with upper and lower case.",
            "It is in another org than the one that was asked.",
            "The user may not see it: consumer keys and certificates of External Client Apps need a permission of"
            " their own. That this message is the answer then is inferred.",
        ),
        fixes=("List what is there: `sf org list metadata --metadata-type Certificate`.",),
        basis=Basis.OBSERVED,
        citation="forcedotcom/cli, issue 7: https://github.com/forcedotcom/cli/issues/7",
    ),
    Explanation(
        id="error.deploy.unsupported-type",
        messages=("The specified metadata type is unsupported: [{type}]",),
        meaning="The Salesforce CLI does not know this kind of metadata.",
        causes=("The CLI is older than the type: InboundCertificate came in 2021, External Client Apps in 2024.",),
        fixes=("Update the CLI: `sf update`, or `npm install --global @salesforce/cli`.",),
        basis=Basis.OBSERVED,
        citation="forcedotcom/cli, issue 995: https://github.com/forcedotcom/cli/issues/995",
    ),
    Explanation(
        id="error.deploy.duplicate-value",
        messages=(
            "DUPLICATE_VALUE",
            "duplicate value found: {field} duplicates value on record with id: {id}",
        ),
        meaning="A value that must be unique in the org is there already, a unique name say.",
        causes=(
            "A certificate or an app of this name exists; perhaps one that was deleted a short while ago. Inferred for"
            " certificates: the answer for them was not seen.",
        ),
        fixes=("Deploy under another name, or edit what exists.",),
        basis=Basis.INFERRED,
        citation="SOAP API Developer Guide, Core Data Types Used in API Calls (the code is documented, its use for"
        " certificates is not): https://developer.salesforce.com/docs/atlas.en-us.258.0.api.meta/api/"
        "sforce_api_calls_concepts_core_data_objects.htm",
    ),
)
