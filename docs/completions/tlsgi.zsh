#compdef tlsgi

autoload -U is-at-least

_tlsgi() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'*--interface=[Calling convention, found by looking at the object \[auto\]]:auto|wsgi|asgi:(auto wsgi asgi)' \
'*--chdir=[Directory to enter before the application is imported]:DIR:_files -/' \
'*--python-path=[Further entry at the front of sys.path; repeatable]:DIR:_files -/' \
'*--pythonpath=[Further entry at the front of sys.path; repeatable]:DIR:_files -/' \
'*--env=[Environment variable for the application; repeatable]:NAME=VALUE:_default' \
'*--python=[Python interpreter that runs the application \[beside the tlsgi command, in VIRTUAL_ENV, or on PATH\]]:FILE:_files' \
'*--virtualenv=[Virtual environment whose Python runs the application]:DIR:_files -/' \
'*--venv=[Virtual environment whose Python runs the application]:DIR:_files -/' \
'*--user=[User that the application runs as, by name or number \[the user who starts the server\]]:USER:_default' \
'*--group=[Group that the application runs as, by name or number \[the user'\''s own\]]:GROUP:_default' \
'*--supplementary-group=[Further group of the application; repeatable \[those that the system has the user in\]]:GROUP:_default' \
'*--umask=[Permissions that files made by the application do not get, in octal \[as the server was started\]]:MODE:_default' \
'*--home=[Home directory that the application finds in HOME \[the user'\''s own, where --user names one\]]:DIR:_files -/' \
'*--host=[Address to listen on, * for every one; repeatable \[127.0.0.1, \:\:1\]]:ADDRESS:_default' \
'*--https-port=[Port for HTTPS \[8443\]]:PORT:_default' \
'*--port=[Port for plain HTTP, which redirects to HTTPS \[8080\]]:PORT:_default' \
'*--http-port=[Port for plain HTTP, which redirects to HTTPS \[8080\]]:PORT:_default' \
'*--bind=[Listen for HTTPS on ADDRESS\:PORT, unix\:PATH or fd\://N; repeatable]:ADDRESS:_default' \
'*--bind-https=[Listen for HTTPS on ADDRESS\:PORT, unix\:PATH or fd\://N; repeatable]:ADDRESS:_default' \
'*--bind-http=[Listen for plain HTTP there; repeatable]:ADDRESS:_default' \
'*--backlog=[Connections that may wait in the kernel to be accepted \[2048\]]:COUNT:_default' \
'*--socket-mode=[Permissions of Unix sockets that are listened on, in octal \[0660\]]:MODE:_default' \
'*--tls-ticket-rotation=[How often the keys of TLS session tickets change \[6h\]]:TIME:_default' \
'*--certfile=[Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable]:FILE:_files' \
'*--ssl-certfile=[Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable]:FILE:_files' \
'*--keyfile=[Private key in PEM; repeatable, one for each --certfile \[the file of --certfile\]]:FILE:_files' \
'*--ssl-keyfile=[Private key in PEM; repeatable, one for each --certfile \[the file of --certfile\]]:FILE:_files' \
'*--key-passphrase-file=[File whose first line opens an encrypted private key]:FILE:_files' \
'*--key-passphrase-command=[Shell command whose first line of output opens an encrypted private key]:COMMAND:_default' \
'*--key-passphrase-credential=[systemd credential whose first line opens an encrypted private key]:NAME:_default' \
'*--chain-file=[Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each]:FILE:_files' \
'*--ssl-chain-file=[Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each]:FILE:_files' \
'*--server-name=[Host name served; repeatable; every name when none is given]:NAME:_default' \
'*--tls-profile=[What TLS offers, as Mozilla recommends (version 6.0) \[intermediate\]]:modern|intermediate:(modern intermediate)' \
'*--tls-min=[Oldest version of TLS that is spoken\: 1.2 or 1.3 \[1.2; 1.3 with --tls-profile modern\]]:1.2|1.3:_default' \
'*--tls-ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--ssl-ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--tls-order=[Whose order of cipher suites counts \[auto\]]:auto|client|server:(auto client server)' \
'*--tls-groups=[Groups for the key exchange \[X25519MLKEM768\:X25519\:P-256\:P-384\]]:LIST:_default' \
'*--client-ca=[Authorities whose client certificates are accepted, in PEM]:FILE:_files' \
'*--client-cert=[Whether the whole site asks clients for a certificate \[off\]]:off|request|require:(off request require)' \
'*--client-cert-path=[Require a client certificate under a URL prefix; repeatable]:PREFIX[=FILE]:_default' \
'*--client-allow=[Let in only these holders of a certificate; repeatable, one match is enough]:[PREFIX=]RULE:_default' \
'*--client-crl=[Certificate revocation lists, in PEM or DER; repeatable]:FILE:_files' \
'*--client-crl-expired=[What happens when a revocation list is past its next update \[refuse\]]:refuse|accept:(refuse accept)' \
'*--client-verify-depth=[Most certificates above the client'\''s own, the root among them; at most 7 \[5\]]:COUNT:_default' \
'*--basic-auth-file=[File of users and hashed passwords\: the site asks for both (basic authentication)]:FILE:_files' \
'*--basic-auth-path=[Ask for a password under a URL prefix only; repeatable]:PREFIX[=FILE|none]:_default' \
'*--basic-auth-user=[Let in only this user; repeatable]:[PREFIX=]NAME:_default' \
'*--basic-auth-realm=[What browsers show when they ask for name and password \[Restricted\]]:TEXT:_default' \
'*--public-https-port=[Port that redirects name, where it is not the one listened on \[the port of --https-port\]]:PORT:_default' \
'*--hsts=[Strict-Transport-Security policy of HTTPS responses]:POLICY:_default' \
'*--trusted-proxy=[Proxy whose word counts\: an address, a network, or \`unix\`; repeatable]:NETWORK:_default' \
'*--trust=[Field in which trusted proxies are believed; repeatable \[X-Forwarded-For, X-Forwarded-Proto\]]:FIELD:(X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Port Forwarded X-Real-IP X-Client-IP X-Forwarded-Scheme X-Forwarded-Protocol X-Scheme X-Forwarded-SSL X-Forwarded-HTTPS X-HTTPS X-Host)' \
'*--route=[Answer a URL prefix from a pool; repeatable]:PREFIX=TARGET:_default' \
'*--redirect=[Redirect a URL prefix; repeatable]:PREFIX=TARGET:_default' \
'*--wsgi-environ=[Variable for the environ of every request, for WSGI; repeatable]:NAME=VALUE:_default' \
'*--canonical-name=[Name that the site is to be called by\: requests for its other names are redirected there]:NAME:_default' \
'*--pool=[Pool that answers what no route covers; \`none\` for nobody \[the first pool\]]:NAME:_default' \
'*--mount=[URL prefix under which that pool'\''s application is mounted \[/\]]:PREFIX:_default' \
'*--root-path=[URL prefix under which that pool'\''s application is mounted \[/\]]:PREFIX:_default' \
'*--static=[Answer a URL prefix from a directory, or one URL from a file; repeatable]:PREFIX=DIR:_default' \
'*--document-root=[Answer from the files of this directory, and where there is none from the application]:DIR:_files -/' \
'*--directory-index=[File that answers for its directory, as \`index.html\`; repeatable, the first that is there]:FILE:_default' \
'*--static-max-age=[Cache-Control\: max-age of static files]:TIME:_default' \
'*--response-header=[Set, add or remove a field of responses; repeatable]:RULE:_default' \
'*--request-header=[Set, add or remove a field of requests before the application sees them; repeatable]:RULE:_default' \
'*--compress-coding=[Content coding for \`--compress\`, the best liked first; repeatable \[zstd, br, gzip\]]:zstd|br|gzip:(zstd br gzip)' \
'*--compress-type=[Media type for \`--compress\`; repeatable \[text, JSON, XML, JavaScript, WebAssembly, SVG and the like\]]:TYPE:_default' \
'*--compress-min-size=[Smallest body for \`--compress\`, where the length is known beforehand \[1KiB\]]:SIZE:_default' \
'*--compress-level=[How much work \`--compress\` does\: 1 (fast) to 9 (small) \[4\]]:LEVEL:_default' \
'*--error-page=[Page for errors, in the place of the server'\''s own; repeatable]:STATUS=SOURCE:_default' \
'*--error-page-override=[Which errors of applications get the pages of \`--error-page\`]:none|empty|all:(none empty all)' \
'*--processes=[Worker processes \[1\]]:COUNT:_default' \
'*--workers=[Worker processes \[1\]]:COUNT:_default' \
'*--threads=[Threads of a process, for WSGI \[5\]]:COUNT:_default' \
'*--concurrency=[Requests that a process runs at a time, for ASGI \[8192\]]:COUNT:_default' \
'*--max-requests=[Replace a worker after so many requests]:COUNT:_default' \
'*--max-requests-jitter=[Up to so many requests more, by chance, so that workers are not replaced together \[0\]]:COUNT:_default' \
'*--max-worker-memory=[Replace a worker whose resident memory passes this]:SIZE:_default' \
'*--max-worker-age=[Replace a worker that has served for so long]:TIME:_default' \
'*--touch-workers=[Replace the workers when this file is touched; repeatable]:FILE:_files' \
'*--request-timeout=[Longest time a request may run\: 504, and the worker is replaced]:TIME:_default' \
'*--startup-timeout=[Longest time from the start of a worker until it is ready \[60s\]]:TIME:_default' \
'*--hooks=[Python file with functions that workers call\: FILE, or python\:MODULE]:FILE:_default' \
'*--lifespan=[ASGI lifespan\: tried, required or left out \[auto\]]:auto|on|off:(auto on off)' \
'*--loop=[ASGI event loop; auto takes uvloop when it is installed \[auto\]]:auto|asyncio|uvloop:(auto asyncio uvloop)' \
'*--handshake-timeout=[From accepting a connection to the end of its TLS handshake \[10s\]]:TIME:_default' \
'*--header-timeout=[From the first byte of a request to the end of its header block \[10s\]]:TIME:_default' \
'*--max-header-size=[Bytes of a request'\''s header block; 431 beyond \[64KiB\]]:SIZE:_default' \
'*--max-header-count=[Fields of a request'\''s header block; 431 beyond \[100\]]:COUNT:_default' \
'*--max-request-line=[Bytes of the request line; 414 beyond \[8KiB\]]:SIZE:_default' \
'*--max-body-size=[Bytes of a request body; 413 beyond]:SIZE:_default' \
'*--min-body-rate=[Bytes per second below which an upload is cut, once its grace is over \[240\]]:COUNT:_default' \
'*--body-grace=[How long an upload may be slower than that, and its longest silence \[20s\]]:TIME:_default' \
'*--queue-timeout=[Longest wait for a free worker; 503 with Retry-After then \[30s\]]:TIME:_default' \
'*--max-queue=[Requests that may wait for a worker; 503 at once beyond \[10000\]]:COUNT:_default' \
'*--response-timeout=[From handing a request to a worker to the head of its response; 504 then]:TIME:_default' \
'*--upstream-connect-timeout=[Longest time to connect to another server that a route leads to; 502 then \[5s\]]:TIME:_default' \
'*--upstream-timeout=[Longest silence of another server that a route leads to, before and within its response; 504, or the response is cut \[60s\]]:TIME:_default' \
'*--write-timeout=[Longest time in which a client takes no byte of its response \[60s\]]:TIME:_default' \
'*--keep-alive-timeout=[Idle time of a connection between requests \[75s\]]:TIME:_default' \
'*--keep-alive=[Idle time of a connection between requests \[75s\]]:TIME:_default' \
'*--max-keep-alive-requests=[Requests on one connection]:COUNT:_default' \
'*--max-h2-streams=[HTTP/2\: concurrent streams of a connection \[128\]]:COUNT:_default' \
'*--max-h2-resets=[HTTP/2\: streams a client may reset within a minute \[200\]]:COUNT:_default' \
'*--max-h2-settings=[HTTP/2\: SETTINGS frames within a minute \[100\]]:COUNT:_default' \
'*--max-h2-pings=[HTTP/2\: PING frames within a minute \[200\]]:COUNT:_default' \
'*--max-connections=[Open connections altogether \[what the descriptor limit allows, at most 100000\]]:COUNT:_default' \
'*--max-connections-per-client=[Open connections of one client address]:COUNT:_default' \
'*--websocket-max-message=[Largest message, after decompression; close code 1009 beyond \[16MiB\]]:SIZE:_default' \
'*--websocket-ping-interval=[Ping a connection that was silent for so long \[20s\]]:TIME:_default' \
'*--websocket-ping-timeout=[Close it when no pong came for so long \[20s\]]:TIME:_default' \
'*--log-level=[Least level of the server'\''s own log \[info\]]:LEVEL:(error warning info debug)' \
'*--log-format=[Form of the server'\''s own log \[text\]]:text|json:(text json)' \
'*--access-log=[File of the access log, - for standard error \[-\]]:FILE:_files' \
'*--access-log-format=[Form of the access log \[combined\]]:combined|json:(combined json)' \
'*--reload-dir=[Directory watched by --reload; repeatable \[where the application is imported from\]]:DIR:_files -/' \
'*--reload-include=[Pattern of files beside those in .py that --reload watches; repeatable]:PATTERN:_default' \
'*--reload-exclude=[Pattern of files and directories that --reload leaves alone; repeatable]:PATTERN:_default' \
'*--touch-reload=[Reload the server when this file is touched; repeatable]:FILE:_files' \
'*--graceful-timeout=[How long running requests may go on after a stop or a reload \[30s\]]:TIME:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--front-threads=[Threads of the process that talks to the clients \[one per two cores, at most 4\]]:COUNT:_default' \
'*--front-user=[User of the process that talks to clients, by name or number \[that of --user, else nobody\]]:USER:_default' \
'*--front-group=[Group of the process that talks to clients, by name or number \[that of --group, else the user'\''s own\]]:GROUP:_default' \
'*--sandbox=[Whether the kernel refuses the process that talks to clients what it has no use for \[auto\]]:auto|require|off:(auto require off)' \
'*--pid-file=[File that receives the process id]:FILE:_files' \
'*--pid=[File that receives the process id]:FILE:_files' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--factory[APP names a function that returns the application]' \
'--no-factory[The opposite of --factory]' \
'--http[Listen for plain HTTP]' \
'--no-http[Do not listen for plain HTTP]' \
'--sni-strict[Refuse TLS clients that name no site, or none of this server]' \
'--no-sni-strict[The opposite of --sni-strict]' \
'--client-cert-headers[Tell the application of the client'\''s certificate in the fields Client-Cert and Client-Cert-Chain (RFC 9440)]' \
'--no-client-cert-headers[The opposite of --client-cert-headers]' \
'--ssl-environment[Give WSGI applications the SSL_ variables of Apache'\''s mod_ssl]' \
'--no-ssl-environment[The opposite of --ssl-environment]' \
'--ssl-export-pem[Give WSGI applications the certificates as PEM\: SSL_CLIENT_CERT, SSL_CLIENT_CERT_CHAIN_n, SSL_SERVER_CERT]' \
'--no-ssl-export-pem[The opposite of --ssl-export-pem]' \
'--basic-auth-forward[Give the application the Authorization field too]' \
'--no-basic-auth-forward[The opposite of --basic-auth-forward]' \
'--basic-auth-plain[Ask for passwords over plain HTTP too, where \`--allow-http\` serves it\: everybody on the way reads them]' \
'--no-basic-auth-plain[The opposite of --basic-auth-plain]' \
'--allow-http[Serve plain HTTP too instead of redirecting it]' \
'--https-only[The opposite of --allow-http]' \
'--no-allow-http[The opposite of --allow-http]' \
'--no-hsts[The opposite of --hsts]' \
'--proxy-protocol[Take the client'\''s address from the header of the PROXY protocol, version 1 or 2, with which every connection begins]' \
'--no-proxy-protocol[The opposite of --proxy-protocol]' \
'--compress[Compress responses for clients that accept it]' \
'--no-compress[The opposite of --compress]' \
'--compress-secrets[With \`--compress\`, compress also what may hold secrets, for clients with credentials]' \
'--no-compress-secrets[The opposite of --compress-secrets]' \
'--server-header[Send \`Server\: tlsgi\` where the response has no such field]' \
'--no-server-header[Do not send \`Server\: tlsgi\` where the response has no such field]' \
'--date-header[Send \`Date\` where the response has no such field, as RFC 9110 asks for]' \
'--no-date-header[Do not send \`Date\` where the response has no such field, as RFC 9110 asks for]' \
'--preload[Import the application once and fork the workers from that process]' \
'--preload-app[Import the application once and fork the workers from that process]' \
'--no-preload[The opposite of --preload]' \
'--no-access-log[The opposite of --access-log]' \
'--reload[Restart workers when their code changes]' \
'--no-reload[The opposite of --reload]' \
'-h[Print help]' \
'--help[Print help]' \
'--help-all[Print every option]' \
'-V[Print the version]' \
'--version[Print the version]' \
'::app -- What to serve\: module\:attribute, path.py\:attribute, module\:create_app():_default' \
":: :_tlsgi_commands" \
"*::: :->tlsgi" \
&& ret=0
    case $state in
    (tlsgi)
        words=($line[2] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tlsgi-command-$line[2]:"
        case $line[2] in
            (serve)
_arguments "${_arguments_options[@]}" : \
'*--interface=[Calling convention, found by looking at the object \[auto\]]:auto|wsgi|asgi:(auto wsgi asgi)' \
'*--chdir=[Directory to enter before the application is imported]:DIR:_files -/' \
'*--python-path=[Further entry at the front of sys.path; repeatable]:DIR:_files -/' \
'*--pythonpath=[Further entry at the front of sys.path; repeatable]:DIR:_files -/' \
'*--env=[Environment variable for the application; repeatable]:NAME=VALUE:_default' \
'*--python=[Python interpreter that runs the application \[beside the tlsgi command, in VIRTUAL_ENV, or on PATH\]]:FILE:_files' \
'*--virtualenv=[Virtual environment whose Python runs the application]:DIR:_files -/' \
'*--venv=[Virtual environment whose Python runs the application]:DIR:_files -/' \
'*--user=[User that the application runs as, by name or number \[the user who starts the server\]]:USER:_default' \
'*--group=[Group that the application runs as, by name or number \[the user'\''s own\]]:GROUP:_default' \
'*--supplementary-group=[Further group of the application; repeatable \[those that the system has the user in\]]:GROUP:_default' \
'*--umask=[Permissions that files made by the application do not get, in octal \[as the server was started\]]:MODE:_default' \
'*--home=[Home directory that the application finds in HOME \[the user'\''s own, where --user names one\]]:DIR:_files -/' \
'*--host=[Address to listen on, * for every one; repeatable \[127.0.0.1, \:\:1\]]:ADDRESS:_default' \
'*--https-port=[Port for HTTPS \[8443\]]:PORT:_default' \
'*--port=[Port for plain HTTP, which redirects to HTTPS \[8080\]]:PORT:_default' \
'*--http-port=[Port for plain HTTP, which redirects to HTTPS \[8080\]]:PORT:_default' \
'*--bind=[Listen for HTTPS on ADDRESS\:PORT, unix\:PATH or fd\://N; repeatable]:ADDRESS:_default' \
'*--bind-https=[Listen for HTTPS on ADDRESS\:PORT, unix\:PATH or fd\://N; repeatable]:ADDRESS:_default' \
'*--bind-http=[Listen for plain HTTP there; repeatable]:ADDRESS:_default' \
'*--backlog=[Connections that may wait in the kernel to be accepted \[2048\]]:COUNT:_default' \
'*--socket-mode=[Permissions of Unix sockets that are listened on, in octal \[0660\]]:MODE:_default' \
'*--tls-ticket-rotation=[How often the keys of TLS session tickets change \[6h\]]:TIME:_default' \
'*--certfile=[Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable]:FILE:_files' \
'*--ssl-certfile=[Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable]:FILE:_files' \
'*--keyfile=[Private key in PEM; repeatable, one for each --certfile \[the file of --certfile\]]:FILE:_files' \
'*--ssl-keyfile=[Private key in PEM; repeatable, one for each --certfile \[the file of --certfile\]]:FILE:_files' \
'*--key-passphrase-file=[File whose first line opens an encrypted private key]:FILE:_files' \
'*--key-passphrase-command=[Shell command whose first line of output opens an encrypted private key]:COMMAND:_default' \
'*--key-passphrase-credential=[systemd credential whose first line opens an encrypted private key]:NAME:_default' \
'*--chain-file=[Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each]:FILE:_files' \
'*--ssl-chain-file=[Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each]:FILE:_files' \
'*--server-name=[Host name served; repeatable; every name when none is given]:NAME:_default' \
'*--tls-profile=[What TLS offers, as Mozilla recommends (version 6.0) \[intermediate\]]:modern|intermediate:(modern intermediate)' \
'*--tls-min=[Oldest version of TLS that is spoken\: 1.2 or 1.3 \[1.2; 1.3 with --tls-profile modern\]]:1.2|1.3:_default' \
'*--tls-ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--ssl-ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--tls-order=[Whose order of cipher suites counts \[auto\]]:auto|client|server:(auto client server)' \
'*--tls-groups=[Groups for the key exchange \[X25519MLKEM768\:X25519\:P-256\:P-384\]]:LIST:_default' \
'*--client-ca=[Authorities whose client certificates are accepted, in PEM]:FILE:_files' \
'*--client-cert=[Whether the whole site asks clients for a certificate \[off\]]:off|request|require:(off request require)' \
'*--client-cert-path=[Require a client certificate under a URL prefix; repeatable]:PREFIX[=FILE]:_default' \
'*--client-allow=[Let in only these holders of a certificate; repeatable, one match is enough]:[PREFIX=]RULE:_default' \
'*--client-crl=[Certificate revocation lists, in PEM or DER; repeatable]:FILE:_files' \
'*--client-crl-expired=[What happens when a revocation list is past its next update \[refuse\]]:refuse|accept:(refuse accept)' \
'*--client-verify-depth=[Most certificates above the client'\''s own, the root among them; at most 7 \[5\]]:COUNT:_default' \
'*--basic-auth-file=[File of users and hashed passwords\: the site asks for both (basic authentication)]:FILE:_files' \
'*--basic-auth-path=[Ask for a password under a URL prefix only; repeatable]:PREFIX[=FILE|none]:_default' \
'*--basic-auth-user=[Let in only this user; repeatable]:[PREFIX=]NAME:_default' \
'*--basic-auth-realm=[What browsers show when they ask for name and password \[Restricted\]]:TEXT:_default' \
'*--public-https-port=[Port that redirects name, where it is not the one listened on \[the port of --https-port\]]:PORT:_default' \
'*--hsts=[Strict-Transport-Security policy of HTTPS responses]:POLICY:_default' \
'*--trusted-proxy=[Proxy whose word counts\: an address, a network, or \`unix\`; repeatable]:NETWORK:_default' \
'*--trust=[Field in which trusted proxies are believed; repeatable \[X-Forwarded-For, X-Forwarded-Proto\]]:FIELD:(X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Port Forwarded X-Real-IP X-Client-IP X-Forwarded-Scheme X-Forwarded-Protocol X-Scheme X-Forwarded-SSL X-Forwarded-HTTPS X-HTTPS X-Host)' \
'*--route=[Answer a URL prefix from a pool; repeatable]:PREFIX=TARGET:_default' \
'*--redirect=[Redirect a URL prefix; repeatable]:PREFIX=TARGET:_default' \
'*--wsgi-environ=[Variable for the environ of every request, for WSGI; repeatable]:NAME=VALUE:_default' \
'*--canonical-name=[Name that the site is to be called by\: requests for its other names are redirected there]:NAME:_default' \
'*--pool=[Pool that answers what no route covers; \`none\` for nobody \[the first pool\]]:NAME:_default' \
'*--mount=[URL prefix under which that pool'\''s application is mounted \[/\]]:PREFIX:_default' \
'*--root-path=[URL prefix under which that pool'\''s application is mounted \[/\]]:PREFIX:_default' \
'*--static=[Answer a URL prefix from a directory, or one URL from a file; repeatable]:PREFIX=DIR:_default' \
'*--document-root=[Answer from the files of this directory, and where there is none from the application]:DIR:_files -/' \
'*--directory-index=[File that answers for its directory, as \`index.html\`; repeatable, the first that is there]:FILE:_default' \
'*--static-max-age=[Cache-Control\: max-age of static files]:TIME:_default' \
'*--response-header=[Set, add or remove a field of responses; repeatable]:RULE:_default' \
'*--request-header=[Set, add or remove a field of requests before the application sees them; repeatable]:RULE:_default' \
'*--compress-coding=[Content coding for \`--compress\`, the best liked first; repeatable \[zstd, br, gzip\]]:zstd|br|gzip:(zstd br gzip)' \
'*--compress-type=[Media type for \`--compress\`; repeatable \[text, JSON, XML, JavaScript, WebAssembly, SVG and the like\]]:TYPE:_default' \
'*--compress-min-size=[Smallest body for \`--compress\`, where the length is known beforehand \[1KiB\]]:SIZE:_default' \
'*--compress-level=[How much work \`--compress\` does\: 1 (fast) to 9 (small) \[4\]]:LEVEL:_default' \
'*--error-page=[Page for errors, in the place of the server'\''s own; repeatable]:STATUS=SOURCE:_default' \
'*--error-page-override=[Which errors of applications get the pages of \`--error-page\`]:none|empty|all:(none empty all)' \
'*--processes=[Worker processes \[1\]]:COUNT:_default' \
'*--workers=[Worker processes \[1\]]:COUNT:_default' \
'*--threads=[Threads of a process, for WSGI \[5\]]:COUNT:_default' \
'*--concurrency=[Requests that a process runs at a time, for ASGI \[8192\]]:COUNT:_default' \
'*--max-requests=[Replace a worker after so many requests]:COUNT:_default' \
'*--max-requests-jitter=[Up to so many requests more, by chance, so that workers are not replaced together \[0\]]:COUNT:_default' \
'*--max-worker-memory=[Replace a worker whose resident memory passes this]:SIZE:_default' \
'*--max-worker-age=[Replace a worker that has served for so long]:TIME:_default' \
'*--touch-workers=[Replace the workers when this file is touched; repeatable]:FILE:_files' \
'*--request-timeout=[Longest time a request may run\: 504, and the worker is replaced]:TIME:_default' \
'*--startup-timeout=[Longest time from the start of a worker until it is ready \[60s\]]:TIME:_default' \
'*--hooks=[Python file with functions that workers call\: FILE, or python\:MODULE]:FILE:_default' \
'*--lifespan=[ASGI lifespan\: tried, required or left out \[auto\]]:auto|on|off:(auto on off)' \
'*--loop=[ASGI event loop; auto takes uvloop when it is installed \[auto\]]:auto|asyncio|uvloop:(auto asyncio uvloop)' \
'*--handshake-timeout=[From accepting a connection to the end of its TLS handshake \[10s\]]:TIME:_default' \
'*--header-timeout=[From the first byte of a request to the end of its header block \[10s\]]:TIME:_default' \
'*--max-header-size=[Bytes of a request'\''s header block; 431 beyond \[64KiB\]]:SIZE:_default' \
'*--max-header-count=[Fields of a request'\''s header block; 431 beyond \[100\]]:COUNT:_default' \
'*--max-request-line=[Bytes of the request line; 414 beyond \[8KiB\]]:SIZE:_default' \
'*--max-body-size=[Bytes of a request body; 413 beyond]:SIZE:_default' \
'*--min-body-rate=[Bytes per second below which an upload is cut, once its grace is over \[240\]]:COUNT:_default' \
'*--body-grace=[How long an upload may be slower than that, and its longest silence \[20s\]]:TIME:_default' \
'*--queue-timeout=[Longest wait for a free worker; 503 with Retry-After then \[30s\]]:TIME:_default' \
'*--max-queue=[Requests that may wait for a worker; 503 at once beyond \[10000\]]:COUNT:_default' \
'*--response-timeout=[From handing a request to a worker to the head of its response; 504 then]:TIME:_default' \
'*--upstream-connect-timeout=[Longest time to connect to another server that a route leads to; 502 then \[5s\]]:TIME:_default' \
'*--upstream-timeout=[Longest silence of another server that a route leads to, before and within its response; 504, or the response is cut \[60s\]]:TIME:_default' \
'*--write-timeout=[Longest time in which a client takes no byte of its response \[60s\]]:TIME:_default' \
'*--keep-alive-timeout=[Idle time of a connection between requests \[75s\]]:TIME:_default' \
'*--keep-alive=[Idle time of a connection between requests \[75s\]]:TIME:_default' \
'*--max-keep-alive-requests=[Requests on one connection]:COUNT:_default' \
'*--max-h2-streams=[HTTP/2\: concurrent streams of a connection \[128\]]:COUNT:_default' \
'*--max-h2-resets=[HTTP/2\: streams a client may reset within a minute \[200\]]:COUNT:_default' \
'*--max-h2-settings=[HTTP/2\: SETTINGS frames within a minute \[100\]]:COUNT:_default' \
'*--max-h2-pings=[HTTP/2\: PING frames within a minute \[200\]]:COUNT:_default' \
'*--max-connections=[Open connections altogether \[what the descriptor limit allows, at most 100000\]]:COUNT:_default' \
'*--max-connections-per-client=[Open connections of one client address]:COUNT:_default' \
'*--websocket-max-message=[Largest message, after decompression; close code 1009 beyond \[16MiB\]]:SIZE:_default' \
'*--websocket-ping-interval=[Ping a connection that was silent for so long \[20s\]]:TIME:_default' \
'*--websocket-ping-timeout=[Close it when no pong came for so long \[20s\]]:TIME:_default' \
'*--log-level=[Least level of the server'\''s own log \[info\]]:LEVEL:(error warning info debug)' \
'*--log-format=[Form of the server'\''s own log \[text\]]:text|json:(text json)' \
'*--access-log=[File of the access log, - for standard error \[-\]]:FILE:_files' \
'*--access-log-format=[Form of the access log \[combined\]]:combined|json:(combined json)' \
'*--reload-dir=[Directory watched by --reload; repeatable \[where the application is imported from\]]:DIR:_files -/' \
'*--reload-include=[Pattern of files beside those in .py that --reload watches; repeatable]:PATTERN:_default' \
'*--reload-exclude=[Pattern of files and directories that --reload leaves alone; repeatable]:PATTERN:_default' \
'*--touch-reload=[Reload the server when this file is touched; repeatable]:FILE:_files' \
'*--graceful-timeout=[How long running requests may go on after a stop or a reload \[30s\]]:TIME:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--front-threads=[Threads of the process that talks to the clients \[one per two cores, at most 4\]]:COUNT:_default' \
'*--front-user=[User of the process that talks to clients, by name or number \[that of --user, else nobody\]]:USER:_default' \
'*--front-group=[Group of the process that talks to clients, by name or number \[that of --group, else the user'\''s own\]]:GROUP:_default' \
'*--sandbox=[Whether the kernel refuses the process that talks to clients what it has no use for \[auto\]]:auto|require|off:(auto require off)' \
'*--pid-file=[File that receives the process id]:FILE:_files' \
'*--pid=[File that receives the process id]:FILE:_files' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--factory[APP names a function that returns the application]' \
'--no-factory[The opposite of --factory]' \
'--http[Listen for plain HTTP]' \
'--no-http[Do not listen for plain HTTP]' \
'--sni-strict[Refuse TLS clients that name no site, or none of this server]' \
'--no-sni-strict[The opposite of --sni-strict]' \
'--client-cert-headers[Tell the application of the client'\''s certificate in the fields Client-Cert and Client-Cert-Chain (RFC 9440)]' \
'--no-client-cert-headers[The opposite of --client-cert-headers]' \
'--ssl-environment[Give WSGI applications the SSL_ variables of Apache'\''s mod_ssl]' \
'--no-ssl-environment[The opposite of --ssl-environment]' \
'--ssl-export-pem[Give WSGI applications the certificates as PEM\: SSL_CLIENT_CERT, SSL_CLIENT_CERT_CHAIN_n, SSL_SERVER_CERT]' \
'--no-ssl-export-pem[The opposite of --ssl-export-pem]' \
'--basic-auth-forward[Give the application the Authorization field too]' \
'--no-basic-auth-forward[The opposite of --basic-auth-forward]' \
'--basic-auth-plain[Ask for passwords over plain HTTP too, where \`--allow-http\` serves it\: everybody on the way reads them]' \
'--no-basic-auth-plain[The opposite of --basic-auth-plain]' \
'--allow-http[Serve plain HTTP too instead of redirecting it]' \
'--https-only[The opposite of --allow-http]' \
'--no-allow-http[The opposite of --allow-http]' \
'--no-hsts[The opposite of --hsts]' \
'--proxy-protocol[Take the client'\''s address from the header of the PROXY protocol, version 1 or 2, with which every connection begins]' \
'--no-proxy-protocol[The opposite of --proxy-protocol]' \
'--compress[Compress responses for clients that accept it]' \
'--no-compress[The opposite of --compress]' \
'--compress-secrets[With \`--compress\`, compress also what may hold secrets, for clients with credentials]' \
'--no-compress-secrets[The opposite of --compress-secrets]' \
'--server-header[Send \`Server\: tlsgi\` where the response has no such field]' \
'--no-server-header[Do not send \`Server\: tlsgi\` where the response has no such field]' \
'--date-header[Send \`Date\` where the response has no such field, as RFC 9110 asks for]' \
'--no-date-header[Do not send \`Date\` where the response has no such field, as RFC 9110 asks for]' \
'--preload[Import the application once and fork the workers from that process]' \
'--preload-app[Import the application once and fork the workers from that process]' \
'--no-preload[The opposite of --preload]' \
'--no-access-log[The opposite of --access-log]' \
'--reload[Restart workers when their code changes]' \
'--no-reload[The opposite of --reload]' \
'-h[Print help]' \
'--help[Print help]' \
'--help-all[Print every option]' \
'::app -- What to serve\: module\:attribute, path.py\:attribute, module\:create_app():_default' \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
'*--interface=[Calling convention, found by looking at the object \[auto\]]:auto|wsgi|asgi:(auto wsgi asgi)' \
'*--chdir=[Directory to enter before the application is imported]:DIR:_files -/' \
'*--python-path=[Further entry at the front of sys.path; repeatable]:DIR:_files -/' \
'*--pythonpath=[Further entry at the front of sys.path; repeatable]:DIR:_files -/' \
'*--env=[Environment variable for the application; repeatable]:NAME=VALUE:_default' \
'*--python=[Python interpreter that runs the application \[beside the tlsgi command, in VIRTUAL_ENV, or on PATH\]]:FILE:_files' \
'*--virtualenv=[Virtual environment whose Python runs the application]:DIR:_files -/' \
'*--venv=[Virtual environment whose Python runs the application]:DIR:_files -/' \
'*--user=[User that the application runs as, by name or number \[the user who starts the server\]]:USER:_default' \
'*--group=[Group that the application runs as, by name or number \[the user'\''s own\]]:GROUP:_default' \
'*--supplementary-group=[Further group of the application; repeatable \[those that the system has the user in\]]:GROUP:_default' \
'*--umask=[Permissions that files made by the application do not get, in octal \[as the server was started\]]:MODE:_default' \
'*--home=[Home directory that the application finds in HOME \[the user'\''s own, where --user names one\]]:DIR:_files -/' \
'*--host=[Address to listen on, * for every one; repeatable \[127.0.0.1, \:\:1\]]:ADDRESS:_default' \
'*--https-port=[Port for HTTPS \[8443\]]:PORT:_default' \
'*--port=[Port for plain HTTP, which redirects to HTTPS \[8080\]]:PORT:_default' \
'*--http-port=[Port for plain HTTP, which redirects to HTTPS \[8080\]]:PORT:_default' \
'*--bind=[Listen for HTTPS on ADDRESS\:PORT, unix\:PATH or fd\://N; repeatable]:ADDRESS:_default' \
'*--bind-https=[Listen for HTTPS on ADDRESS\:PORT, unix\:PATH or fd\://N; repeatable]:ADDRESS:_default' \
'*--bind-http=[Listen for plain HTTP there; repeatable]:ADDRESS:_default' \
'*--backlog=[Connections that may wait in the kernel to be accepted \[2048\]]:COUNT:_default' \
'*--socket-mode=[Permissions of Unix sockets that are listened on, in octal \[0660\]]:MODE:_default' \
'*--tls-ticket-rotation=[How often the keys of TLS session tickets change \[6h\]]:TIME:_default' \
'*--certfile=[Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable]:FILE:_files' \
'*--ssl-certfile=[Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable]:FILE:_files' \
'*--keyfile=[Private key in PEM; repeatable, one for each --certfile \[the file of --certfile\]]:FILE:_files' \
'*--ssl-keyfile=[Private key in PEM; repeatable, one for each --certfile \[the file of --certfile\]]:FILE:_files' \
'*--key-passphrase-file=[File whose first line opens an encrypted private key]:FILE:_files' \
'*--key-passphrase-command=[Shell command whose first line of output opens an encrypted private key]:COMMAND:_default' \
'*--key-passphrase-credential=[systemd credential whose first line opens an encrypted private key]:NAME:_default' \
'*--chain-file=[Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each]:FILE:_files' \
'*--ssl-chain-file=[Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each]:FILE:_files' \
'*--server-name=[Host name served; repeatable; every name when none is given]:NAME:_default' \
'*--tls-profile=[What TLS offers, as Mozilla recommends (version 6.0) \[intermediate\]]:modern|intermediate:(modern intermediate)' \
'*--tls-min=[Oldest version of TLS that is spoken\: 1.2 or 1.3 \[1.2; 1.3 with --tls-profile modern\]]:1.2|1.3:_default' \
'*--tls-ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--ssl-ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--tls-order=[Whose order of cipher suites counts \[auto\]]:auto|client|server:(auto client server)' \
'*--tls-groups=[Groups for the key exchange \[X25519MLKEM768\:X25519\:P-256\:P-384\]]:LIST:_default' \
'*--client-ca=[Authorities whose client certificates are accepted, in PEM]:FILE:_files' \
'*--client-cert=[Whether the whole site asks clients for a certificate \[off\]]:off|request|require:(off request require)' \
'*--client-cert-path=[Require a client certificate under a URL prefix; repeatable]:PREFIX[=FILE]:_default' \
'*--client-allow=[Let in only these holders of a certificate; repeatable, one match is enough]:[PREFIX=]RULE:_default' \
'*--client-crl=[Certificate revocation lists, in PEM or DER; repeatable]:FILE:_files' \
'*--client-crl-expired=[What happens when a revocation list is past its next update \[refuse\]]:refuse|accept:(refuse accept)' \
'*--client-verify-depth=[Most certificates above the client'\''s own, the root among them; at most 7 \[5\]]:COUNT:_default' \
'*--basic-auth-file=[File of users and hashed passwords\: the site asks for both (basic authentication)]:FILE:_files' \
'*--basic-auth-path=[Ask for a password under a URL prefix only; repeatable]:PREFIX[=FILE|none]:_default' \
'*--basic-auth-user=[Let in only this user; repeatable]:[PREFIX=]NAME:_default' \
'*--basic-auth-realm=[What browsers show when they ask for name and password \[Restricted\]]:TEXT:_default' \
'*--public-https-port=[Port that redirects name, where it is not the one listened on \[the port of --https-port\]]:PORT:_default' \
'*--hsts=[Strict-Transport-Security policy of HTTPS responses]:POLICY:_default' \
'*--trusted-proxy=[Proxy whose word counts\: an address, a network, or \`unix\`; repeatable]:NETWORK:_default' \
'*--trust=[Field in which trusted proxies are believed; repeatable \[X-Forwarded-For, X-Forwarded-Proto\]]:FIELD:(X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Port Forwarded X-Real-IP X-Client-IP X-Forwarded-Scheme X-Forwarded-Protocol X-Scheme X-Forwarded-SSL X-Forwarded-HTTPS X-HTTPS X-Host)' \
'*--route=[Answer a URL prefix from a pool; repeatable]:PREFIX=TARGET:_default' \
'*--redirect=[Redirect a URL prefix; repeatable]:PREFIX=TARGET:_default' \
'*--wsgi-environ=[Variable for the environ of every request, for WSGI; repeatable]:NAME=VALUE:_default' \
'*--canonical-name=[Name that the site is to be called by\: requests for its other names are redirected there]:NAME:_default' \
'*--pool=[Pool that answers what no route covers; \`none\` for nobody \[the first pool\]]:NAME:_default' \
'*--mount=[URL prefix under which that pool'\''s application is mounted \[/\]]:PREFIX:_default' \
'*--root-path=[URL prefix under which that pool'\''s application is mounted \[/\]]:PREFIX:_default' \
'*--static=[Answer a URL prefix from a directory, or one URL from a file; repeatable]:PREFIX=DIR:_default' \
'*--document-root=[Answer from the files of this directory, and where there is none from the application]:DIR:_files -/' \
'*--directory-index=[File that answers for its directory, as \`index.html\`; repeatable, the first that is there]:FILE:_default' \
'*--static-max-age=[Cache-Control\: max-age of static files]:TIME:_default' \
'*--response-header=[Set, add or remove a field of responses; repeatable]:RULE:_default' \
'*--request-header=[Set, add or remove a field of requests before the application sees them; repeatable]:RULE:_default' \
'*--compress-coding=[Content coding for \`--compress\`, the best liked first; repeatable \[zstd, br, gzip\]]:zstd|br|gzip:(zstd br gzip)' \
'*--compress-type=[Media type for \`--compress\`; repeatable \[text, JSON, XML, JavaScript, WebAssembly, SVG and the like\]]:TYPE:_default' \
'*--compress-min-size=[Smallest body for \`--compress\`, where the length is known beforehand \[1KiB\]]:SIZE:_default' \
'*--compress-level=[How much work \`--compress\` does\: 1 (fast) to 9 (small) \[4\]]:LEVEL:_default' \
'*--error-page=[Page for errors, in the place of the server'\''s own; repeatable]:STATUS=SOURCE:_default' \
'*--error-page-override=[Which errors of applications get the pages of \`--error-page\`]:none|empty|all:(none empty all)' \
'*--processes=[Worker processes \[1\]]:COUNT:_default' \
'*--workers=[Worker processes \[1\]]:COUNT:_default' \
'*--threads=[Threads of a process, for WSGI \[5\]]:COUNT:_default' \
'*--concurrency=[Requests that a process runs at a time, for ASGI \[8192\]]:COUNT:_default' \
'*--max-requests=[Replace a worker after so many requests]:COUNT:_default' \
'*--max-requests-jitter=[Up to so many requests more, by chance, so that workers are not replaced together \[0\]]:COUNT:_default' \
'*--max-worker-memory=[Replace a worker whose resident memory passes this]:SIZE:_default' \
'*--max-worker-age=[Replace a worker that has served for so long]:TIME:_default' \
'*--touch-workers=[Replace the workers when this file is touched; repeatable]:FILE:_files' \
'*--request-timeout=[Longest time a request may run\: 504, and the worker is replaced]:TIME:_default' \
'*--startup-timeout=[Longest time from the start of a worker until it is ready \[60s\]]:TIME:_default' \
'*--hooks=[Python file with functions that workers call\: FILE, or python\:MODULE]:FILE:_default' \
'*--lifespan=[ASGI lifespan\: tried, required or left out \[auto\]]:auto|on|off:(auto on off)' \
'*--loop=[ASGI event loop; auto takes uvloop when it is installed \[auto\]]:auto|asyncio|uvloop:(auto asyncio uvloop)' \
'*--handshake-timeout=[From accepting a connection to the end of its TLS handshake \[10s\]]:TIME:_default' \
'*--header-timeout=[From the first byte of a request to the end of its header block \[10s\]]:TIME:_default' \
'*--max-header-size=[Bytes of a request'\''s header block; 431 beyond \[64KiB\]]:SIZE:_default' \
'*--max-header-count=[Fields of a request'\''s header block; 431 beyond \[100\]]:COUNT:_default' \
'*--max-request-line=[Bytes of the request line; 414 beyond \[8KiB\]]:SIZE:_default' \
'*--max-body-size=[Bytes of a request body; 413 beyond]:SIZE:_default' \
'*--min-body-rate=[Bytes per second below which an upload is cut, once its grace is over \[240\]]:COUNT:_default' \
'*--body-grace=[How long an upload may be slower than that, and its longest silence \[20s\]]:TIME:_default' \
'*--queue-timeout=[Longest wait for a free worker; 503 with Retry-After then \[30s\]]:TIME:_default' \
'*--max-queue=[Requests that may wait for a worker; 503 at once beyond \[10000\]]:COUNT:_default' \
'*--response-timeout=[From handing a request to a worker to the head of its response; 504 then]:TIME:_default' \
'*--upstream-connect-timeout=[Longest time to connect to another server that a route leads to; 502 then \[5s\]]:TIME:_default' \
'*--upstream-timeout=[Longest silence of another server that a route leads to, before and within its response; 504, or the response is cut \[60s\]]:TIME:_default' \
'*--write-timeout=[Longest time in which a client takes no byte of its response \[60s\]]:TIME:_default' \
'*--keep-alive-timeout=[Idle time of a connection between requests \[75s\]]:TIME:_default' \
'*--keep-alive=[Idle time of a connection between requests \[75s\]]:TIME:_default' \
'*--max-keep-alive-requests=[Requests on one connection]:COUNT:_default' \
'*--max-h2-streams=[HTTP/2\: concurrent streams of a connection \[128\]]:COUNT:_default' \
'*--max-h2-resets=[HTTP/2\: streams a client may reset within a minute \[200\]]:COUNT:_default' \
'*--max-h2-settings=[HTTP/2\: SETTINGS frames within a minute \[100\]]:COUNT:_default' \
'*--max-h2-pings=[HTTP/2\: PING frames within a minute \[200\]]:COUNT:_default' \
'*--max-connections=[Open connections altogether \[what the descriptor limit allows, at most 100000\]]:COUNT:_default' \
'*--max-connections-per-client=[Open connections of one client address]:COUNT:_default' \
'*--websocket-max-message=[Largest message, after decompression; close code 1009 beyond \[16MiB\]]:SIZE:_default' \
'*--websocket-ping-interval=[Ping a connection that was silent for so long \[20s\]]:TIME:_default' \
'*--websocket-ping-timeout=[Close it when no pong came for so long \[20s\]]:TIME:_default' \
'*--log-level=[Least level of the server'\''s own log \[info\]]:LEVEL:(error warning info debug)' \
'*--log-format=[Form of the server'\''s own log \[text\]]:text|json:(text json)' \
'*--access-log=[File of the access log, - for standard error \[-\]]:FILE:_files' \
'*--access-log-format=[Form of the access log \[combined\]]:combined|json:(combined json)' \
'*--reload-dir=[Directory watched by --reload; repeatable \[where the application is imported from\]]:DIR:_files -/' \
'*--reload-include=[Pattern of files beside those in .py that --reload watches; repeatable]:PATTERN:_default' \
'*--reload-exclude=[Pattern of files and directories that --reload leaves alone; repeatable]:PATTERN:_default' \
'*--touch-reload=[Reload the server when this file is touched; repeatable]:FILE:_files' \
'*--graceful-timeout=[How long running requests may go on after a stop or a reload \[30s\]]:TIME:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--front-threads=[Threads of the process that talks to the clients \[one per two cores, at most 4\]]:COUNT:_default' \
'*--front-user=[User of the process that talks to clients, by name or number \[that of --user, else nobody\]]:USER:_default' \
'*--front-group=[Group of the process that talks to clients, by name or number \[that of --group, else the user'\''s own\]]:GROUP:_default' \
'*--sandbox=[Whether the kernel refuses the process that talks to clients what it has no use for \[auto\]]:auto|require|off:(auto require off)' \
'*--pid-file=[File that receives the process id]:FILE:_files' \
'*--pid=[File that receives the process id]:FILE:_files' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--factory[APP names a function that returns the application]' \
'--no-factory[The opposite of --factory]' \
'--http[Listen for plain HTTP]' \
'--no-http[Do not listen for plain HTTP]' \
'--sni-strict[Refuse TLS clients that name no site, or none of this server]' \
'--no-sni-strict[The opposite of --sni-strict]' \
'--client-cert-headers[Tell the application of the client'\''s certificate in the fields Client-Cert and Client-Cert-Chain (RFC 9440)]' \
'--no-client-cert-headers[The opposite of --client-cert-headers]' \
'--ssl-environment[Give WSGI applications the SSL_ variables of Apache'\''s mod_ssl]' \
'--no-ssl-environment[The opposite of --ssl-environment]' \
'--ssl-export-pem[Give WSGI applications the certificates as PEM\: SSL_CLIENT_CERT, SSL_CLIENT_CERT_CHAIN_n, SSL_SERVER_CERT]' \
'--no-ssl-export-pem[The opposite of --ssl-export-pem]' \
'--basic-auth-forward[Give the application the Authorization field too]' \
'--no-basic-auth-forward[The opposite of --basic-auth-forward]' \
'--basic-auth-plain[Ask for passwords over plain HTTP too, where \`--allow-http\` serves it\: everybody on the way reads them]' \
'--no-basic-auth-plain[The opposite of --basic-auth-plain]' \
'--allow-http[Serve plain HTTP too instead of redirecting it]' \
'--https-only[The opposite of --allow-http]' \
'--no-allow-http[The opposite of --allow-http]' \
'--no-hsts[The opposite of --hsts]' \
'--proxy-protocol[Take the client'\''s address from the header of the PROXY protocol, version 1 or 2, with which every connection begins]' \
'--no-proxy-protocol[The opposite of --proxy-protocol]' \
'--compress[Compress responses for clients that accept it]' \
'--no-compress[The opposite of --compress]' \
'--compress-secrets[With \`--compress\`, compress also what may hold secrets, for clients with credentials]' \
'--no-compress-secrets[The opposite of --compress-secrets]' \
'--server-header[Send \`Server\: tlsgi\` where the response has no such field]' \
'--no-server-header[Do not send \`Server\: tlsgi\` where the response has no such field]' \
'--date-header[Send \`Date\` where the response has no such field, as RFC 9110 asks for]' \
'--no-date-header[Do not send \`Date\` where the response has no such field, as RFC 9110 asks for]' \
'--preload[Import the application once and fork the workers from that process]' \
'--preload-app[Import the application once and fork the workers from that process]' \
'--no-preload[The opposite of --preload]' \
'--no-access-log[The opposite of --access-log]' \
'--reload[Restart workers when their code changes]' \
'--no-reload[The opposite of --reload]' \
'-h[Print help]' \
'--help[Print help]' \
'--help-all[Print every option]' \
'::app -- What to serve\: module\:attribute, path.py\:attribute, module\:create_app():_default' \
&& ret=0
;;
(config)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
":: :_tlsgi__subcmd__config_commands" \
"*::: :->config" \
&& ret=0

    case $state in
    (config)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tlsgi-config-command-$line[1]:"
        case $line[1] in
            (show)
_arguments "${_arguments_options[@]}" : \
'*--interface=[Calling convention, found by looking at the object \[auto\]]:auto|wsgi|asgi:(auto wsgi asgi)' \
'*--chdir=[Directory to enter before the application is imported]:DIR:_files -/' \
'*--python-path=[Further entry at the front of sys.path; repeatable]:DIR:_files -/' \
'*--pythonpath=[Further entry at the front of sys.path; repeatable]:DIR:_files -/' \
'*--env=[Environment variable for the application; repeatable]:NAME=VALUE:_default' \
'*--python=[Python interpreter that runs the application \[beside the tlsgi command, in VIRTUAL_ENV, or on PATH\]]:FILE:_files' \
'*--virtualenv=[Virtual environment whose Python runs the application]:DIR:_files -/' \
'*--venv=[Virtual environment whose Python runs the application]:DIR:_files -/' \
'*--user=[User that the application runs as, by name or number \[the user who starts the server\]]:USER:_default' \
'*--group=[Group that the application runs as, by name or number \[the user'\''s own\]]:GROUP:_default' \
'*--supplementary-group=[Further group of the application; repeatable \[those that the system has the user in\]]:GROUP:_default' \
'*--umask=[Permissions that files made by the application do not get, in octal \[as the server was started\]]:MODE:_default' \
'*--home=[Home directory that the application finds in HOME \[the user'\''s own, where --user names one\]]:DIR:_files -/' \
'*--host=[Address to listen on, * for every one; repeatable \[127.0.0.1, \:\:1\]]:ADDRESS:_default' \
'*--https-port=[Port for HTTPS \[8443\]]:PORT:_default' \
'*--port=[Port for plain HTTP, which redirects to HTTPS \[8080\]]:PORT:_default' \
'*--http-port=[Port for plain HTTP, which redirects to HTTPS \[8080\]]:PORT:_default' \
'*--bind=[Listen for HTTPS on ADDRESS\:PORT, unix\:PATH or fd\://N; repeatable]:ADDRESS:_default' \
'*--bind-https=[Listen for HTTPS on ADDRESS\:PORT, unix\:PATH or fd\://N; repeatable]:ADDRESS:_default' \
'*--bind-http=[Listen for plain HTTP there; repeatable]:ADDRESS:_default' \
'*--backlog=[Connections that may wait in the kernel to be accepted \[2048\]]:COUNT:_default' \
'*--socket-mode=[Permissions of Unix sockets that are listened on, in octal \[0660\]]:MODE:_default' \
'*--tls-ticket-rotation=[How often the keys of TLS session tickets change \[6h\]]:TIME:_default' \
'*--certfile=[Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable]:FILE:_files' \
'*--ssl-certfile=[Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable]:FILE:_files' \
'*--keyfile=[Private key in PEM; repeatable, one for each --certfile \[the file of --certfile\]]:FILE:_files' \
'*--ssl-keyfile=[Private key in PEM; repeatable, one for each --certfile \[the file of --certfile\]]:FILE:_files' \
'*--key-passphrase-file=[File whose first line opens an encrypted private key]:FILE:_files' \
'*--key-passphrase-command=[Shell command whose first line of output opens an encrypted private key]:COMMAND:_default' \
'*--key-passphrase-credential=[systemd credential whose first line opens an encrypted private key]:NAME:_default' \
'*--chain-file=[Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each]:FILE:_files' \
'*--ssl-chain-file=[Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each]:FILE:_files' \
'*--server-name=[Host name served; repeatable; every name when none is given]:NAME:_default' \
'*--tls-profile=[What TLS offers, as Mozilla recommends (version 6.0) \[intermediate\]]:modern|intermediate:(modern intermediate)' \
'*--tls-min=[Oldest version of TLS that is spoken\: 1.2 or 1.3 \[1.2; 1.3 with --tls-profile modern\]]:1.2|1.3:_default' \
'*--tls-ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--ssl-ciphers=[Cipher suites in OpenSSL'\''s words \[those of --tls-profile\]]:LIST:_default' \
'*--tls-order=[Whose order of cipher suites counts \[auto\]]:auto|client|server:(auto client server)' \
'*--tls-groups=[Groups for the key exchange \[X25519MLKEM768\:X25519\:P-256\:P-384\]]:LIST:_default' \
'*--client-ca=[Authorities whose client certificates are accepted, in PEM]:FILE:_files' \
'*--client-cert=[Whether the whole site asks clients for a certificate \[off\]]:off|request|require:(off request require)' \
'*--client-cert-path=[Require a client certificate under a URL prefix; repeatable]:PREFIX[=FILE]:_default' \
'*--client-allow=[Let in only these holders of a certificate; repeatable, one match is enough]:[PREFIX=]RULE:_default' \
'*--client-crl=[Certificate revocation lists, in PEM or DER; repeatable]:FILE:_files' \
'*--client-crl-expired=[What happens when a revocation list is past its next update \[refuse\]]:refuse|accept:(refuse accept)' \
'*--client-verify-depth=[Most certificates above the client'\''s own, the root among them; at most 7 \[5\]]:COUNT:_default' \
'*--basic-auth-file=[File of users and hashed passwords\: the site asks for both (basic authentication)]:FILE:_files' \
'*--basic-auth-path=[Ask for a password under a URL prefix only; repeatable]:PREFIX[=FILE|none]:_default' \
'*--basic-auth-user=[Let in only this user; repeatable]:[PREFIX=]NAME:_default' \
'*--basic-auth-realm=[What browsers show when they ask for name and password \[Restricted\]]:TEXT:_default' \
'*--public-https-port=[Port that redirects name, where it is not the one listened on \[the port of --https-port\]]:PORT:_default' \
'*--hsts=[Strict-Transport-Security policy of HTTPS responses]:POLICY:_default' \
'*--trusted-proxy=[Proxy whose word counts\: an address, a network, or \`unix\`; repeatable]:NETWORK:_default' \
'*--trust=[Field in which trusted proxies are believed; repeatable \[X-Forwarded-For, X-Forwarded-Proto\]]:FIELD:(X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Port Forwarded X-Real-IP X-Client-IP X-Forwarded-Scheme X-Forwarded-Protocol X-Scheme X-Forwarded-SSL X-Forwarded-HTTPS X-HTTPS X-Host)' \
'*--route=[Answer a URL prefix from a pool; repeatable]:PREFIX=TARGET:_default' \
'*--redirect=[Redirect a URL prefix; repeatable]:PREFIX=TARGET:_default' \
'*--wsgi-environ=[Variable for the environ of every request, for WSGI; repeatable]:NAME=VALUE:_default' \
'*--canonical-name=[Name that the site is to be called by\: requests for its other names are redirected there]:NAME:_default' \
'*--pool=[Pool that answers what no route covers; \`none\` for nobody \[the first pool\]]:NAME:_default' \
'*--mount=[URL prefix under which that pool'\''s application is mounted \[/\]]:PREFIX:_default' \
'*--root-path=[URL prefix under which that pool'\''s application is mounted \[/\]]:PREFIX:_default' \
'*--static=[Answer a URL prefix from a directory, or one URL from a file; repeatable]:PREFIX=DIR:_default' \
'*--document-root=[Answer from the files of this directory, and where there is none from the application]:DIR:_files -/' \
'*--directory-index=[File that answers for its directory, as \`index.html\`; repeatable, the first that is there]:FILE:_default' \
'*--static-max-age=[Cache-Control\: max-age of static files]:TIME:_default' \
'*--response-header=[Set, add or remove a field of responses; repeatable]:RULE:_default' \
'*--request-header=[Set, add or remove a field of requests before the application sees them; repeatable]:RULE:_default' \
'*--compress-coding=[Content coding for \`--compress\`, the best liked first; repeatable \[zstd, br, gzip\]]:zstd|br|gzip:(zstd br gzip)' \
'*--compress-type=[Media type for \`--compress\`; repeatable \[text, JSON, XML, JavaScript, WebAssembly, SVG and the like\]]:TYPE:_default' \
'*--compress-min-size=[Smallest body for \`--compress\`, where the length is known beforehand \[1KiB\]]:SIZE:_default' \
'*--compress-level=[How much work \`--compress\` does\: 1 (fast) to 9 (small) \[4\]]:LEVEL:_default' \
'*--error-page=[Page for errors, in the place of the server'\''s own; repeatable]:STATUS=SOURCE:_default' \
'*--error-page-override=[Which errors of applications get the pages of \`--error-page\`]:none|empty|all:(none empty all)' \
'*--processes=[Worker processes \[1\]]:COUNT:_default' \
'*--workers=[Worker processes \[1\]]:COUNT:_default' \
'*--threads=[Threads of a process, for WSGI \[5\]]:COUNT:_default' \
'*--concurrency=[Requests that a process runs at a time, for ASGI \[8192\]]:COUNT:_default' \
'*--max-requests=[Replace a worker after so many requests]:COUNT:_default' \
'*--max-requests-jitter=[Up to so many requests more, by chance, so that workers are not replaced together \[0\]]:COUNT:_default' \
'*--max-worker-memory=[Replace a worker whose resident memory passes this]:SIZE:_default' \
'*--max-worker-age=[Replace a worker that has served for so long]:TIME:_default' \
'*--touch-workers=[Replace the workers when this file is touched; repeatable]:FILE:_files' \
'*--request-timeout=[Longest time a request may run\: 504, and the worker is replaced]:TIME:_default' \
'*--startup-timeout=[Longest time from the start of a worker until it is ready \[60s\]]:TIME:_default' \
'*--hooks=[Python file with functions that workers call\: FILE, or python\:MODULE]:FILE:_default' \
'*--lifespan=[ASGI lifespan\: tried, required or left out \[auto\]]:auto|on|off:(auto on off)' \
'*--loop=[ASGI event loop; auto takes uvloop when it is installed \[auto\]]:auto|asyncio|uvloop:(auto asyncio uvloop)' \
'*--handshake-timeout=[From accepting a connection to the end of its TLS handshake \[10s\]]:TIME:_default' \
'*--header-timeout=[From the first byte of a request to the end of its header block \[10s\]]:TIME:_default' \
'*--max-header-size=[Bytes of a request'\''s header block; 431 beyond \[64KiB\]]:SIZE:_default' \
'*--max-header-count=[Fields of a request'\''s header block; 431 beyond \[100\]]:COUNT:_default' \
'*--max-request-line=[Bytes of the request line; 414 beyond \[8KiB\]]:SIZE:_default' \
'*--max-body-size=[Bytes of a request body; 413 beyond]:SIZE:_default' \
'*--min-body-rate=[Bytes per second below which an upload is cut, once its grace is over \[240\]]:COUNT:_default' \
'*--body-grace=[How long an upload may be slower than that, and its longest silence \[20s\]]:TIME:_default' \
'*--queue-timeout=[Longest wait for a free worker; 503 with Retry-After then \[30s\]]:TIME:_default' \
'*--max-queue=[Requests that may wait for a worker; 503 at once beyond \[10000\]]:COUNT:_default' \
'*--response-timeout=[From handing a request to a worker to the head of its response; 504 then]:TIME:_default' \
'*--upstream-connect-timeout=[Longest time to connect to another server that a route leads to; 502 then \[5s\]]:TIME:_default' \
'*--upstream-timeout=[Longest silence of another server that a route leads to, before and within its response; 504, or the response is cut \[60s\]]:TIME:_default' \
'*--write-timeout=[Longest time in which a client takes no byte of its response \[60s\]]:TIME:_default' \
'*--keep-alive-timeout=[Idle time of a connection between requests \[75s\]]:TIME:_default' \
'*--keep-alive=[Idle time of a connection between requests \[75s\]]:TIME:_default' \
'*--max-keep-alive-requests=[Requests on one connection]:COUNT:_default' \
'*--max-h2-streams=[HTTP/2\: concurrent streams of a connection \[128\]]:COUNT:_default' \
'*--max-h2-resets=[HTTP/2\: streams a client may reset within a minute \[200\]]:COUNT:_default' \
'*--max-h2-settings=[HTTP/2\: SETTINGS frames within a minute \[100\]]:COUNT:_default' \
'*--max-h2-pings=[HTTP/2\: PING frames within a minute \[200\]]:COUNT:_default' \
'*--max-connections=[Open connections altogether \[what the descriptor limit allows, at most 100000\]]:COUNT:_default' \
'*--max-connections-per-client=[Open connections of one client address]:COUNT:_default' \
'*--websocket-max-message=[Largest message, after decompression; close code 1009 beyond \[16MiB\]]:SIZE:_default' \
'*--websocket-ping-interval=[Ping a connection that was silent for so long \[20s\]]:TIME:_default' \
'*--websocket-ping-timeout=[Close it when no pong came for so long \[20s\]]:TIME:_default' \
'*--log-level=[Least level of the server'\''s own log \[info\]]:LEVEL:(error warning info debug)' \
'*--log-format=[Form of the server'\''s own log \[text\]]:text|json:(text json)' \
'*--access-log=[File of the access log, - for standard error \[-\]]:FILE:_files' \
'*--access-log-format=[Form of the access log \[combined\]]:combined|json:(combined json)' \
'*--reload-dir=[Directory watched by --reload; repeatable \[where the application is imported from\]]:DIR:_files -/' \
'*--reload-include=[Pattern of files beside those in .py that --reload watches; repeatable]:PATTERN:_default' \
'*--reload-exclude=[Pattern of files and directories that --reload leaves alone; repeatable]:PATTERN:_default' \
'*--touch-reload=[Reload the server when this file is touched; repeatable]:FILE:_files' \
'*--graceful-timeout=[How long running requests may go on after a stop or a reload \[30s\]]:TIME:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--front-threads=[Threads of the process that talks to the clients \[one per two cores, at most 4\]]:COUNT:_default' \
'*--front-user=[User of the process that talks to clients, by name or number \[that of --user, else nobody\]]:USER:_default' \
'*--front-group=[Group of the process that talks to clients, by name or number \[that of --group, else the user'\''s own\]]:GROUP:_default' \
'*--sandbox=[Whether the kernel refuses the process that talks to clients what it has no use for \[auto\]]:auto|require|off:(auto require off)' \
'*--pid-file=[File that receives the process id]:FILE:_files' \
'*--pid=[File that receives the process id]:FILE:_files' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--factory[APP names a function that returns the application]' \
'--no-factory[The opposite of --factory]' \
'--http[Listen for plain HTTP]' \
'--no-http[Do not listen for plain HTTP]' \
'--sni-strict[Refuse TLS clients that name no site, or none of this server]' \
'--no-sni-strict[The opposite of --sni-strict]' \
'--client-cert-headers[Tell the application of the client'\''s certificate in the fields Client-Cert and Client-Cert-Chain (RFC 9440)]' \
'--no-client-cert-headers[The opposite of --client-cert-headers]' \
'--ssl-environment[Give WSGI applications the SSL_ variables of Apache'\''s mod_ssl]' \
'--no-ssl-environment[The opposite of --ssl-environment]' \
'--ssl-export-pem[Give WSGI applications the certificates as PEM\: SSL_CLIENT_CERT, SSL_CLIENT_CERT_CHAIN_n, SSL_SERVER_CERT]' \
'--no-ssl-export-pem[The opposite of --ssl-export-pem]' \
'--basic-auth-forward[Give the application the Authorization field too]' \
'--no-basic-auth-forward[The opposite of --basic-auth-forward]' \
'--basic-auth-plain[Ask for passwords over plain HTTP too, where \`--allow-http\` serves it\: everybody on the way reads them]' \
'--no-basic-auth-plain[The opposite of --basic-auth-plain]' \
'--allow-http[Serve plain HTTP too instead of redirecting it]' \
'--https-only[The opposite of --allow-http]' \
'--no-allow-http[The opposite of --allow-http]' \
'--no-hsts[The opposite of --hsts]' \
'--proxy-protocol[Take the client'\''s address from the header of the PROXY protocol, version 1 or 2, with which every connection begins]' \
'--no-proxy-protocol[The opposite of --proxy-protocol]' \
'--compress[Compress responses for clients that accept it]' \
'--no-compress[The opposite of --compress]' \
'--compress-secrets[With \`--compress\`, compress also what may hold secrets, for clients with credentials]' \
'--no-compress-secrets[The opposite of --compress-secrets]' \
'--server-header[Send \`Server\: tlsgi\` where the response has no such field]' \
'--no-server-header[Do not send \`Server\: tlsgi\` where the response has no such field]' \
'--date-header[Send \`Date\` where the response has no such field, as RFC 9110 asks for]' \
'--no-date-header[Do not send \`Date\` where the response has no such field, as RFC 9110 asks for]' \
'--preload[Import the application once and fork the workers from that process]' \
'--preload-app[Import the application once and fork the workers from that process]' \
'--no-preload[The opposite of --preload]' \
'--no-access-log[The opposite of --access-log]' \
'--reload[Restart workers when their code changes]' \
'--no-reload[The opposite of --reload]' \
'-h[Print help]' \
'--help[Print help]' \
'--help-all[Print every option]' \
'--only-written[Print what somebody wrote and nothing else\: a tlsgi.toml to use]' \
'::app -- What to serve\: module\:attribute, path.py\:attribute, module\:create_app():_default' \
&& ret=0
;;
(schema)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
        esac
    ;;
esac
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
':shell:(bash zsh fish)' \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(import)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::words:_default' \
&& ret=0
;;
(python)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::words:_default' \
&& ret=0
;;
(mod_wsgi-express)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::words:_default' \
&& ret=0
;;
(apache)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::words:_default' \
&& ret=0
;;
(uwsgi)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::words:_default' \
&& ret=0
;;
(gunicorn)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::words:_default' \
&& ret=0
;;
(uvicorn)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::words:_default' \
&& ret=0
;;
(hypercorn)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::words:_default' \
&& ret=0
;;
(flask)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::words:_default' \
&& ret=0
;;
(trust)
_arguments "${_arguments_options[@]}" : \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
":: :_tlsgi__subcmd__trust_commands" \
"*::: :->trust" \
&& ret=0

    case $state in
    (trust)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tlsgi-trust-command-$line[1]:"
        case $line[1] in
            (install)
_arguments "${_arguments_options[@]}" : \
'--sysroot=[Work on the system'\''s store below DIR, an image that is being made, and on no other store]:DIR:_files -/' \
'*--permit=[The root may vouch for NAME and all below it as well; one that may not is replaced]:NAME:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--unconstrained[The root may vouch for everything, as mkcert'\''s; one that may not is replaced]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(uninstall)
_arguments "${_arguments_options[@]}" : \
'--sysroot=[Work on the system'\''s store below DIR, an image that is being made, and on no other store]:DIR:_files -/' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(status)
_arguments "${_arguments_options[@]}" : \
'--sysroot=[Work on the system'\''s store below DIR, an image that is being made, and on no other store]:DIR:_files -/' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
        esac
    ;;
esac
;;
(cert)
_arguments "${_arguments_options[@]}" : \
'--days=[Validity in days, at most 825]:DAYS:_default' \
'--cert-file=[Write the certificate to FILE]:FILE:_files' \
'--key-file=[Write the key to FILE; the same FILE for both together]:FILE:_files' \
'--p12-file=[Write the PKCS#12 file to FILE]:FILE:_files' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--client[A certificate for a client, signed by the root for clients]' \
'--rsa[An RSA-2048 key instead of P-256]' \
'--p12[Also write a PKCS#12 file, with a passphrase that is printed once]' \
'-h[Print help]' \
'--help[Print help]' \
'::name -- What the certificate is for:_default' \
":: :_tlsgi__subcmd__cert_commands" \
"*::: :->cert" \
&& ret=0

    case $state in
    (cert)
        words=($line[2] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tlsgi-cert-command-$line[2]:"
        case $line[2] in
            (inspect)
_arguments "${_arguments_options[@]}" : \
'--key=[A private key that should belong to it]:FILE:_files' \
'--key-passphrase-file=[The first line opens the key; a terminal is asked otherwise]:FILE:_files' \
'--key-passphrase-command=[The first line that this prints opens the key]:COMMAND:_default' \
'*--name=[A name that it should be for; repeatable]:NAME:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--json[As JSON]' \
'-h[Print help]' \
'--help[Print help]' \
':targets -- What to look at:_default' \
&& ret=0
;;
        esac
    ;;
esac
;;
(mkcert)
_arguments "${_arguments_options[@]}" : \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
'*::argument -- A flag or a name, as mkcert takes them:_default' \
&& ret=0
;;
(ca)
_arguments "${_arguments_options[@]}" : \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
":: :_tlsgi__subcmd__ca_commands" \
"*::: :->ca" \
&& ret=0

    case $state in
    (ca)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tlsgi-ca-command-$line[1]:"
        case $line[1] in
            (init)
_arguments "${_arguments_options[@]}" : \
'--dir=[The CA'\''s directory; private-ca in the state directory where none is named]:DIR:_files' \
'--key-passphrase-file=[The first line opens the CA'\''s key; a terminal is asked otherwise]:FILE:_files' \
'--key-passphrase-command=[The first line that this prints opens the CA'\''s key]:COMMAND:_default' \
'--name=[Common name, as trust stores show it]:TEXT:_default' \
'--organization=[Organisation]:TEXT:_default' \
'--key=[Kind of the key]:KIND:(p256 p384 rsa2048 rsa3072 rsa4096 ed25519)' \
'--days=[How long it is valid]:DAYS:_default' \
'--from=[Take over this root]:CERT:_files' \
'--from-key=[Its key; may be encrypted]:KEY:_files' \
'(--from)*--permit=[Issue for these names, with all below them, and networks alone\: a critical name constraint, which clients check; repeatable]:NAME|NETWORK:_default' \
'--crl-url=[Where you publish the revocation list (http\://…)\: certificates issued from now on say so]:URL:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--encrypt-key[Protect its key with a passphrase]' \
'--reissue[Give that root a new certificate of the same name and key]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(issue)
_arguments "${_arguments_options[@]}" : \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
":: :_tlsgi__subcmd__ca__subcmd__issue_commands" \
"*::: :->issue" \
&& ret=0

    case $state in
    (issue)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tlsgi-ca-issue-command-$line[1]:"
        case $line[1] in
            (server)
_arguments "${_arguments_options[@]}" : \
'--dir=[The CA'\''s directory; private-ca in the state directory where none is named]:DIR:_files' \
'--key-passphrase-file=[The first line opens the CA'\''s key; a terminal is asked otherwise]:FILE:_files' \
'--key-passphrase-command=[The first line that this prints opens the CA'\''s key]:COMMAND:_default' \
'--key=[Kind of the key]:KIND:(p256 p384 rsa2048 rsa3072 rsa4096 ed25519)' \
'--days=[How long it is valid; at most 825 for a server]:DAYS:_default' \
'--cert-file=[Where the certificate goes; NAME.pem where none is named]:FILE:_files' \
'--key-file=[Where the key goes; NAME-key.pem where none is named]:FILE:_files' \
'--p12=[Also a PKCS#12 file\: modern, or apple (legacy) for what reads nothing newer]::FORM:(modern apple legacy)' \
'--p12-file=[Where that goes; NAME.p12 where none is named]:FILE:_files' \
'--p12-passphrase-file=[The first line is its passphrase; a random one is made and shown once otherwise]:FILE:_files' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--force[Replace files that are there]' \
'-h[Print help]' \
'--help[Print help]' \
':names -- Host names, addresses and URIs; the first is also the common name:_default' \
&& ret=0
;;
(client)
_arguments "${_arguments_options[@]}" : \
'--dir=[The CA'\''s directory; private-ca in the state directory where none is named]:DIR:_files' \
'--key-passphrase-file=[The first line opens the CA'\''s key; a terminal is asked otherwise]:FILE:_files' \
'--key-passphrase-command=[The first line that this prints opens the CA'\''s key]:COMMAND:_default' \
'--key=[Kind of the key]:KIND:(p256 p384 rsa2048 rsa3072 rsa4096 ed25519)' \
'--days=[How long it is valid; at most 825 for a server]:DAYS:_default' \
'--cert-file=[Where the certificate goes; NAME.pem where none is named]:FILE:_files' \
'--key-file=[Where the key goes; NAME-key.pem where none is named]:FILE:_files' \
'--p12=[Also a PKCS#12 file\: modern, or apple (legacy) for what reads nothing newer]::FORM:(modern apple legacy)' \
'--p12-file=[Where that goes; NAME.p12 where none is named]:FILE:_files' \
'--p12-passphrase-file=[The first line is its passphrase; a random one is made and shown once otherwise]:FILE:_files' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--force[Replace files that are there]' \
'-h[Print help]' \
'--help[Print help]' \
':names -- A person, a machine, a mail address or a URI such as spiffe\://example.org/billing:_default' \
&& ret=0
;;
        esac
    ;;
esac
;;
(sign)
_arguments "${_arguments_options[@]}" : \
'--dir=[The CA'\''s directory; private-ca in the state directory where none is named]:DIR:_files' \
'--key-passphrase-file=[The first line opens the CA'\''s key; a terminal is asked otherwise]:FILE:_files' \
'--key-passphrase-command=[The first line that this prints opens the CA'\''s key]:COMMAND:_default' \
'--days=[How long it is valid; at most 825 for a server]:DAYS:_default' \
'--cert-file=[Where the certificate goes; NAME.pem where none is named]:FILE:_files' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'(--client)--server[For a server (the default, unless the request asks for clients only)]' \
'--client[For a client]' \
'--force[Replace files that are there]' \
'-h[Print help]' \
'--help[Print help]' \
':request -- The request, PEM or DER; - reads standard input:_files' \
'::names -- Names instead of those that the request asks for:_default' \
&& ret=0
;;
(revoke)
_arguments "${_arguments_options[@]}" : \
'--dir=[The CA'\''s directory; private-ca in the state directory where none is named]:DIR:_files' \
'--key-passphrase-file=[The first line opens the CA'\''s key; a terminal is asked otherwise]:FILE:_files' \
'--key-passphrase-command=[The first line that this prints opens the CA'\''s key]:COMMAND:_default' \
'--reason=[Why]:REASON:(unspecified key-compromise affiliation-changed superseded cessation-of-operation)' \
'--crl-days=[Days after which clients want a newer revocation list]:DAYS:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
':what -- Serials, or files of certificates:_default' \
&& ret=0
;;
(crl)
_arguments "${_arguments_options[@]}" : \
'--dir=[The CA'\''s directory; private-ca in the state directory where none is named]:DIR:_files' \
'--key-passphrase-file=[The first line opens the CA'\''s key; a terminal is asked otherwise]:FILE:_files' \
'--key-passphrase-command=[The first line that this prints opens the CA'\''s key]:COMMAND:_default' \
'--crl-days=[Days after which clients want a newer revocation list]:DAYS:_default' \
'--crl-url=[Where you publish the revocation list (http\://…)\: certificates issued from now on say so]:URL:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'--dir=[The CA'\''s directory; private-ca in the state directory where none is named]:DIR:_files' \
'--key-passphrase-file=[The first line opens the CA'\''s key; a terminal is asked otherwise]:FILE:_files' \
'--key-passphrase-command=[The first line that this prints opens the CA'\''s key]:COMMAND:_default' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--json[As JSON]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(renew)
_arguments "${_arguments_options[@]}" : \
'--dir=[The CA'\''s directory; private-ca in the state directory where none is named]:DIR:_files' \
'--key-passphrase-file=[The first line opens the CA'\''s key; a terminal is asked otherwise]:FILE:_files' \
'--key-passphrase-command=[The first line that this prints opens the CA'\''s key]:COMMAND:_default' \
'--key=[Kind of the new key]:KIND:(p256 p384 rsa2048 rsa3072 rsa4096 ed25519)' \
'--days=[How long it is valid; as long as before]:DAYS:_default' \
'--cert-file=[Where the certificate goes; NAME.pem where none is named]:FILE:_files' \
'--p12=[Also a PKCS#12 file\: modern, or apple (legacy) for what reads nothing newer]::FORM:(modern apple legacy)' \
'--p12-file=[Where that goes; NAME.p12 where none is named]:FILE:_files' \
'--p12-passphrase-file=[The first line is its passphrase; a random one is made and shown once otherwise]:FILE:_files' \
'*--state-dir=[Directory for the local CA and other state \[~/.local/state/tlsgi; /var/lib/tlsgi for root\]]:DIR:_files -/' \
'*--config=[Configuration file; ./tlsgi.toml when it exists]:FILE:_default' \
'--due[All whose last third of life has begun]' \
'--root[The CA'\''s own certificate; name and key stay, so what it issued stays valid]' \
'--keep-key[For the same key]' \
'--force[Replace files that are there]' \
'-h[Print help]' \
'--help[Print help]' \
'::what -- Serials, or files of certificates:_default' \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_tlsgi_commands] )) ||
_tlsgi_commands() {
    local commands; commands=(
'serve:Serve an application (the default)' \
'check:Check configuration, certificate and application without serving' \
'config:Look at the configuration' \
'completions:Print completions for a shell' \
'man:Print the manual page' \
'import:Print another server'\''s command line as a tlsgi.toml' \
'python:Run a Python program, with tlsgi for the server that it starts' \
'mod_wsgi-express:Serve as mod_wsgi-express start-server does' \
'apache:Serve as Apache with mod_wsgi does, from its configuration' \
'uwsgi:Serve as uwsgi does, with its options and files' \
'gunicorn:Serve as gunicorn does' \
'uvicorn:Serve as uvicorn does' \
'hypercorn:Serve as hypercorn does' \
'flask:Serve as flask run does' \
'trust:Make browsers and other programs of this machine trust the local root' \
'cert:Issue a certificate from the local root into files' \
'mkcert:Do what mkcert does, with its flags' \
'ca:Run a private CA' \
    )
    _describe -t commands 'tlsgi commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__apache_commands] )) ||
_tlsgi__subcmd__apache_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi apache commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca_commands] )) ||
_tlsgi__subcmd__ca_commands() {
    local commands; commands=(
'init:Make a CA, or take over one that other tools made' \
'issue:Issue a certificate with a new key' \
'sign:Issue a certificate for a request (CSR)' \
'revoke:Take certificates back, and write the revocation list' \
'crl:Write the revocation list anew' \
'list:Say what was issued, and what became of it' \
'renew:Issue certificates anew, with the same names and for new keys' \
    )
    _describe -t commands 'tlsgi ca commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca__subcmd__crl_commands] )) ||
_tlsgi__subcmd__ca__subcmd__crl_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi ca crl commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca__subcmd__init_commands] )) ||
_tlsgi__subcmd__ca__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi ca init commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca__subcmd__issue_commands] )) ||
_tlsgi__subcmd__ca__subcmd__issue_commands() {
    local commands; commands=(
'server:Issue a certificate for a server' \
'client:Issue a certificate for a client' \
    )
    _describe -t commands 'tlsgi ca issue commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca__subcmd__issue__subcmd__client_commands] )) ||
_tlsgi__subcmd__ca__subcmd__issue__subcmd__client_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi ca issue client commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca__subcmd__issue__subcmd__server_commands] )) ||
_tlsgi__subcmd__ca__subcmd__issue__subcmd__server_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi ca issue server commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca__subcmd__list_commands] )) ||
_tlsgi__subcmd__ca__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi ca list commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca__subcmd__renew_commands] )) ||
_tlsgi__subcmd__ca__subcmd__renew_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi ca renew commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca__subcmd__revoke_commands] )) ||
_tlsgi__subcmd__ca__subcmd__revoke_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi ca revoke commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__ca__subcmd__sign_commands] )) ||
_tlsgi__subcmd__ca__subcmd__sign_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi ca sign commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__cert_commands] )) ||
_tlsgi__subcmd__cert_commands() {
    local commands; commands=(
'inspect:Say what is to be known about a certificate, in a file or on a server; ends with 4 where clients refuse it' \
    )
    _describe -t commands 'tlsgi cert commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__cert__subcmd__inspect_commands] )) ||
_tlsgi__subcmd__cert__subcmd__inspect_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi cert inspect commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__check_commands] )) ||
_tlsgi__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi check commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__completions_commands] )) ||
_tlsgi__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi completions commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__config_commands] )) ||
_tlsgi__subcmd__config_commands() {
    local commands; commands=(
'show:Print every value in use and where it was written' \
'schema:Print the JSON schema of tlsgi.toml' \
    )
    _describe -t commands 'tlsgi config commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__config__subcmd__schema_commands] )) ||
_tlsgi__subcmd__config__subcmd__schema_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi config schema commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__config__subcmd__show_commands] )) ||
_tlsgi__subcmd__config__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi config show commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__flask_commands] )) ||
_tlsgi__subcmd__flask_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi flask commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__gunicorn_commands] )) ||
_tlsgi__subcmd__gunicorn_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi gunicorn commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__hypercorn_commands] )) ||
_tlsgi__subcmd__hypercorn_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi hypercorn commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__import_commands] )) ||
_tlsgi__subcmd__import_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi import commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__man_commands] )) ||
_tlsgi__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi man commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__mkcert_commands] )) ||
_tlsgi__subcmd__mkcert_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi mkcert commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__mod_wsgi-express_commands] )) ||
_tlsgi__subcmd__mod_wsgi-express_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi mod_wsgi-express commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__python_commands] )) ||
_tlsgi__subcmd__python_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi python commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__serve_commands] )) ||
_tlsgi__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi serve commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__trust_commands] )) ||
_tlsgi__subcmd__trust_commands() {
    local commands; commands=(
'install:Put the local root into the trust stores of this machine' \
'uninstall:Take the local root out of the trust stores of this machine' \
'status:Look into every trust store and say whether the local root is trusted' \
    )
    _describe -t commands 'tlsgi trust commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__trust__subcmd__install_commands] )) ||
_tlsgi__subcmd__trust__subcmd__install_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi trust install commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__trust__subcmd__status_commands] )) ||
_tlsgi__subcmd__trust__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi trust status commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__trust__subcmd__uninstall_commands] )) ||
_tlsgi__subcmd__trust__subcmd__uninstall_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi trust uninstall commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__uvicorn_commands] )) ||
_tlsgi__subcmd__uvicorn_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi uvicorn commands' commands "$@"
}
(( $+functions[_tlsgi__subcmd__uwsgi_commands] )) ||
_tlsgi__subcmd__uwsgi_commands() {
    local commands; commands=()
    _describe -t commands 'tlsgi uwsgi commands' commands "$@"
}

if [ "$funcstack[1]" = "_tlsgi" ]; then
    _tlsgi "$@"
else
    compdef _tlsgi tlsgi
fi
