//! The directives of Apache, mod_ssl and mod_wsgi that are known.

use super::super::entry::{Section, difference, option};
use super::{Apache, later};

/// By subject.
pub(super) static TABLE: &[Section<Apache>] = &[
    Section {
        title: "Structure",
        entries: &[
            option(&["Include", "IncludeOptional"], "PATTERN").always("read; patterns in every part of the path"),
            option(&["Define", "UnDefine"], "NAME [VALUE]").always("as there; `${NAME}` is also a variable of the environment"),
            option(&["<IfModule>", "<IfDefine>", "<IfVersion>", "<IfFile>", "<IfDirective>", "<IfSection>"], "CONDITION").always("as there"),
            option(&["<If>", "<ElseIf>", "<Else>"], "EXPRESSION").refused("expressions are not evaluated"),
            option(&["<Macro>", "Use"], "NAME").refused("macros are not expanded; `Define` and `Include` are"),
            option(&["<VirtualHost>"], "ADDRESS").done("a `[[site]]`; hosts of one `ServerName` are one", later),
            option(&["ServerName"], "NAME").done("`--server-name`, and what pairs virtual hosts", later),
            option(&["ServerAlias"], "NAME...").nearly("`--server-name`; a wildcard is the whole first label", later),
            option(&["NameVirtualHost"], "ADDRESS").always("as in Apache 2.4"),
            option(&["ServerRoot"], "DIR").done("where relative paths begin", later),
            option(&["Listen", "ListenBackLog"], "[ADDRESS:]PORT [PROTOCOL]").done("`--bind`, `--bind-http`", later),
            option(&["Error"], "MESSAGE").done("an error with this message", later),
        ],
    },
    Section {
        title: "WSGI",
        entries: &[
            option(&["WSGIDaemonProcess"], "NAME [OPTION=VALUE]...").nearly("a `[pool.NAME]`; its options are below", later),
            option(&["WSGIProcessGroup"], "NAME").nearly("the pool of the scripts; where there is none, a pool of 1 process with 15 threads", later),
            option(&["WSGIApplicationGroup"], "NAME").nearly("the application always runs in the main interpreter, as with `%{GLOBAL}`", application_group),
            option(&["WSGIScriptAlias"], "URL FILE [OPTION=VALUE]...").done("`--route URL=pool:NAME`", later),
            option(&["WSGIScriptAliasMatch"], "PATTERN FILE").refused("a route is a prefix: `WSGIScriptAlias` with each"),
            option(&["WSGICallableObject"], "NAME").done("the attribute of the application", later),
            option(&["WSGIScriptReloading"], "On|Off").done("`--touch-workers SCRIPT`, unless `Off`: a touched script gets new workers at once", later),
            option(&["WSGIPassAuthorization"], "On|Off").nearly("`Authorization` always reaches the application", |state, given| {
                if given.value().eq_ignore_ascii_case("off") {
                    state.draft.tell_once(difference(given, "`Authorization` reaches the application"));
                }
            }),
            option(&["WSGIPythonHome"], "DIR").done("`--python DIR/bin/python`; tlsgi must be installed there", later),
            option(&["WSGIPythonPath"], "DIR[:DIR]...").done("`--python-path`", later),
            option(&["WSGIPythonOptimize", "WSGIPythonWarnings", "WSGIPythonEggs", "WSGIPythonHashSeed", "WSGIDontWriteBytecode"], "VALUE").moot("give Python its variables with `env` in a tlsgi.toml"),
            option(&["WSGIChunkedRequest", "WSGIEnableSendfile"], "On|Off").always("it is so"),
            option(&["WSGIImportScript", "WSGILazyInitialization"], "VALUE").always("the application is imported before the first request"),
            option(&["WSGIMapHEADToGET"], "Auto|On|Off").moot("HEAD reaches the application as HEAD"),
            option(&["WSGISocketPrefix", "WSGISocketRotation", "WSGIAcceptMutex"], "VALUE").always("processes talk over sockets without a name"),
            option(&["WSGIRestrictEmbedded", "WSGIRestrictProcess", "WSGIRestrictSignal", "WSGIRestrictStdin", "WSGIRestrictStdout", "WSGICaseSensitivity", "WSGIDestroyInterpreter", "WSGIPerInterpreterGIL", "WSGIFreeThreading", "WSGIInterpreterOptions", "WSGISwitchInterval", "WSGIIgnoreActivity", "WSGISlowRequests", "WSGIPassApacheRequest"], "VALUE").moot("applications run in processes of their own"),
            option(&["WSGIErrorOverride"], "On|Off").done("`--error-page-override all`", later),
            option(&["WSGIServerMetrics", "WSGITelemetryService", "WSGITelemetryOptions"], "VALUE").moot("there is no `mod_wsgi` module to ask"),
            option(&["WSGITrustedProxies"], "ADDRESS...").done("`--trusted-proxy`", trusted),
            option(&["WSGITrustedProxyHeaders"], "NAME...").nearly("`--trust`; without `WSGITrustedProxies` it is an error, where mod_wsgi believes everybody", believed),
            option(&["WSGIAuthUserScript", "WSGIAuthGroupScript", "WSGIAccessScript", "WSGIHandlerScript", "WSGIDispatchScript"], "FILE").refused("there are no scripts beside the application"),
        ],
    },
    Section {
        title: "TLS",
        entries: &[
            option(&["SSLEngine"], "On|Off").done("the virtual host's ports are HTTPS", later),
            option(&["SSLCertificateFile"], "FILE").done("`--certfile`; several in one host too", later),
            option(&["SSLCertificateKeyFile"], "FILE").done("`--keyfile`", later),
            option(&["SSLCertificateChainFile"], "FILE").done("`--chain-file`", later),
            option(&["SSLCACertificateFile"], "FILE").done("`--client-ca`", later),
            option(&["SSLCACertificatePath", "SSLCADNRequestFile", "SSLCADNRequestPath", "SSLCARevocationPath"], "PATH").refused("authorities and lists stand in one file: `SSLCACertificateFile`, `SSLCARevocationFile`"),
            option(&["SSLCARevocationFile"], "FILE").done("`--client-crl`", later),
            option(&["SSLCARevocationCheck"], "chain|leaf|none").nearly("with a list, the issuer of every certificate must have one", later),
            option(&["SSLVerifyClient"], "none|optional|require").done("`--client-cert`, in a `<Location>` `--client-cert-path`", later),
            option(&["SSLVerifyDepth"], "N").done("`--client-verify-depth`", later),
            option(&["SSLOptions"], "[+|-]OPTION...").nearly("`StdEnvVars` is `--ssl-environment`, `ExportCertData` is `--ssl-export-pem`; `FakeBasicAuth` is refused", later),
            option(&["SSLRequireSSL"], "").done("plain HTTP redirects", later),
            option(&["SSLRequire"], "EXPRESSION").refused("expressions are not evaluated; `client-allow` of a tlsgi.toml lists who is let in"),
            option(&["SSLUserName", "SSLSRPVerifierFile", "SSLSRPUnknownUserSeed"], "VALUE").refused("a certificate makes no REMOTE_USER; the application reads `SSL_CLIENT_S_DN`"),
            option(&["SSLProtocol"], "[+|-]PROTOCOL...").nearly("`--tls-min`, or `--tls-ciphers` for TLS 1.2 alone; older versions are not built in", later),
            option(&["SSLCipherSuite"], "[PROTOCOL] LIST").nearly("`--tls-ciphers`; only suites with forward secrecy and authenticated encryption are offered", later),
            option(&["SSLHonorCipherOrder"], "On|Off").done("`--tls-order server`, `client` when off; `auto` unless said", later),
            option(&["SSLStrictSNIVHostCheck"], "On|Off").nearly("`--sni-strict`, for all hosts; the handshake is refused instead of answered with 403", later),
            option(&["SSLCompression", "SSLInsecureRenegotiation", "SSLSessionCache", "SSLSessionCacheTimeout", "SSLSessionTickets", "SSLRandomSeed", "SSLVHostSNIPolicy", "SSLRenegBufferSize", "SSLCryptoDevice", "SSLFIPS"], "VALUE").always("TLS has no such weakness here, and sessions are resumed with tickets"),
            option(&["SSLOpenSSLConfCmd"], "NAME VALUE").nearly("`Curves`, `Groups` and `ECDHParameters` are `--tls-groups`; versions and suites have directives; all else changes nothing", later),
            option(&["SSLSessionTicketKeyFile", "SSLPolicy"], "VALUE").moot("it is OpenSSL's"),
            option(&["SSLUseStapling", "SSLStaplingCache", "SSLStaplingResponderTimeout", "SSLStaplingReturnResponderErrors", "SSLStaplingFakeTryLater", "SSLStaplingStandardCacheTimeout", "SSLStaplingErrorCacheTimeout", "SSLStaplingForceURL", "SSLStaplingResponseMaxAge", "SSLStaplingResponseTimeSkew"], "VALUE").moot("certificates are not stapled"),
            option(&["SSLOCSPEnable", "SSLOCSPDefaultResponder", "SSLOCSPOverrideResponder", "SSLOCSPResponderTimeout"], "VALUE").refused("client certificates are checked against lists (`SSLCARevocationFile`), not with OCSP"),
            option(&["SSLPassPhraseDialog"], "builtin|exec:PROGRAM||PROGRAM").nearly("`--key-passphrase-command`; `builtin` asks on the terminal", later),
            option(&["SSLProxyEngine", "SSLProxyVerify", "SSLProxyCheckPeerName", "SSLProxyCheckPeerCN", "SSLProxyCheckPeerExpire", "SSLProxyCACertificateFile", "SSLProxyProtocol", "SSLProxyCipherSuite", "SSLProxyVerifyDepth"], "VALUE").moot("requests are passed on over plain HTTP or a socket only"),
            option(&["Protocols", "ProtocolsHonorOrder"], "NAME...").always("HTTP/2 and HTTP/1.1 over TLS, HTTP/1.1 in the clear"),
            option(&["H2Direct", "H2Push", "H2MaxSessionStreams", "H2ModernTLSOnly", "H2Upgrade", "H2EarlyHints", "H2WindowSize", "H2MinWorkers", "H2MaxWorkers"], "VALUE").moot("HTTP/2 has limits of its own (`--max-h2-streams` and others)"),
        ],
    },
    Section {
        title: "Sections and access",
        entries: &[
            option(&["<Directory>", "<DirectoryMatch>"], "PATH").nearly("its rules hold for what is served from there; patterns of `DirectoryMatch` are refused where they have rules", later),
            option(&["<Location>", "<LocationMatch>"], "URL").nearly("its rules hold for the prefix; patterns of `LocationMatch` are refused where they have rules", later),
            option(&["<Files>", "<FilesMatch>"], "NAME").nearly("its rules hold for scripts of that name; dot files are never served", later),
            option(&["<Limit>", "<LimitExcept>"], "METHOD...").refused("rules for single methods belong to the application"),
            option(&["<Proxy>", "<ProxyMatch>"], "URL").nearly("its rules hold for what is passed on", later),
            option(&["<RequireAll>", "<RequireAny>", "<RequireNone>"], "").nearly("as there, of the rules that are obeyed", later),
            option(&["Require"], "RULE").nearly("`all granted`, `all denied`, `ssl`, `ssl-verify-client`, `valid-user`, `user`; others are refused", later),
            option(&["Order", "Allow", "Deny", "Satisfy"], "RULE").nearly("`from all`; addresses are refused", later),
            option(&["AuthMerging"], "VALUE").nearly("only `Off`", only_off),
            option(&["AuthType"], "Basic").nearly("`--basic-auth-path`, with `Require valid-user` or `Require user`; over plain HTTP only with `--basic-auth-plain`. `Digest` and `Form` are refused", later),
            option(&["AuthName"], "TEXT").done("`--basic-auth-realm`, one for a site", later),
            option(&["AuthUserFile"], "FILE").nearly("`--basic-auth-file`; plain passwords and hashes of the old crypt(3) are refused", later),
            option(&["AuthBasicProvider"], "file").nearly("only `file`", later),
            option(&["AuthGroupFile", "AuthBasicAuthoritative", "AuthDigestProvider", "AuthDigestDomain", "AuthLDAPURL", "AuthBasicFake", "AuthFormProvider"], "VALUE").refused("users stand in a file of names and hashed passwords (`AuthUserFile`); others are the business of the application"),
            option(&["Options"], "[+|-]OPTION...").always("no listings, no CGI, no includes; links out of a directory are not followed"),
            option(&["AllowOverride", "AllowOverrideList"], "VALUE").nearly("only `None`: there are no .htaccess files", later),
            option(&["AccessFileName"], "NAME").always("there are no .htaccess files"),
        ],
    },
    Section {
        title: "Files, redirects and headers",
        entries: &[
            option(&["Alias"], "URL PATH").done("`--static URL=PATH`, of a directory or a file", later),
            option(&["AliasMatch"], "PATTERN PATH").refused("a prefix is a directory of files, or a URL one file: `Alias` with each"),
            option(&["ScriptAlias", "ScriptAliasMatch"], "URL PATH").refused("there is no CGI; a WSGI script is a `WSGIScriptAlias`"),
            option(&["DocumentRoot"], "DIR").nearly("`--document-root` where neither a script nor another server answers `/`; without effect elsewhere, as there", later),
            option(&["Redirect", "RedirectPermanent", "RedirectTemp"], "[STATUS] URL TARGET").nearly("`--redirect`; everything to https is the redirect of plain HTTP; `gone` and other statuses are refused", later),
            option(&["RedirectMatch"], "[STATUS] PATTERN TARGET").nearly("`--redirect`: `^/path$`, and `^/path/(.*)` with `$1` at the end of the target; others are refused", later),
            option(&["RewriteEngine", "RewriteCond", "RewriteRule"], "PATTERN TARGET [FLAGS]").nearly("everything to https is the redirect of plain HTTP; others are refused", later),
            option(&["RewriteBase", "RewriteMap", "RewriteOptions"], "VALUE").refused("URLs are not rewritten"),
            option(&["Header"], "[always] ACTION NAME VALUE").nearly("`--response-header`, for error pages too, with or without `always`; `Strict-Transport-Security` is `--hsts`. Values are sent as written, the one condition is `env=HTTPS`, and `edit` only appends to values", later),
            option(&["RequestHeader"], "ACTION NAME VALUE").nearly("`--request-header`; `X-Forwarded-*` are always stripped and set, and what certificates say is refused. Values are sent as written", later),
            option(&["ErrorDocument"], "STATUS TARGET").nearly("`--error-page`: a text, or a URL below an `Alias`, whose file is sent; redirects are refused", later),
            option(&["SetEnv"], "NAME [VALUE]").nearly("`--wsgi-environ` of the site; in a section for a part of it, it is refused", later),
            option(&["PassEnv", "UnsetEnv"], "NAME...").nearly("`--wsgi-environ` with the value at the start, as there", later),
            option(&["SetEnvIf", "SetEnvIfNoCase", "SetEnvIfExpr", "BrowserMatch", "BrowserMatchNoCase"], "VALUE").moot("what a request says sets no variables; the application reads its headers"),
            option(&["DirectoryIndex"], "NAME...").done("`--directory-index`; `index.html` unless said, as there", later),
            option(&["FallbackResource"], "URL|disabled").nearly("`disabled`; another one is refused where files are served", later),
            option(&["DirectorySlash", "DirectoryIndexRedirect", "DirectoryCheckHandler", "IndexOptions", "IndexIgnore", "IndexOrderDefault", "IndexStyleSheet", "AddIcon", "AddIconByType", "AddIconByEncoding", "DefaultIcon", "AddAlt", "AddAltByType", "AddAltByEncoding", "AddDescription", "ReadmeName", "HeaderName"], "VALUE").always("directories have no listing"),
            option(&["AddType", "AddEncoding", "AddCharset", "AddLanguage", "AddDefaultCharset", "DefaultLanguage", "LanguagePriority", "ForceLanguagePriority", "TypesConfig", "MIMEMagicFile", "RemoveType", "RemoveHandler", "RemoveEncoding", "ModMimeUsePathInfo", "MultiviewsMatch", "DefaultType"], "VALUE").always("media types of files are built in"),
            option(&["AddHandler", "SetHandler", "Action", "ForceType", "AddOutputFilter", "SetInputFilter", "AddInputFilter"], "VALUE").nearly("handlers of Apache's own modules are left out; a script is an application", later),
            option(&["AddOutputFilterByType", "SetOutputFilter"], "DEFLATE|BROTLI_COMPRESS [TYPE]...").nearly("`--compress`, `--compress-type`, `--compress-coding`, for the whole site; what may hold secrets is not compressed for clients with credentials, unless `--compress-secrets` is given", later),
            option(&["DeflateCompressionLevel", "BrotliCompressionQuality"], "LEVEL").nearly("`--compress-level`, from 1 to 9", later),
            option(&["DeflateBufferSize", "DeflateMemLevel", "DeflateWindowSize", "DeflateFilterNote", "BrotliCompressionWindow", "BrotliCompressionMaxInputBlock", "BrotliFilterNote", "BrotliAlterETag", "DeflateAlterETag", "FilterDeclare", "FilterProvider", "FilterChain"], "VALUE").moot("what is compressed is said with `--compress` and the options beside it"),
            option(&["ExpiresActive", "ExpiresByType", "ExpiresDefault"], "VALUE").moot("`TLSGI_STATIC_MAX_AGE` is for all files"),
            option(&["FileETag", "EnableSendfile", "EnableMMAP", "AllowEncodedSlashes", "MergeSlashes", "CacheEnable"], "VALUE").moot("files have an ETag, and paths reach the application as they came"),
        ],
    },
    Section {
        title: "Proxying",
        entries: &[
            option(&["ProxyPass"], "URL TARGET").nearly("`--route URL=http://…`, `http+unix:…`, `uwsgi://…`; a path in the target replaces the prefix, parameters are left out", later),
            option(&["ProxyPassMatch"], "PATTERN TARGET").refused("a route is a prefix: `ProxyPass` with each"),
            option(&["ProxyPassReverse"], "URL TARGET").always("`Location` with the address of the other server is always rewritten"),
            option(&["ProxyPassReverseCookieDomain", "ProxyPassReverseCookiePath", "ProxyAddHeaders", "ProxyVia"], "VALUE").always("the other server is told scheme, host and prefix, and answers with the right ones"),
            option(&["ProxyPreserveHost"], "On|Off").nearly("the host is passed on, as with `On`", |state, given| {
                if !given.value().eq_ignore_ascii_case("on") {
                    state.draft.tell_once(difference(given, "the client's `Host` is passed on"));
                }
            }),
            option(&["ProxyRequests"], "On|Off").nearly("only `Off`", only_off),
            option(&["ProxyTimeout"], "SECONDS").says("upstream-timeout"),
            option(&["ProxyBadHeader", "ProxyErrorOverride", "ProxyIOBufferSize", "ProxyReceiveBufferSize", "ProxySet", "ProxyStatus", "ProxyWebsocketFallbackToProxyHttp"], "VALUE").moot("an answer that is not valid HTTP is a 502, bodies stream, WebSockets pass through"),
            option(&["RemoteIPTrustedProxy", "RemoteIPInternalProxy"], "ADDRESS...").done("`--trusted-proxy`", trusted),
            option(&["RemoteIPHeader"], "NAME").nearly("`--trust`; without `RemoteIPTrustedProxy` it is an error, where Apache believes everybody", believed),
            option(&["RemoteIPTrustedProxyList", "RemoteIPInternalProxyList"], "FILE").done("`--trusted-proxy` with each of its lines, as they are at the start", later),
            option(&["RemoteIPProxyProtocol"], "On|Off").nearly("`--proxy-protocol`, on every listener; without `RemoteIPTrustedProxy` it is an error, where Apache believes everybody", |state, given| {
                if given.value().eq_ignore_ascii_case("on") {
                    state.draft.say("proxy-protocol", "true", given);
                }
            }),
            option(&["RemoteIPProxyProtocolExceptions"], "ADDRESS...").refused("every connection has to be announced; a proxy's own checks do so with the command LOCAL"),
            option(&["RemoteIPProxiesHeader"], "NAME").moot("the application is told of the client alone"),
        ],
    },
    Section {
        title: "Limits",
        entries: &[
            option(&["Timeout"], "SECONDS").says("write-timeout"),
            option(&["KeepAlive"], "On|Off").done("`--max-keep-alive-requests 1` when off", |state, given| {
                if given.value().eq_ignore_ascii_case("off") {
                    state.draft.say("max-keep-alive-requests", "1", given);
                }
            }),
            option(&["KeepAliveTimeout"], "SECONDS").says("keep-alive-timeout"),
            option(&["MaxKeepAliveRequests"], "N").says("max-keep-alive-requests"),
            option(&["RequestReadTimeout"], "header=… body=…").nearly("`--header-timeout`, `--body-grace`, `--min-body-rate`", request_timeout),
            option(&["LimitRequestBody"], "BYTES").done("`--max-body-size`; 0 is none", |state, given| {
                let text = if given.value() == "0" { "none" } else { given.value() };
                state.draft.say("max-body-size", text, given);
            }),
            option(&["LimitRequestFields"], "N").says("max-header-count"),
            option(&["LimitRequestLine"], "BYTES").says("max-request-line"),
            option(&["LimitRequestFieldSize"], "BYTES").moot("`--max-header-size` bounds all fields together"),
            option(&["LimitXMLRequestBody", "LimitInternalRecursion"], "N").always("nothing of the kind is read"),
        ],
    },
    Section {
        title: "Logging",
        entries: &[
            option(&["CustomLog", "TransferLog"], "FILE [FORMAT]").nearly("`--access-log`, one for all sites, as `combined`", later),
            option(&["ErrorLog", "ErrorLogFormat"], "FILE").always("the server's own log goes to standard error, for a service manager"),
            option(&["LogFormat", "GlobalLog"], "FORMAT NAME").always("lines are Apache's `combined`, with TLS version, request id and time"),
            option(&["LogLevel"], "LEVEL").nearly("`--log-level`; not by module", log_level),
        ],
    },
    Section {
        title: "Process",
        entries: &[
            option(&["User"], "NAME").done("`--user`", later),
            option(&["Group"], "NAME").done("`--group`", later),
            option(&["PidFile"], "FILE").done("`--pid-file`", later),
            option(&["StartServers", "MinSpareServers", "MaxSpareServers", "MinSpareThreads", "MaxSpareThreads", "ServerLimit", "ThreadLimit", "ThreadsPerChild", "MaxConnectionsPerChild", "MaxRequestsPerChild", "AsyncRequestWorkerFactor", "ThreadStackSize", "MaxMemFree"], "N").moot("there are no Apache workers: one process of few threads holds all connections; `WSGIDaemonProcess` sizes the application"),
            option(&["MaxRequestWorkers", "MaxClients"], "N").moot("connections cost no thread: `--max-connections` bounds them"),
            option(&["LoadModule", "LoadFile"], "NAME FILE").always("there is nothing to load"),
            option(&["ServerTokens", "ServerSignature", "ServerAdmin", "HostnameLookups", "UseCanonicalName", "UseCanonicalPhysicalPort", "TraceEnable", "Mutex", "DefaultRuntimeDir", "AcceptFilter", "ExtendedStatus", "ProxyStatus", "SeeRequestTail", "CoreDumpDirectory", "GracefulShutdownTimeout", "ScoreBoardFile", "ContentDigest", "HttpProtocolOptions", "RegisterHttpMethod", "IdentityCheck", "UserDir", "ServerPath", "CGIMapExtension", "ScriptSock", "CacheRoot", "QualifyRedirectURL", "RegexDefaultOptions", "StrictHostCheck"], "VALUE").always("it changes nothing here"),
        ],
    },
];

fn application_group(state: &mut Apache, given: &super::Given) {
    if given.value() != "%{GLOBAL}" {
        state.draft.tell_once(difference(given, "the application runs in the main interpreter of its processes"));
    }
}

fn only_off(state: &mut Apache, given: &super::Given) {
    if !given.value().eq_ignore_ascii_case("off") {
        state.draft.tell_once(super::entry::refusal(given, "only `Off` is known here"));
    }
}

fn trusted(state: &mut Apache, given: &super::Given) {
    for address in &given.values {
        state.draft.say("trusted-proxy", address, given);
    }
}

fn believed(state: &mut Apache, given: &super::Given) {
    for name in &given.values {
        state.draft.say("trust", name, given);
    }
    state.believed.get_or_insert_with(|| given.clone());
}

/// `header=20-40,MinRate=500 body=20,MinRate=500`
fn request_timeout(state: &mut Apache, given: &super::Given) {
    for part in &given.values {
        let Some((stage, bounds)) = part.split_once('=') else { continue };
        let (times, rate) = bounds.split_once(',').map_or((bounds, None), |(times, rate)| (times, Some(rate)));
        let rate = rate.and_then(|rate| rate.split_once('=')).map(|(_, rate)| rate);
        let (first, last) = times.split_once('-').unwrap_or((times, times));
        match stage.to_ascii_lowercase().as_str() {
            "header" if last != "0" => state.draft.say("header-timeout", last, given),
            "body" if first != "0" => {
                state.draft.say("body-grace", first, given);
                if let Some(rate) = rate {
                    state.draft.say("min-body-rate", rate, given);
                }
            }
            "handshake" if first != "0" => state.draft.say("handshake-timeout", last, given),
            "header" | "body" | "handshake" => {
                state.draft.tell_once(difference(given, &format!("the bound of `{stage}` cannot be switched off")));
            }
            _ => {
                let told = crate::Diagnostic::invalid(&given.name, part, "expected `header=`, `body=` or `handshake=`");
                state.draft.tell(told.at(&given.origin));
            }
        }
    }
}

fn log_level(state: &mut Apache, given: &super::Given) {
    let level = given.value().to_ascii_lowercase();
    let native = match level.as_str() {
        "emerg" | "alert" | "crit" | "error" => "error",
        "warn" => "warning",
        "notice" | "info" => "info",
        level if level == "debug" || level.starts_with("trace") => "debug",
        // A module's own level.
        level if level.contains(':') => return,
        _ => {
            let told = crate::Diagnostic::invalid(
                &given.name,
                given.value(),
                "expected one of `error`, `warn`, `notice`, `info`, `debug`",
            );
            state.draft.tell(told.at(&given.origin));
            return;
        }
    };
    state.draft.say("log-level", native, given);
}
