"""Messages of the token endpoint on a JWT bearer login."""

from sfkeytool.acceptance.explanations.explanation import Explanation
from sfkeytool.acceptance.rule import Basis
from sfkeytool.acceptance.rules.sources import REREAD

_OAUTH_HELP = (
    'Salesforce Help, "OAuth 2.0 Authorization Errors": '
    "https://help.salesforce.com/apex/HTViewHelpDoc?id=xcloud.remoteaccess_oauth_flow_errors.htm"
)

JWT = (
    Explanation(
        id="error.jwt.not-approved",
        messages=("user hasn't approved this consumer",),
        meaning="The signature was accepted. The user may not use this app without having been approved for it.",
        causes=(
            "The app's policy is not \"Admin approved users are pre-authorized\", or the user's profile or permission"
            " set is not assigned to the app.",
            "The login went to the wrong host: a sandbox's user asked at login.salesforce.com, or the other way round.",
            "The app lacks the scope refresh_token (offline_access).",
            "The permission set is one of the Salesforce API Integration licence, which cannot hold the assignment:"
            " use a second one, or the profile.",
        ),
        fixes=(
            'In the policies of the app set Permitted Users to "Admin approved users are pre-authorized", and assign'
            " the user's profile or permission set: Setup > External Client App Manager > the app > Policies; or Setup"
            " > App Manager > the connected app > Manage. Wait up to 10 minutes.",
            "For a sandbox log in at the sandbox's own My Domain, or, where it is a connected app, at"
            " https://test.salesforce.com.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/restforce/restforce/issues/674 ; https://github.com/omniphx/forrest/issues/278 ;"
        " https://github.com/simstudioai/sim/pull/6526",
    ),
    Explanation(
        id="error.jwt.not-admin-approved",
        messages=("user is not admin approved to access this app", "invalid_app_access", "OAUTH_APP_ACCESS_DENIED"),
        meaning="The org lets only approved users into this app, and this user is not one of them.",
        causes=(
            "The user has neither a profile nor a permission set that is assigned to the app.",
            "API Access Control is on in the org, and the app is not approved there.",
        ),
        fixes=(
            "Assign the app to a permission set or profile of the user: Setup > External Client App Manager > the app >"
            " Policies; or Setup > App Manager > the connected app > Manage.",
        ),
        basis=Basis.OBSERVED,
        citation="forcedotcom/cli, issue 3260: https://github.com/forcedotcom/cli/issues/3260 ;"
        " https://github.com/abisek/salesforce-elf-browser/issues/9",
    ),
    Explanation(
        id="error.jwt.invalid-assertion",
        messages=("invalid assertion",),
        meaning="Salesforce could not verify the signature of the JWT, or could not read it.",
        causes=(
            "The key that signed does not belong to the certificate on the app: a rotation of one side only.",
            "The app's certificate was uploaded a few minutes ago: a change takes 2 to 10 minutes.",
            "In a client of your own: the algorithm is not RS256, the key is an EC key, or the JWT is malformed (a line"
            " break in it, or base64 instead of base64url).",
            "In a client of your own: jti was used before. It need not be sent; if it is, reuse is checked.",
        ),
        fixes=(
            "Compare the key with the certificate that the app has: `sfkeytool compare {file} {file}`.",
            "Upload the certificate of this key to the app: Setup > External Client App Manager > the app > Settings >"
            " OAuth Settings > JWT Bearer Flow; or Setup > App Manager > the connected app > Edit > Use digital"
            " signatures. sfkeytool login with --wait 10 tells when the change has taken effect.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/frankkessler/salesforce-laravel-oauth2-rest/issues/68 ;"
        " https://github.com/forcedotcom/sfdx-travisci/issues/135",
        rules=("app.key.not-rsa",),
    ),
    Explanation(
        id="error.jwt.audience",
        messages=("audience is invalid", "Audience validation failed"),
        meaning="The claim aud of the JWT does not name the place where this user logs in.",
        causes=(
            "aud is https://login.salesforce.com for a sandbox or scratch org, or https://test.salesforce.com for"
            " production.",
            "The app is an External Client App and aud is login or test: clients that were mended for these send the"
            " org's My Domain. Reported since Spring '26, not documented.",
            "The app is a connected app and aud is the My Domain: most sources want login or test there, and one report"
            " of 2023 had My Domain refused.",
            "In a client of your own: aud is a list, lacks https://, or has a path, where it is one string.",
        ),
        fixes=(
            "For an External Client App log in at the org's My Domain, with it as aud: sfkeytool login with"
            " --external-client-app --instance-url https://MYDOMAIN.my.salesforce.com.",
            "For a connected app set aud to https://login.salesforce.com for production, https://test.salesforce.com"
            " for a sandbox, the site's address for Experience Cloud.",
            "With the Salesforce CLI: give --instance-url, and SF_AUDIENCE_URL if that is not enough.",
        ),
        basis=Basis.DOCUMENTED,
        citation=_OAUTH_HELP + " (Audience validation failed) ; https://github.com/forcedotcom/cli/issues/3325 ;"
        " https://github.com/forcedotcom/datacloud-jdbc/pull/132 ; on External Client Apps"
        " https://github.com/n8n-io/n8n/pull/29016 and https://github.com/simstudioai/sim/pull/6508 ; on connected apps"
        " https://github.com/simple-salesforce/simple-salesforce/issues/672",
        retrieved=REREAD,
    ),
    Explanation(
        id="error.jwt.expired-assertion",
        messages=("expired authorization code",),
        meaning="The claim exp of the JWT is in the past for Salesforce, although no authorization code is involved.",
        causes=(
            "The machine's clock is slow, or local time was taken for UTC.",
            "In a client of your own: exp is in milliseconds, or was computed once and used again later.",
        ),
        fixes=(
            "Check the clock: `date -u`, and on Windows `w32tm /query /status`.",
            "In a client of your own set exp to now + 180 in Unix seconds, freshly for each login. Sources name 3 or 5"
            " minutes as the most.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/simple-salesforce/simple-salesforce/issues/491",
    ),
    Explanation(
        id="error.jwt.client-id",
        messages=(
            "client identifier invalid",
            "invalid_client_id",
            "invalid_client_id: client identifier invalid",
        ),
        meaning="The org that was asked knows no app with this consumer key.",
        causes=(
            "The claim iss is not the consumer key: a typing error, the secret, or the app's name.",
            "The app was made less than 10 minutes ago.",
            "The app is in another org, or was deleted.",
        ),
        fixes=(
            "Copy the consumer key again, and wait ten minutes after a change: Setup > External Client App Manager >"
            " the app > Settings > OAuth Settings > Consumer Key and Secret; or Setup > App Manager > the connected app"
            " > View > Manage Consumer Details.",
            "Log in at the host of the org in which the app is.",
        ),
        basis=Basis.OBSERVED,
        citation="https://github.com/omniphx/forrest/issues/184 ;"
        " https://github.com/pozil/salesforce-react-integration/issues/15",
    ),
    Explanation(
        id="error.jwt.invalid-client",
        messages=("invalid_client", "invalid client credentials"),
        meaning="The app did not prove who it is: consumer key, or the consumer secret that was sent, is wrong.",
        causes=(
            "The consumer key is wrong.",
            "A consumer secret was sent along: the JWT bearer flow needs none. A wrong one may be why; inferred.",
        ),
        fixes=("Copy the consumer key from the app in Setup, and send grant_type and assertion alone.",),
        basis=Basis.OBSERVED,
        citation="https://github.com/restforce/restforce/issues/338 ; https://github.com/forcedotcom/sf-skills",
        wrapper=True,
    ),
    Explanation(
        id="error.jwt.not-installed",
        messages=(
            "External client app is not installed in this org",
            "app must be installed into org",
            "app_not_found",
            "OAUTH_EC_APP_NOT_FOUND",
        ),
        meaning="The host that was asked does not know the External Client App of this consumer key.",
        causes=(
            "The login went to login.salesforce.com or test.salesforce.com: since Spring '26 these answer so for every"
            " External Client App, which logs in at its org's own My Domain.",
            "The login went to the wrong org: a sandbox's app was asked for in production, or the other way round.",
            "The app is packaged and not installed in this org; a sandbox refresh can undo it.",
        ),
        fixes=(
            "Log in at the My Domain of the org that has the app, with My Domain as the audience too: sfkeytool login"
            " with --external-client-app --instance-url https://MYDOMAIN.my.salesforce.com, the Salesforce CLI with"
            " --instance-url.",
            "Make or install the External Client App in that org; Setup > External Client App Manager lists those that"
            " it has, Setup > Connected Apps OAuth Usage what is in use without being installed.",
        ),
        basis=Basis.OBSERVED,
        citation="forcedotcom/cli, issues 3482 and 3638: https://github.com/forcedotcom/cli/issues/3482 ;"
        " https://github.com/forcedotcom/cli/issues/3638 ; https://github.com/n8n-io/n8n/issues/28990",
        retrieved=REREAD,
    ),
    Explanation(
        id="error.jwt.inactive-user",
        messages=("inactive user",),
        meaning="The user in the claim sub cannot log in.",
        causes=(
            "The user was deactivated or frozen.",
            "The username is of another org: a sandbox's has the sandbox's name at its end.",
        ),
        fixes=("In Setup > Users look at the user, and at the Login History: it gives the reason.",),
        basis=Basis.OBSERVED,
        citation="https://github.com/restforce/restforce/issues/303",
    ),
    Explanation(
        id="error.jwt.ip-restricted",
        messages=("ip restricted",),
        meaning="The user may not log in from this address.",
        causes=(
            "The profile has Login IP Ranges, and the machine's public address is outside.",
            "The app's policy enforces IP restrictions.",
        ),
        fixes=(
            "In Setup > Login History look up the address and the status Restricted IP; add it to the profile's Login"
            " IP Ranges, or relax IP restrictions in the app's policies.",
        ),
        basis=Basis.OBSERVED,
        citation="forceworkbench/forceworkbench, issue 772: https://github.com/forceworkbench/forceworkbench/issues/772",
    ),
    Explanation(
        id="error.jwt.ip-or-hours",
        messages=("ip restricted or invalid login hours", "invalid login hours"),
        meaning="The user may not log in from this address, or not at this time.",
        causes=(
            "The profile has Login Hours, and now is outside.",
            "The profile has Login IP Ranges, and the machine's public address is outside.",
        ),
        fixes=(
            "Look at Setup > Login History: its status tells the two apart. Then change Login Hours or Login IP Ranges"
            " in Setup > Profiles > the user's profile.",
        ),
        basis=Basis.OBSERVED,
        citation="Salesforce's own mobile SDK names both as what invalid_grant means (SFOAuthCoordinator.h, 2011):"
        " https://github.com/forcedotcom/SalesforceMobileSDK-iOS ;"
        " https://github.com/gravityplus/Gravity-Forms-Salesforce/issues/272",
    ),
    Explanation(
        id="error.jwt.locked-user",
        messages=("user is locked",),
        meaning="The user is locked out. That logins with a JWT get these words is inferred.",
        causes=(
            "Too many wrong passwords, in a browser or by another client: the lock holds for a time, or until it is"
            " taken off.",
            "The user was frozen.",
        ),
        fixes=("In Setup > Users open the user: Unlock, or Unfreeze. Then find who tries: Setup > Login History.",),
        basis=Basis.INFERRED,
        citation="A list by a third party: https://salesforcedictionary.com/errors/invalid-oauth-grant",
    ),
    Explanation(
        id="error.jwt.inactive-org",
        messages=("inactive_org",),
        meaning="The org itself is locked, closed or suspended.",
        causes=("Inferred: a trial or sandbox has ended, or the contract has.",),
        fixes=("Log in with a browser to see what Salesforce says; ask whoever holds the contract.",),
        basis=Basis.OBSERVED,
        citation="Salesforce's own mobile SDK knows the code (SFOAuthCoordinator.h):"
        " https://github.com/forcedotcom/SalesforceMobileSDK-iOS",
    ),
    Explanation(
        id="error.jwt.app-blocked",
        messages=("this app is blocked by admin", "OAUTH_APP_BLOCKED"),
        meaning="An administrator of the org has blocked this app.",
        causes=(
            "It was blocked by hand in Connected Apps OAuth Usage.",
            "The app is not installed in the org, and since September 2025 such apps are blocked for most users.",
        ),
        fixes=("In Setup > Connected Apps OAuth Usage choose Unblock for the app, or Install.",),
        basis=Basis.OBSERVED,
        citation='Microsoft, Copilot for Sales, "Sign in issue when app is blocked" ;'
        ' https://github.com/n8n-io/n8n/issues/21589 ; Salesforce Help, "Prepare for Connected App Usage Restrictions'
        ' Change": https://help.salesforce.com/s/articleView?id=005132365&type=1',
    ),
    Explanation(
        id="error.jwt.rate",
        messages=("LOGIN_RATE_EXCEEDED", "rate_limit_exceeded"),
        meaning="Too many logins of one user: more than 3,600 in an hour.",
        causes=("A program logs in for every request, or retries a refused login in a loop.",),
        fixes=(
            "Wait an hour: the limit is one of each hour.",
            "Keep the access token and log in again only when it is refused: the block is the user's, so that every"
            " program which logs in as that user waits too.",
        ),
        basis=Basis.DOCUMENTED,
        citation="Salesforce Help, \"Sign In Error 'Login Rate Exceeded'\":"
        " https://help.salesforce.com/s/articleView?id=000381578&language=en_US&type=1",
    ),
    Explanation(
        id="error.jwt.grant-type",
        messages=("grant type not supported", "unsupported_grant_type"),
        meaning="The token endpoint did not find a grant type that it knows in the request.",
        causes=(
            "grant_type is not urn:ietf:params:oauth:grant-type:jwt-bearer, or was encoded twice.",
            "The body was sent as JSON: it has to be a form (application/x-www-form-urlencoded).",
            "The address is a page of the org, or redirects: only POST to /services/oauth2/token counts.",
        ),
        fixes=("Send a form with grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer and assertion=JWT.",),
        basis=Basis.OBSERVED,
        citation="https://github.com/aaronhuggins/sf-jwt-token/issues/1",
    ),
    Explanation(
        id="error.jwt.authentication-failure",
        messages=(
            "invalid_grant: authentication failure",
            '"error":"invalid_grant","error_description":"authentication failure"',
        ),
        meaning="The answer to a login with username and password or through the browser, not to a JWT.",
        causes=(
            "The client logs in by another flow than you think.",
            "The org does not allow API access, or the username-password flow. By the Winter '27 release notes that"
            " flow and the user-agent flow end on 20 February 2027.",
        ),
        fixes=(
            "Check the grant_type that is sent. With the Salesforce CLI: `sf update`, then `sf doctor`.",
            "A program that still sends username and password should log in with a JWT before that day.",
            "In Setup > Users > Login History see what Salesforce saw.",
        ),
        basis=Basis.DOCUMENTED,
        citation='Salesforce DX Developer Guide, "Resolve Common Authorization Errors": https://developer.salesforce.com'
        "/docs/atlas.en-us.252.0.sfdx_dev.meta/sfdx_dev/sfdx_dev_troubleshoot_auth_errors.htm",
    ),
    Explanation(
        id="error.jwt.invalid-grant",
        messages=("invalid_grant",),
        meaning="The login was refused. The reason stands beside it, in error_description.",
        causes=("Any of: signature, audience, expiry, approval of the user, the user itself.",),
        fixes=(
            "Paste the error_description: `sfkeytool explain invalid assertion`, say.",
            "In Setup > Users > Login History see what Salesforce saw.",
        ),
        basis=Basis.DOCUMENTED,
        citation=_OAUTH_HELP,
        wrapper=True,
    ),
)
