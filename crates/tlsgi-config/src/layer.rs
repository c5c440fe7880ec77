//! Every option, once: what one origin said. Flags, variables, keys, help, manual, completions and schema come from here.

use crate::config::{
    AccessLogFormat, Coding, EventLoop, ExpiredRevocation, ForwardedField, Interface, Lifespan, LogFormat, LogLevel,
    ReplacedPages, Sandbox, SuiteOrder, TlsVersion, TrustedProxy,
};
use crate::option::{Group, Many, One, Scope, Shape, Slot, Spec, option, switch};
use crate::origin::Origin;
use crate::value::{
    AccountName, AllowRule, AuthPath, AuthUser, Bind, Bytes, CipherList, ClientCertificate, Count, Destination,
    Directory, EnvironVariable, ErrorPage, FilePath, GroupList, Host, Hsts, MediaType, Mode, Number, OrNone, Period,
    PoolName, Port, Prefix, ProtectedPrefix, Realm, RedirectRule, Reference, RequestHeader, ResponseHeader, RouteRule,
    ServerName, StaticFolder, Text, TlsProfile, Variable,
};

macro_rules! options {
    ($($group:ident { $($(#[doc = $doc:literal])+ $field:ident: $type:ty = $draft:expr;)+ })+) => {
        /// What one origin said, or several merged. Each value knows where it was written.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Layer {
            $($($(#[doc = $doc])+ pub $field: $type,)+)+
        }

        /// Every option in the order of the reference.
        pub static OPTIONS: &[Spec] = &[$($({
            let draft = $draft;
            Spec {
                flag: draft.flag,
                value_name: draft.value_name,
                default: draft.default,
                computed: draft.computed,
                aliases: draft.aliases,
                negations: draft.negations,
                is_common: draft.is_common,
                is_in_file: draft.is_in_file,
                doc: &[$($doc),+],
                group: Group::$group,
                form: <$type as Shape>::FORM,
                is_repeatable: <$type as Shape>::IS_REPEATABLE,
                slot: |layer| -> &dyn Slot { &layer.$field },
                slot_mut: |layer| -> &mut dyn Slot { &mut layer.$field },
            }
        },)+)+];

        impl Layer {
            /// Takes from `lower` what this layer does not say. A list is taken whole or not at all.
            #[must_use]
            pub fn over(mut self, lower: Self) -> Self {
                $($(if self.$field.said().is_empty() {
                    self.$field = lower.$field;
                })+)+
                self
            }

            /// What it says in one scope.
            #[must_use]
            pub fn only(mut self, scope: Scope) -> Self {
                $($(if Group::$group.scope() != scope {
                    self.$field = Default::default();
                })+)+
                self
            }
        }
    };
}

options! {
    Application {
        /// What to serve: module:attribute, path.py:attribute, module:create_app().
        ///
        /// The attribute may be left out: the server then looks for `application`, `app`, `create_app` and `make_app`,
        /// and lists what the module has when none is there. A module is imported from the directory of `--chdir`, else from
        /// the current directory. Said in a file, it is looked for from the file's directory.
        app: One<Reference> = option("app", "APP").common();

        /// Calling convention, found by looking at the object.
        ///
        /// What is a coroutine function or has two or three parameters of the right names tells, and so does what it wraps. An
        /// object that tells nothing is a start error.
        interface: One<Option<Interface>> = option("--interface", "auto|wsgi|asgi").default("auto").common();

        /// APP names a function that returns the application.
        ///
        /// The same as writing `()` behind it.
        factory: One<bool> = switch("--factory").off(&["--no-factory"]);

        /// Directory to enter before the application is imported.
        ///
        /// It is also the first entry of `sys.path`. The default is the current directory, or the directory of the file
        /// that names the application.
        chdir: One<Directory> = option("--chdir", "DIR");

        /// Further entry at the front of sys.path; repeatable.
        python_path: Many<Directory> = option("--python-path", "DIR").also(&["--pythonpath"]);

        /// Environment variable for the application; repeatable.
        ///
        /// Added to the server's own environment. In `tlsgi.toml` a table `[env]` may be written.
        env: Many<Variable> = option("--env", "NAME=VALUE");

        /// Python interpreter that runs the application.
        ///
        /// A virtual environment is chosen by naming its `bin/python`. Where `tlsgi` is not installed for it, the server's own package is
        /// used, provided both are the same version of Python.
        python: One<FilePath> = option("--python", "FILE").computed("beside the tlsgi command, in VIRTUAL_ENV, or on PATH");

        /// Virtual environment whose Python runs the application.
        ///
        /// The same as `--python DIR/bin/python`.
        virtualenv: One<Directory> = option("--virtualenv", "DIR").also(&["--venv"]);

        /// User that the application runs as, by name or number.
        ///
        /// Needs root. In the user's own group and supplementary groups, with `HOME`, `USER` and `LOGNAME`, without a capability and without a
        /// way back. On the command line, and at the top of a file, it is the user of the process that talks to clients too, unless
        /// `--front-user` names another.
        user: One<AccountName> = option("--user", "USER").computed("the user who starts the server").common();

        /// Group that the application runs as, by name or number.
        group: One<AccountName> = option("--group", "GROUP").computed("the user's own").common();

        /// Further group of the application; repeatable.
        supplementary_group: Many<AccountName> =
            option("--supplementary-group", "GROUP").computed("those that the system has the user in");

        /// Permissions that files made by the application do not get, in octal.
        umask: One<Mode> = option("--umask", "MODE").computed("as the server was started");

        /// Home directory that the application finds in HOME.
        home: One<Directory> = option("--home", "DIR").computed("the user's own, where --user names one");
    }

    Listen {
        /// Address to listen on, * for every one; repeatable.
        ///
        /// An IPv4 or IPv6 address of this machine, `localhost` for both loopback addresses, `*` for all. Nobody but this
        /// machine reaches the default.
        host: Many<Host> = option("--host", "ADDRESS").computed("127.0.0.1, ::1").common();

        /// Port for HTTPS.
        ///
        /// 0 takes a free port. Ports below 1024 need root or `CAP_NET_BIND_SERVICE`.
        https_port: One<Port> = option("--https-port", "PORT").default("8443").common();

        /// Port for plain HTTP, which redirects to HTTPS.
        ///
        /// The variable `PORT` sets it too, but weighs less than everything that names tlsgi.
        port: One<Port> = option("--port", "PORT").default("8080").also(&["--http-port"]).common();

        /// Listen for plain HTTP.
        http: One<bool> = switch("--http").default("true").off(&["--no-http"]).common();

        /// Listen for HTTPS on ADDRESS:PORT, unix:PATH or fd://N; repeatable.
        ///
        /// Given once, the addresses made of `--host`, `--https-port` and `--port` are not used, except a port that is given as
        /// well. `fd://N` is a listening socket inherited from the parent process. Sockets passed by systemd are used
        /// without any option: one named `http` (FileDescriptorName=) is plain, the others are HTTPS.
        bind: Many<Bind> = option("--bind", "ADDRESS").also(&["--bind-https"]);

        /// Listen for plain HTTP there; repeatable.
        ///
        /// As `--bind`, for the listener that redirects.
        bind_http: Many<Bind> = option("--bind-http", "ADDRESS");

        /// Connections that may wait in the kernel to be accepted.
        ///
        /// The kernel cuts it to `net.core.somaxconn`.
        backlog: One<Count> = option("--backlog", "COUNT").default("2048");

        /// Permissions of Unix sockets that are listened on, in octal.
        ///
        /// Whoever may write to one may connect. Started by root, it belongs to the user and group of the process that talks to clients.
        socket_mode: One<Mode> = option("--socket-mode", "MODE").default("0660");

        /// Refuse TLS clients that name no site, or none of this server.
        ///
        /// They get the alert `unrecognized_name` instead of the first site's certificate. Known are the names of `--server-name`; of a site
        /// without, those in its certificates. Clients that connect by address name nothing.
        sni_strict: One<bool> = switch("--sni-strict").off(&["--no-sni-strict"]);

        /// How often the keys of TLS session tickets change.
        ///
        /// A session can be resumed until its key has been replaced twice; then the key is gone. `none` gives no tickets: every connection
        /// is a full handshake.
        tls_ticket_rotation: One<OrNone<Period>> = option("--tls-ticket-rotation", "TIME").default("6h");
    }

    Certificates {
        /// Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable.
        ///
        /// PEM, or a PKCS#12 file. A directory has `fullchain.pem` and `privkey.pem`, or `tls.crt` and `tls.key`. Of several, a client gets the
        /// one that names the host most exactly, and of those with an ECDSA and an RSA key the one that it can verify, ECDSA first.
        /// Its chain may follow in the same file, and so may the private key. The file is watched: a new certificate is used within
        /// two seconds, one that does not load leaves the old one in use.
        certfile: Many<FilePath> = option("--certfile", "FILE").also(&["--ssl-certfile"]).common();

        /// Private key in PEM; repeatable, one for each --certfile.
        ///
        /// RSA, ECDSA or Ed25519; PKCS#1, SEC1 or PKCS#8. Read by the supervisor only: neither the process that talks to clients
        /// nor the application ever holds it.
        keyfile: Many<FilePath> = option("--keyfile", "FILE").computed("the file of --certfile").also(&["--ssl-keyfile"]).common();

        /// File whose first line opens an encrypted private key.
        ///
        /// Read each time the key is. Without this, a command or a credential, the terminal is asked once, at the start. What the key
        /// is opened with stays in the supervisor; it is never logged.
        key_passphrase_file: One<FilePath> = option("--key-passphrase-file", "FILE");

        /// Shell command whose first line of output opens an encrypted private key.
        ///
        /// Run by `/bin/sh` as the user that starts tlsgi, each time the key is read; it has a minute.
        key_passphrase_command: One<Text> = option("--key-passphrase-command", "COMMAND");

        /// systemd credential whose first line opens an encrypted private key.
        ///
        /// Its name, as in `LoadCredentialEncrypted=NAME:FILE` of the unit.
        key_passphrase_credential: One<Text> = option("--key-passphrase-credential", "NAME");

        /// Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each.
        chain_file: Many<FilePath> = option("--chain-file", "FILE").also(&["--ssl-chain-file"]);

        /// Host name served; repeatable; every name when none is given.
        ///
        /// `*.example.org` stands for one label. Plain HTTP is redirected for these names only. Without `--certfile`, the certificate of the local CA is issued for
        /// them, besides localhost and the loopback addresses.
        server_name: Many<ServerName> = option("--server-name", "NAME").common();
    }

    Tls {
        /// What TLS offers, as Mozilla recommends (version 6.0).
        ///
        /// `intermediate`: TLS 1.2 and 1.3, forward secrecy and authenticated encryption only; Firefox 31, Chrome 49, Android 4.4, Java 8u161
        /// and later. `modern`: TLS 1.3 alone.
        tls_profile: One<TlsProfile> = option("--tls-profile", "modern|intermediate").default("intermediate");

        /// Oldest version of TLS that is spoken: 1.2 or 1.3.
        ///
        /// `TLSv1.2` and `TLSv1_2` mean the same. Older versions are not built in.
        tls_min: One<TlsVersion> = option("--tls-min", "1.2|1.3").computed("1.2; 1.3 with --tls-profile modern");

        /// Cipher suites in OpenSSL's words.
        ///
        /// For example `ECDHE+AESGCM:!aRSA` or suites by name; `!`, `-`, `+` and `@STRENGTH` as in openssl-ciphers(1). What it selects of the suites
        /// offered counts; parts that are not offered are warned of, and nothing left is an error. Suites of TLS 1.3 are chosen by
        /// their names, `TLS_AES_128_GCM_SHA256`; without one, all three stay.
        tls_ciphers: One<CipherList> = option("--tls-ciphers", "LIST").computed("those of --tls-profile").also(&["--ciphers", "--ssl-ciphers"]);

        /// Whose order of cipher suites counts.
        ///
        /// `client`: of what both have, the first of the client's list; `server`: the first of `--tls-ciphers`. `auto` takes the server's order,
        /// AES-128 first, except that a client that puts ChaCha20 first gets it: its processor does no AES.
        tls_order: One<SuiteOrder> = option("--tls-order", "auto|client|server").default("auto");

        /// Groups for the key exchange.
        ///
        /// Offered are X25519MLKEM768 (safe from quantum computers), X25519, P-256, P-384 and SecP256r1MLKEM768. The first of the client's list
        /// that is among them is taken.
        tls_groups: One<GroupList> = option("--tls-groups", "LIST").computed("X25519MLKEM768:X25519:P-256:P-384");
    }

    ClientCertificates {
        /// Authorities whose client certificates are accepted, in PEM.
        ///
        /// One certificate or several. A certificate in it that is no authority is accepted itself, and vouches for no other. The file is
        /// watched. What is asked of whom is said by `--client-cert` and `--client-cert-path`.
        client_ca: One<FilePath> = option("--client-ca", "FILE").common();

        /// Whether the whole site asks clients for a certificate.
        ///
        /// `request` asks, verifies and tells the application; `require` answers 403 without a good one. Needs `--client-ca`.
        client_cert: One<ClientCertificate> = option("--client-cert", "off|request|require").computed("off");

        /// Require a client certificate under a URL prefix; repeatable.
        ///
        /// `/api` or `/api=partners.pem`, with other authorities than those of `--client-ca`. The longest prefix that covers a path
        /// counts, whatever way the path is written in. Static files are covered too. Plain HTTP never reaches it.
        client_cert_path: Many<ProtectedPrefix> = option("--client-cert-path", "PREFIX[=FILE]");

        /// Let in only these holders of a certificate; repeatable, one match is enough.
        ///
        /// `dns:*.example.org`, `uri:spiffe://example.org/ns/*/sa/web`, `email:me@example.org`, `cn:NAME`, `ou:NAME`, `sha256:HEX` of the
        /// certificate, `spki:BASE64` of its public key. `/api=cn:NAME` is for that prefix; a prefix with rules of its own
        /// does not look at the others.
        client_allow: Many<AllowRule> = option("--client-allow", "[PREFIX=]RULE");

        /// Certificate revocation lists, in PEM or DER; repeatable.
        ///
        /// Once given, the issuer of every client certificate must have a list. The files are watched, and a new list holds for open
        /// connections and resumed sessions too.
        client_crl: Many<FilePath> = option("--client-crl", "FILE");

        /// What happens when a revocation list is past its next update.
        ///
        /// `refuse` refuses the clients that it is about, `accept` goes on with the old list.
        client_crl_expired: One<ExpiredRevocation> = option("--client-crl-expired", "refuse|accept").default("refuse");

        /// Most certificates above the client's own, the root among them; at most 7.
        client_verify_depth: One<Number> = option("--client-verify-depth", "COUNT").default("5");

        /// Tell the application of the client's certificate in the fields Client-Cert and Client-Cert-Chain (RFC 9440).
        ///
        /// What clients send under these names never arrives, with or without this option.
        client_cert_headers: One<bool> = switch("--client-cert-headers").off(&["--no-client-cert-headers"]);

        /// Give WSGI applications the SSL_ variables of Apache's mod_ssl.
        ///
        /// ASGI applications have `scope["extensions"]["tls"]` always.
        ssl_environment: One<bool> = switch("--ssl-environment").off(&["--no-ssl-environment"]);

        /// Give WSGI applications the certificates as PEM: SSL_CLIENT_CERT, SSL_CLIENT_CERT_CHAIN_n, SSL_SERVER_CERT.
        ssl_export_pem: One<bool> = switch("--ssl-export-pem").off(&["--no-ssl-export-pem"]);
    }

    Authentication {
        /// File of users and hashed passwords: the site asks for both (basic authentication).
        ///
        /// As `htpasswd` writes it: bcrypt (`htpasswd -B`), SHA-256 and SHA-512 of crypt(3), Apache's MD5, SHA-1. The whole site asks, or what
        /// `--basic-auth-path` names. The file is watched; the application finds the name in `REMOTE_USER`, or in `scope["extensions"]["tlsgi.auth"]`.
        basic_auth_file: One<FilePath> = option("--basic-auth-file", "FILE");

        /// Ask for a password under a URL prefix only; repeatable.
        ///
        /// `/admin`, `/admin=FILE` with other users than those of `--basic-auth-file`, `/admin/help=none` to ask nobody there. The longest prefix that covers a
        /// path counts, whatever way the path is written in. Static files are covered too.
        basic_auth_path: Many<AuthPath> = option("--basic-auth-path", "PREFIX[=FILE|none]");

        /// Let in only this user; repeatable.
        ///
        /// `/admin=NAME` is for that prefix; a prefix with users of its own does not look at the others.
        basic_auth_user: Many<AuthUser> = option("--basic-auth-user", "[PREFIX=]NAME");

        /// What browsers show when they ask for name and password.
        basic_auth_realm: One<Realm> = option("--basic-auth-realm", "TEXT").default("Restricted");

        /// Give the application the Authorization field too.
        ///
        /// Without this it gets the name, and no password.
        basic_auth_forward: One<bool> = switch("--basic-auth-forward").off(&["--no-basic-auth-forward"]);

        /// Ask for passwords over plain HTTP too, where `--allow-http` serves it: everybody on the way reads them.
        basic_auth_plain: One<bool> = switch("--basic-auth-plain").off(&["--no-basic-auth-plain"]);
    }

    Policy {
        /// Serve plain HTTP too instead of redirecting it.
        ///
        /// `--https-only` says the opposite and is the default.
        allow_http: One<bool> = switch("--allow-http").off(&["--https-only", "--no-allow-http"]).common();

        /// Port that redirects name, where it is not the one listened on.
        ///
        /// For a port mapping in front: listen on 8443, reached as 443.
        public_https_port: One<Port> = option("--public-https-port", "PORT").computed("the port of --https-port");

        /// Strict-Transport-Security policy of HTTPS responses.
        ///
        /// For example `max-age=63072000; includeSubDomains; preload`. Never sent over plain HTTP. Nothing is sent by default:
        /// browsers remember the policy for the whole host, on every port, and cannot be told to forget while HTTPS is broken.
        hsts: One<OrNone<Hsts>> = option("--hsts", "POLICY").default("none").off(&["--no-hsts"]).common();
    }

    Proxy {
        /// Proxy whose word counts: an address, a network, or `unix`; repeatable.
        ///
        /// Only its fields named by `--trust` are believed. Nobody is trusted by default, and what anybody else says in such fields is
        /// taken out before the application sees it. `unix` stands for whoever connects to a Unix socket.
        trusted_proxy: Many<TrustedProxy> = option("--trusted-proxy", "NETWORK");

        /// Field in which trusted proxies are believed; repeatable.
        ///
        /// X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Port, Forwarded, and what other servers call the same:
        /// X-Real-IP, X-Client-IP, X-Forwarded-Scheme, X-Forwarded-Protocol, X-Scheme, X-Forwarded-SSL, X-Forwarded-HTTPS,
        /// X-HTTPS, X-Host. Name only what your proxy sets or removes in every request. Everything else of the kind is taken out.
        trust: Many<ForwardedField> = option("--trust", "FIELD").computed("X-Forwarded-For, X-Forwarded-Proto");

        /// Take the client's address from the header of the PROXY protocol, version 1 or 2, with which every connection begins.
        ///
        /// On all listeners. Only trusted proxies may connect then (`--trusted-proxy`), and each has to send it. What further fields say is
        /// believed only if `--trust` names them and the client that was announced is a trusted proxy as well.
        proxy_protocol: One<bool> = switch("--proxy-protocol").off(&["--no-proxy-protocol"]);
    }

    Routes {
        /// Answer a URL prefix from a pool; repeatable.
        ///
        /// TARGET is `pool:NAME`. Other servers (`http://HOST:PORT`, `http+unix:/PATH`, `uwsgi://HOST:PORT`, `uwsgi+unix:/PATH`) cannot be
        /// reached yet and are refused by name. The longest prefix that covers a path counts, static folders included; whole segments are
        /// compared. An application finds the prefix in `SCRIPT_NAME` or `root_path`, as with `WSGIScriptAlias`; `/api=pool:NAME@/` leaves
        /// the whole path to it. `/=pool:NAME@/api` is for behind a proxy that cuts the prefix off: the application is told of it as if it
        /// were there. In `tlsgi.toml` a table `[route]` may be written.
        route: Many<RouteRule> = option("--route", "PREFIX=TARGET");

        /// Redirect a URL prefix; repeatable.
        ///
        /// TARGET is `https://HOST/…` or a path of the same host; the rest of the path and the query are appended. `/old=301:/new` has another
        /// status than 302; `exact:/=/start/` redirects that URL alone. Of several, an exact one counts, then the longest prefix, and all of them
        /// before files and applications. In `tlsgi.toml` a table `[redirect]` may be written.
        redirect: Many<RedirectRule> = option("--redirect", "PREFIX=TARGET");

        /// Variable for the environ of every request, for WSGI; repeatable.
        ///
        /// Beside what the server itself says there, which cannot be changed. `--env` is for the process. In `tlsgi.toml` a table
        /// `[wsgi-environ]` may be written.
        wsgi_environ: Many<EnvironVariable> = option("--wsgi-environ", "NAME=VALUE");

        /// Name that the site is to be called by: requests for its other names are redirected there.
        ///
        /// 301 for GET and HEAD, 308 for all others, with the path and the port that were asked for. Plain HTTP is redirected to HTTPS
        /// under the name that was asked for first, so that browsers learn the HSTS policy of both. The name counts as a `--server-name`.
        canonical_name: One<OrNone<ServerName>> = option("--canonical-name", "NAME").default("none");

        /// Pool that answers what no route covers; `none` for nobody.
        pool: One<OrNone<PoolName>> = option("--pool", "NAME").computed("the first pool");

        /// URL prefix under which that pool's application is mounted.
        ///
        /// It becomes `SCRIPT_NAME` (WSGI) and `root_path` (ASGI). Requests outside of it, and of every route, are answered with 404.
        mount: One<Prefix> = option("--mount", "PREFIX").default("/").also(&["--root-path"]);
    }

    Static {
        /// Answer a URL prefix from a directory, or one URL from a file; repeatable.
        ///
        /// Served without Python: conditional and range requests, precompressed `.br`, `.zst` and `.gz` siblings, no listing,
        /// nothing outside the directory, no dot files except `.well-known`. In `tlsgi.toml` a table `[static]` may be written.
        static_folder: Many<StaticFolder> = option("--static", "PREFIX=DIR").common();

        /// Answer from the files of this directory, and where there is none from the application.
        ///
        /// For GET and HEAD, wherever no longer prefix has another answer. Files as `--static` has them; whoever knows its name gets every
        /// file: the application's own code belongs elsewhere.
        document_root: One<Directory> = option("--document-root", "DIR");

        /// File that answers for its directory, as `index.html`; repeatable, the first that is there.
        ///
        /// For `--static` and `--document-root`. A directory that is asked for without the slash at its end is redirected to the one with.
        directory_index: Many<Text> = option("--directory-index", "FILE");

        /// Cache-Control: max-age of static files.
        ///
        /// By default none is sent, and browsers ask again with the file's ETag.
        static_max_age: One<OrNone<Period>> = option("--static-max-age", "TIME").default("none");
    }

    Headers {
        /// Set, add or remove a field of responses; repeatable.
        ///
        /// RULE is `[ACTION] [https|http] [PREFIX] NAME: VALUE`, and `NAME=VALUE` too. `set`, the default, puts the field in the place of all of this
        /// name; `add` adds another one, `append` a member behind a comma, `default` sets it where the response has none, `suffix` writes text
        /// behind every value, `remove NAME` takes it out. Rules are followed in order, for applications, files, redirects and error pages
        /// alike. What frames a response is refused, and so is what has an option, such as `--hsts`. In `tlsgi.toml` a table `[response-header]`
        /// may be written.
        response_header: Many<ResponseHeader> = option("--response-header", "RULE");

        /// Set, add or remove a field of requests before the application sees them; repeatable.
        ///
        /// RULE is written as for `--response-header`. Fields that say who the client is cannot be set: those of proxies, those about client
        /// certificates, Host.
        request_header: Many<RequestHeader> = option("--request-header", "RULE");

        /// Compress responses for clients that accept it.
        ///
        /// Off by default, as in other servers: it costs processor time, and where a response holds a secret beside text that a stranger chose, its
        /// compressed length gives the secret away (BREACH). So HTML, JSON and other text are compressed only where neither the request has
        /// credentials (Cookie, Authorization, a client certificate) nor the response sets a cookie; scripts, styles, fonts, pictures and static
        /// files always. Precompressed siblings of static files are sent without this option too.
        compress: One<bool> = switch("--compress").off(&["--no-compress"]);

        /// Content coding for `--compress`, the best liked first; repeatable.
        ///
        /// Of those that the client likes equally well, the first is taken.
        compress_coding: Many<Coding> = option("--compress-coding", "zstd|br|gzip").computed("zstd, br, gzip");

        /// Media type for `--compress`; repeatable.
        ///
        /// `text/html`, `text/*`, `*+json`. Event streams are compressed only where `text/event-stream` itself is named.
        compress_type: Many<MediaType> = option("--compress-type", "TYPE").computed("text, JSON, XML, JavaScript, WebAssembly, SVG and the like");

        /// Smallest body for `--compress`, where the length is known beforehand.
        compress_min_size: One<Bytes> = option("--compress-min-size", "SIZE").default("1KiB");

        /// How much work `--compress` does: 1 (fast) to 9 (small).
        compress_level: One<Number> = option("--compress-level", "LEVEL").default("4");

        /// With `--compress`, compress also what may hold secrets, for clients with credentials.
        ///
        /// For applications that put no text of strangers beside their secrets, or that pad their responses by chance.
        compress_secrets: One<bool> = switch("--compress-secrets").off(&["--no-compress-secrets"]);

        /// Page for errors, in the place of the server's own; repeatable.
        ///
        /// STATUS is a number, several with commas between them, `4xx` or `5xx`; a number counts more than a class. SOURCE is a file or `text:` and a text. Sent for what the
        /// server itself answers: 404 of static folders, 403 of client certificates, 502, 503 and 504 of applications, 400 of what is no HTTP.
        /// `{status}`, `{reason}`, `{error}` and `{request-id}` are filled in. Files are watched, and may have 256 KiB. In `tlsgi.toml` a table
        /// `[error-page]` may be written.
        error_page: Many<ErrorPage> = option("--error-page", "STATUS=SOURCE");

        /// Which errors of applications get the pages of `--error-page`.
        ///
        /// `none`: the application's answers are its own. `empty`: answers without a body. `all`: every answer with a status that has a page.
        error_page_override: One<ReplacedPages> = option("--error-page-override", "none|empty|all").default("none");

        /// Send `Server: tlsgi` where the response has no such field.
        server_header: One<bool> = switch("--server-header").default("true").off(&["--no-server-header"]);

        /// Send `Date` where the response has no such field, as RFC 9110 asks for.
        date_header: One<bool> = switch("--date-header").default("true").off(&["--no-date-header"]);
    }

    Pool {
        /// Worker processes.
        ///
        /// The variable `WEB_CONCURRENCY` sets it too, but weighs less than everything that names tlsgi. While serving, the signals
        /// TTIN and TTOU add and take away one.
        processes: One<Count> = option("--processes", "COUNT").default("1").also(&["--workers"]).common();

        /// Threads of a process, for WSGI.
        threads: One<Count> = option("--threads", "COUNT").default("5").common();

        /// Requests that a process runs at a time, for ASGI.
        ///
        /// Further ones wait in the server, where they have a deadline and can go to another worker.
        concurrency: One<Count> = option("--concurrency", "COUNT").default("8192");

        /// Replace a worker after so many requests.
        max_requests: One<OrNone<Count>> = option("--max-requests", "COUNT").default("none");

        /// Up to so many requests more, by chance, so that workers are not replaced together.
        max_requests_jitter: One<Number> = option("--max-requests-jitter", "COUNT").default("0");

        /// Replace a worker whose resident memory passes this.
        max_worker_memory: One<OrNone<Bytes>> = option("--max-worker-memory", "SIZE").default("none");

        /// Replace a worker that has served for so long.
        ///
        /// One after the other, each when its successor is ready.
        max_worker_age: One<OrNone<Period>> = option("--max-worker-age", "TIME").default("none");

        /// Replace the workers when this file is touched; repeatable.
        ///
        /// Written, put in the place of another, or created: the new worker is ready before the old one gets no more requests, and one that
        /// does not load changes nothing. The file need not exist, and is not read.
        touch_workers: Many<FilePath> = option("--touch-workers", "FILE");

        /// Longest time a request may run: 504, and the worker is replaced.
        ///
        /// What the stuck worker was doing is logged as Python tracebacks before it goes. WebSocket connections are exempt.
        request_timeout: One<OrNone<Period>> = option("--request-timeout", "TIME").default("none");

        /// Longest time from the start of a worker until it is ready.
        startup_timeout: One<Period> = option("--startup-timeout", "TIME").default("60s");

        /// Import the application once and fork the workers from that process.
        ///
        /// Saves memory and start time. Threads and connections that the import opens do not survive the fork.
        preload: One<bool> = switch("--preload").off(&["--no-preload"]).also(&["--preload-app"]);

        /// Python file with functions that workers call: FILE, or python:MODULE.
        ///
        /// Those that it has of `post_fork(server, worker)`, before the application is imported (with `--preload` after the fork),
        /// `post_worker_init(worker)`, after it, `worker_exit(server, worker)` at the orderly end, and for WSGI `pre_request(worker, request)` and
        /// `post_request(worker, request, environ, response)`. One that fails at the start is a start error. `server` and `worker` have
        /// `pid`, `log` and `cfg`.
        hooks: One<Text> = option("--hooks", "FILE");

        /// ASGI lifespan: tried, required or left out.
        lifespan: One<Lifespan> = option("--lifespan", "auto|on|off").default("auto");

        /// ASGI event loop; auto takes uvloop when it is installed.
        event_loop: One<EventLoop> = option("--loop", "auto|asyncio|uvloop").default("auto");
    }

    Limits {
        /// From accepting a connection to the end of its TLS handshake.
        handshake_timeout: One<Period> = option("--handshake-timeout", "TIME").default("10s");

        /// From the first byte of a request to the end of its header block.
        ///
        /// A client that drips its header gains nothing: the time is not extended.
        header_timeout: One<Period> = option("--header-timeout", "TIME").default("10s");

        /// Bytes of a request's header block; 431 beyond.
        ///
        /// Without the request line in HTTP/1; of the decoded field list in HTTP/2.
        max_header_size: One<Bytes> = option("--max-header-size", "SIZE").default("64KiB");

        /// Fields of a request's header block; 431 beyond.
        max_header_count: One<Count> = option("--max-header-count", "COUNT").default("100");

        /// Bytes of the request line; 414 beyond.
        max_request_line: One<Bytes> = option("--max-request-line", "SIZE").default("8KiB");

        /// Bytes of a request body; 413 beyond.
        ///
        /// Unlimited by default: what is a sensible upload is for the application to know.
        max_body_size: One<OrNone<Bytes>> = option("--max-body-size", "SIZE").default("none");

        /// Bytes per second below which an upload is cut, once its grace is over.
        min_body_rate: One<Number> = option("--min-body-rate", "COUNT").default("240");

        /// How long an upload may be slower than that, and its longest silence.
        body_grace: One<Period> = option("--body-grace", "TIME").default("20s");

        /// Longest wait for a free worker; 503 with Retry-After then.
        queue_timeout: One<Period> = option("--queue-timeout", "TIME").default("30s");

        /// Requests that may wait for a worker; 503 at once beyond.
        max_queue: One<Count> = option("--max-queue", "COUNT").default("10000");

        /// From handing a request to a worker to the head of its response; 504 then.
        ///
        /// The worker goes on; `--request-timeout` is the bound that replaces it.
        response_timeout: One<OrNone<Period>> = option("--response-timeout", "TIME").default("none");

        /// Longest time to connect to another server that a route leads to; 502 then.
        upstream_connect_timeout: One<Period> = option("--upstream-connect-timeout", "TIME").default("5s");

        /// Longest silence of another server that a route leads to, before and within its response; 504, or the response is cut.
        ///
        /// WebSocket connections are exempt.
        upstream_timeout: One<Period> = option("--upstream-timeout", "TIME").default("60s");

        /// Longest time in which a client takes no byte of its response.
        write_timeout: One<Period> = option("--write-timeout", "TIME").default("60s");

        /// Idle time of a connection between requests.
        keep_alive_timeout: One<Period> = option("--keep-alive-timeout", "TIME").default("75s").also(&["--keep-alive"]);

        /// Requests on one connection.
        max_keep_alive_requests: One<OrNone<Count>> = option("--max-keep-alive-requests", "COUNT").default("none");

        /// HTTP/2: concurrent streams of a connection.
        max_h2_streams: One<Count> = option("--max-h2-streams", "COUNT").default("128");

        /// HTTP/2: streams a client may reset within a minute.
        max_h2_resets: One<Count> = option("--max-h2-resets", "COUNT").default("200");

        /// HTTP/2: SETTINGS frames within a minute.
        max_h2_settings: One<Count> = option("--max-h2-settings", "COUNT").default("100");

        /// HTTP/2: PING frames within a minute.
        max_h2_pings: One<Count> = option("--max-h2-pings", "COUNT").default("200");

        /// Open connections altogether.
        ///
        /// The default leaves 256 of the process's file descriptors to everything else (`ulimit -n`).
        max_connections: One<Count> = option("--max-connections", "COUNT").computed("what the descriptor limit allows, at most 100000");

        /// Open connections of one client address.
        max_connections_per_client: One<OrNone<Count>> = option("--max-connections-per-client", "COUNT").default("none");
    }

    WebSocket {
        /// Largest message, after decompression; close code 1009 beyond.
        websocket_max_message: One<Bytes> = option("--websocket-max-message", "SIZE").default("16MiB");

        /// Ping a connection that was silent for so long.
        websocket_ping_interval: One<Period> = option("--websocket-ping-interval", "TIME").default("20s");

        /// Close it when no pong came for so long.
        websocket_ping_timeout: One<Period> = option("--websocket-ping-timeout", "TIME").default("20s");
    }

    Logging {
        /// Least level of the server's own log.
        log_level: One<LogLevel> = option("--log-level", "LEVEL").default("info").common();

        /// Form of the server's own log.
        log_format: One<LogFormat> = option("--log-format", "text|json").default("text");

        /// File of the access log, - for standard error.
        ///
        /// The file is opened again on the signal USR1.
        access_log: One<Destination> = option("--access-log", "FILE").default("-").off(&["--no-access-log"]).common();

        /// Form of the access log.
        ///
        /// `combined` is Apache's, with the TLS version, the request id and the milliseconds taken appended.
        access_log_format: One<AccessLogFormat> = option("--access-log-format", "combined|json").default("combined");
    }

    Process {
        /// Restart workers when their code changes.
        ///
        /// For development. Requests wait meanwhile instead of failing.
        reload: One<bool> = switch("--reload").off(&["--no-reload"]).common();

        /// Directory watched by --reload; repeatable.
        reload_dir: Many<Directory> = option("--reload-dir", "DIR").computed("where the application is imported from");

        /// Pattern of files beside those in .py that --reload watches; repeatable.
        ///
        /// For example `*.html`. One with a slash is about the end of the path, and `*` stands for slashes too. Hidden files and installed
        /// packages are left out.
        reload_include: Many<Text> = option("--reload-include", "PATTERN");

        /// Pattern of files and directories that --reload leaves alone; repeatable.
        ///
        /// As `--reload-include`; a directory's name leaves out everything below it.
        reload_exclude: Many<Text> = option("--reload-exclude", "PATTERN");

        /// Reload the server when this file is touched; repeatable.
        ///
        /// As the signal HUP does: configuration and certificates are read again, and the workers of every pool are replaced without
        /// losing a request. `--touch-workers` replaces workers alone.
        touch_reload: Many<FilePath> = option("--touch-reload", "FILE");

        /// How long running requests may go on after a stop or a reload.
        graceful_timeout: One<Period> = option("--graceful-timeout", "TIME").default("30s");

        /// Directory for the local CA and other state.
        state_dir: One<Directory> = option("--state-dir", "DIR").computed("~/.local/state/tlsgi; /var/lib/tlsgi for root");

        /// Threads of the process that talks to the clients.
        front_threads: One<Count> = option("--front-threads", "COUNT").computed("one per two cores, at most 4");

        /// User of the process that talks to clients, by name or number.
        ///
        /// Needs root. It must be able to read static folders. Started by root without this and without `--user`, the process runs as
        /// nobody; where applications run as root too and there are static folders, it stays root, without root's powers.
        front_user: One<AccountName> = option("--front-user", "USER").computed("that of --user, else nobody");

        /// Group of the process that talks to clients, by name or number.
        front_group: One<AccountName> = option("--front-group", "GROUP").computed("that of --group, else the user's own");

        /// Whether the kernel refuses the process that talks to clients what it has no use for.
        ///
        /// Landlock: only static folders can be read, nothing is written, nobody is connected to but named upstreams. A filter of system calls: no
        /// program is started, no other process touched. `auto` takes what the kernel has, `require` does not start without all of it.
        sandbox: One<Sandbox> = option("--sandbox", "auto|require|off").default("auto");

        /// File that receives the process id.
        pid_file: One<FilePath> = option("--pid-file", "FILE").also(&["--pid"]);

        /// Configuration file; ./tlsgi.toml when it exists.
        config: One<Text> = option("--config", "FILE").not_in_file().common();
    }
}

impl Layer {
    /// What somebody wrote, and what stands there as a default.
    #[must_use]
    pub fn split(&self) -> (Self, Self) {
        let (mut written, mut defaults) = (Self::default(), Self::default());
        for spec in OPTIONS {
            for (text, origin) in (spec.slot)(self).said() {
                let layer = if *origin == Origin::Default { &mut defaults } else { &mut written };
                // A value is written so that it can be read again.
                _ = (spec.slot_mut)(layer).say(&text, origin.clone());
            }
        }
        (written, defaults)
    }
}

/// The option with this name (`https-port`, also `https_port`), which is its key in a file.
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    let name = name.replace('_', "-");
    OPTIONS.iter().find(|spec| spec.name() == name)
}
