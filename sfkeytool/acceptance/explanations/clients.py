"""Messages of the Salesforce CLI itself, and of an org's APIs to it and to other clients."""

from datetime import date

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis

_LOOKED_UP = date(2026, 11, 28)
_CORE = "https://github.com/forcedotcom/sfdx-core/blob/main/messages"
_TRIED = "Tried with Salesforce CLI 2.146.3"
_ANEW = (
    "Log out and in again: `sf org logout --all --no-prompt`, then `sf org login jwt` or `sf org login web`. In CI log"
    " in at the beginning of each job, and carry no ~/.sfdx from one machine to another."
)

CLIENT = (
    Explanation(
        id="error.client.key-file",
        messages=(
            "which is likely not an issue with Salesforce CLI. {heres} error: ENOENT: no such file or directory, open"
            " '{file}'",
            "which is likely not an issue with Salesforce CLI. {heres} error: Error::ENOENT: no such file or"
            " directory, open '{file}'",
            "ENOENT: no such file or directory, open '{path}.key'",
            "ENOENT: no such file or directory, open '{path}.pem'",
        ),
        meaning="The key file is not where the Salesforce CLI looks for it. Salesforce was not asked.",
        causes=(
            "The path is relative, and the command ran in another folder; ~ in quotes is not the home folder.",
            "The CLI keeps the path, not the key, and reads the file again at every command that needs a new token: it"
            " was a secret file of a job or a step that is over (Jenkins' withCredentials).",
            "The login was stored on another machine, or in another container.",
            "On Windows: backslashes that a shell took away.",
        ),
        fixes=(
            "Give the whole path in --jwt-key-file, and keep the file until the last sf command of the job.",
            "Where it was a secret file of an earlier step: log in again in this one, or run all of them inside the"
            " same withCredentials.",
            "See that it is the key: `sfkeytool show {file}`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED} ; https://github.com/forcedotcom/cli/issues/381 ;"
        " https://github.com/forcedotcom/cli/issues/124 ; https://github.com/forcedotcom/cli/issues/81",
        retrieved=_LOOKED_UP,
        whole=True,
    ),
    Explanation(
        id="error.client.decipher",
        messages=(
            "Failed to decipher auth data. reason: {reason}",
            "Unsupported state or unable to authenticate data",
            "AuthDecryptError",
            "The encrypted data is not properly formatted.",
            "The service and account specified in {file} do not match the version of the toolbelt.",
        ),
        meaning="The Salesforce CLI cannot read the logins that it stored: they were encrypted with a key that it does"
        " not find any more. Your own private key is not concerned.",
        causes=(
            "The CLI's key changed, and the logins in ~/.sfdx did not: it is kept in the keychain (macOS Keychain,"
            " GNOME Keyring, KWallet, Windows) or in ~/.sfdx/key.json, and another program, a reset or an update"
            " replaced it.",
            "One process uses the keychain and another key.json: SF_USE_GENERIC_UNIX_KEYCHAIN is set in the terminal"
            " and not in the editor, or in one step of a job alone.",
            "~/.sfdx came from another machine, image or cache, without its key.",
            "A plugin or a program brings an older @salesforce/core than the CLI.",
        ),
        fixes=(
            _ANEW,
            "On Linux and in containers set SF_USE_GENERIC_UNIX_KEYCHAIN=true for every process, before the first"
            " login.",
            "If it stays: move ~/.sfdx/key.json away, and log in again; all stored logins are lost with it.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_CORE}/encryption.md ; https://github.com/forcedotcom/cli/issues/3018 ;"
        " https://github.com/forcedotcom/cli/issues/2174 ;"
        " https://github.com/salesforcecli/plugin-lightning-dev/issues/176 ;"
        " https://github.com/forcedotcom/sfdx-core/issues/83",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.keychain",
        messages=(
            "Cannot autolaunch D-Bus without X11 $DISPLAY",
            "Cannot read properties of undefined (reading 'setContentsFromObject')",
            "Unable to find required security software: {program}",
            "Command failed with response: {answer} security: SecKeychainItemCreateFromContent",
            "Invalid file permissions for secret file: {file}",
        ),
        meaning="The Salesforce CLI cannot store or read the key with which it encrypts logins.",
        causes=(
            "A server or container has no keychain: secret-tool needs a desktop session.",
            "~/.sfdx/key.json is readable by others: it must have the mode 600.",
            "On macOS the login keychain is locked, in a session of ssh or of a build agent.",
        ),
        fixes=(
            "On Linux and in containers: `export SF_USE_GENERIC_UNIX_KEYCHAIN=true`, for every process.",
            "`chmod 600 ~/.sfdx/key.json`, and the folder for you alone.",
            "On macOS unlock it: `security unlock-keychain`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_CORE}/encryption.md ; https://github.com/forcedotcom/sfdx-core/issues/91 ;"
        " https://github.com/forcedotcom/cli/issues/2545 ; https://github.com/forcedotcom/cli/issues/3231 ;"
        " https://github.com/forcedotcom/cli/issues/302",
        retrieved=_LOOKED_UP,
        whole=True,
    ),
    Explanation(
        id="error.client.json",
        messages=("Unexpected end of JSON input",),
        meaning="A program on Node read JSON that is empty or cut. Where the Salesforce CLI says so, it is mostly one"
        " of the files in which it keeps its logins.",
        causes=(
            "A file in ~/.sfdx or ~/.sf is empty: two commands wrote it at once, the disk was full, or a job was"
            " killed.",
            "sfdx-project.json, or another file of the project, is empty or cut.",
            "The host answered with nothing, or not with JSON: a proxy or a wrong --instance-url.",
        ),
        fixes=(
            "Find the empty ones, and move them away: `find ~/.sfdx ~/.sf -name '*.json' -size -3c`.",
            _ANEW,
            "See what the host says without the CLI: `sfkeytool login {name}`.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/forcedotcom/cli/issues/2066 ; https://github.com/forcedotcom/cli/issues/1257 ;"
        " https://github.com/forcedotcom/salesforcedx-vscode/issues/4238",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.old-node",
        messages=("structuredClone is not defined",),
        meaning="The Salesforce CLI, or a library beneath it, runs on a Node that is too old for it: below 17.",
        causes=(
            "The CLI came from npm, and the machine has an old Node.",
            "A build image or agent was pinned long ago.",
        ),
        fixes=(
            "See both: `sf version`, `node --version`. Update Node, or install the CLI with its own Node (the installer"
            " or the archive).",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/forcedotcom/cli/issues/2695 ; https://nodejs.org/api/globals.html",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.no-org",
        messages=(
            "No authorization information found for {user}",
            "No default environment found. Use -o or --target-org to specify an environment.",
        ),
        meaning="The Salesforce CLI has no stored login of this name, on this machine and for this user of it.",
        causes=(
            "The login failed, or ran in another step, container or home folder than this command.",
            "The alias is misspelt, or belongs to another machine.",
            "No default org is set in this project.",
        ),
        fixes=(
            "See what there is: `sf org list`. Name the org with --target-org.",
            "Log in first, in the same job and with the same HOME; let the job end when the login fails.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_CORE}/core.md (namedOrgNotFound) ; https://github.com/forcedotcom/cli/issues/3572",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.html",
        messages=("HTTP response contains html content. Check that the org exists and can be reached.",),
        meaning="The host answered with a page for people where the Salesforce CLI asked for data.",
        causes=(
            "--instance-url is a page of Setup or of Lightning (lightning.force.com), not the My Domain.",
            "A proxy answered, with its own login page or a refusal.",
            "The org is in maintenance, was deleted, or has another My Domain by now.",
        ),
        fixes=(
            "Log in at the My Domain: https://MYDOMAIN.my.salesforce.com, for a sandbox"
            " https://MYDOMAIN--SANDBOX.sandbox.my.salesforce.com.",
            "See what the host says without the CLI: `sfkeytool login {name}`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_CORE}/auth.md (error.HttpApi) ; a proxy's page: https://github.com/forcedotcom/cli/issues/2984",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.client-id",
        messages=("Client ID is required for JWT authentication.", "Missing Consumer Key Parameter"),
        meaning="The login was sent, or was to be sent, without the consumer key of an app. The second is a status in"
        " Setup > Login History.",
        causes=(
            "The variable with the consumer key is empty: a secret that is not set for this branch, environment or"
            " job.",
            "The client sends no client_id: it was left out of its configuration.",
            "In a client of your own, with a JWT: the claim iss is empty. That Login History then says so is inferred.",
            "After a refresh of a sandbox the app has another consumer key, or is gone.",
        ),
        fixes=(
            "Give the consumer key: Setup > External Client App Manager > the app > Settings > OAuth Settings >"
            " Consumer Key and Secret; or Setup > App Manager > the connected app > View > Manage Consumer Details.",
            "Try the same key, app and user: `sfkeytool login {name}`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_CORE}/core.md (missingClientId) ; https://github.com/forcedotcom/mcp-hosted/issues/7 ;"
        " https://github.com/amazon-connect/amazon-connect-salesforce-scv/issues/160 ;"
        " https://github.com/dufoli/Salesforce-Inspector-Advanced/issues/291",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.auth-header",
        messages=("INVALID_AUTH_HEADER", "INVALID_AUTH_HEADER: INVALID_HEADER_TYPE", "INVALID_HEADER_TYPE"),
        meaning="The request carried no access token that the org can read: the login before it did not take place, or"
        " its answer was not used.",
        causes=(
            "The client had not all that a login needs, and asked without a token instead of saying so: restforce with"
            " a JWT wants username, client_id and jwt_key, and an old version knows no JWT at all.",
            "The variable with the token is empty: the header says Bearer, and nothing behind it.",
            "The header has another word than Bearer or OAuth before the token, quotes, or a line break.",
            "An assertion (the JWT) was sent where the access token belongs.",
        ),
        fixes=(
            "Get a token and see it work: `sfkeytool login {name}` logs in with the same key, app and user.",
            "In the program look at what the login answered, before the first request; send Authorization: Bearer"
            " TOKEN.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/restforce/restforce/issues/594 ;"
        " https://github.com/restforce/restforce/issues/811 ; https://github.com/restforce/restforce/issues/489",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.session",
        messages=(
            "INVALID_SESSION_ID",
            "Session expired or invalid",
            "This session is not valid for use with the REST API",
            "Invalid Session ID found in SessionHeader: Illegal Session",
            "InvalidSessionId",
        ),
        meaning="The org does not take this access token. The key and the login are another matter: a login with a JWT"
        " gets a new token whenever it is asked.",
        causes=(
            "The token has expired: it lives as long as the session timeout of the org or the app, and a JWT login"
            " gives no refresh token.",
            "It was sent to another host than the instance_url that came with it: login.salesforce.com, another org, an"
            " old My Domain.",
            "The app has not the scope api, or the user not the permission API Enabled.",
            "The session is locked to the address at which it began, or an administrator ended it.",
        ),
        fixes=(
            "Log in again when this comes, and use instance_url of the answer: `sfkeytool login {name}` shows whether a"
            " new login works.",
            "Look at the scopes of the app, and at Setup > Session Settings.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/restforce/restforce/issues/284 ; https://github.com/jsforce/jsforce/issues/1274 ;"
        " https://github.com/forcedotcom/postman-salesforce-apis/issues/40 ;"
        " https://github.com/simple-salesforce/simple-salesforce/issues/272",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.refresh-token",
        messages=("expired access/refresh token",),
        meaning="A refresh token was refused. It belongs to a login through the browser: a login with a JWT has none.",
        causes=(
            "It was revoked: in Setup > Connected Apps OAuth Usage, by a new consumer secret, a password change, or"
            " because the user logged in to the app more often than it keeps tokens.",
            "The app's refresh token policy lets it expire.",
            "A sandbox was refreshed: its logins are gone.",
            "The client has been written for refresh tokens, and the login is one with a JWT.",
        ),
        fixes=(
            "Log in again through the browser; or, for a machine, with a JWT: `sfkeytool self-signed {name} --password"
            " generate`, then `sfkeytool login {name}`.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/restforce/restforce/issues/81 ; https://github.com/jsforce/jsforce/issues/1167",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.soap-login",
        messages=("Invalid username, password, security token; or user locked out.",),
        meaning="The answer to a login with username and password (SOAP), not to a JWT. No key was used.",
        causes=(
            "The password has expired, or the security token was reset with it or is missing.",
            "The user is of another org: a sandbox's logs in at test.salesforce.com, or at its My Domain.",
            "The client was meant to log in with a key, and has not been told so.",
        ),
        fixes=(
            "Log in with a key: `sfkeytool login {name}` shows whether app, user and key fit.",
            "In Setup > Users > Login History see what Salesforce saw.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/simple-salesforce/simple-salesforce/issues/561",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.scratch-signup",
        messages=(
            "The request to create a scratch org failed with error code: C-1016",
            "error code C-1016",
            "We encountered a problem while attempting to configure and approve the Connected App for your org.",
        ),
        meaning="The scratch org was to get a copy of the app with which the Dev Hub was logged in, and that app"
        " cannot be copied. The login to the Dev Hub itself worked.",
        causes=(
            "The Dev Hub was logged in with a JWT through an External Client App: the sign-up cannot copy one.",
            "The connected app is one that the sign-up cannot set up: its certificate, callback URL or policies.",
        ),
        fixes=(
            "Let the sign-up use the CLI's own app: `export SF_SCRATCH_SIGNUP_CONNECTED_APP=PlatformCLI`. The"
            " Salesforce CLI knows it since summer 2026: `sf update`.",
            "Else log the Dev Hub in through the browser, `sf org login web`, or with a connected app that exists.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_CORE}/scratchOrgErrorCodes.md ; https://github.com/forcedotcom/cli/issues/3515 ;"
        " https://github.com/forcedotcom/sfdx-core/pull/1315 ; https://github.com/forcedotcom/cli/issues/2394",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.unsupported-object",
        messages=(
            "sObject type 'Certificate' is not supported.",
            "INVALID_TYPE: sObject type '{type}' is not supported.",
        ),
        meaning="The query went to an API that does not have this object, or the user may not see it. Certificate is an"
        " object of the Tooling API alone.",
        causes=(
            "The query lacks --use-tooling-api, or went to /query instead of /tooling/query.",
            "The user lacks View Setup and Configuration, or the object needs a feature that the org does not have.",
            "The API version is older than the object: Certificate came with 37.0.",
        ),
        fixes=(
            '`sf data query --use-tooling-api --query "SELECT DeveloperName, ExpirationDate FROM Certificate"`.',
            "Or let sfkeytool ckm list --target-org ORG read all of them.",
        ),
        basis=Basis.OBSERVED,
        citation="Tooling API, Certificate: https://developer.salesforce.com/docs/atlas.en-us.258.0.api_tooling.meta/"
        "api_tooling/tooling_api_objects_certificate.htm ; the message:"
        " https://github.com/amtrack/force-dev-tool/issues/109 ;"
        " https://github.com/simple-salesforce/simple-salesforce/issues/287",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.metadata-version",
        messages=(
            "Cannot use: {type} in this version",
            "INVALID_TYPE: Cannot use: Certificate in this version",
        ),
        meaning="The request names an API version that is older than this type of metadata.",
        causes=(
            "package.xml, or sourceApiVersion in sfdx-project.json, has an old version: Certificate needs 36.0,"
            " InboundCertificate and the types of External Client Apps far later ones.",
            "The tool brings a version of its own: an old ant-salesforce.jar, or generated stubs.",
        ),
        fixes=(
            "Raise the version in package.xml or sfdx-project.json to the org's: `sf org list metadata-types`.",
            "Update the tool; with the Salesforce CLI give --api-version.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/alan-morey/force-meta-backup/issues/44 ; Metadata API, Certificate:"
        " https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/meta_certificate.htm",
        retrieved=_LOOKED_UP,
    ),
    Explanation(
        id="error.client.login",
        messages=(
            "We encountered a JSON web token error, which is likely not an issue with Salesforce CLI.",
            "Error authenticating with JWT. Errors encountered:",
            "Error authenticating with JWT config due to:",
            "Error authenticating with auth code due to:",
            "Error authenticating with the refresh token due to:",
            "JwtGrantError",
            "JwtAuthError",
            "AuthCodeExchangeError",
        ),
        meaning="The Salesforce CLI's login failed. The reason stands behind these words, once for each host that was"
        " tried.",
        causes=(
            "Any of: the key file, the key in it, the connection, the app, the user.",
            "The CLI tries several hosts with several audiences, so that the lines behind it may differ: the one of"
            " your own host counts.",
        ),
        fixes=(
            "Paste the whole output: `sf org login jwt … 2>&1 | sfkeytool explain -`.",
            "Ask one host, and see its own answer: `sfkeytool login {name}`.",
        ),
        basis=Basis.OBSERVED,
        citation=f"{_TRIED} ; {_CORE}/core.md",
        retrieved=_LOOKED_UP,
        wrapper=True,
    ),
)
