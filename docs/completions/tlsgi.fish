# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_tlsgi_global_optspecs
    string join \n interface= factory no-factory chdir= python-path= pythonpath= env= python= virtualenv= venv= user= group= supplementary-group= umask= home= host= https-port= port= http-port= http no-http bind= bind-https= bind-http= backlog= socket-mode= sni-strict no-sni-strict tls-ticket-rotation= certfile= ssl-certfile= keyfile= ssl-keyfile= key-passphrase-file= key-passphrase-command= key-passphrase-credential= chain-file= ssl-chain-file= server-name= tls-profile= tls-min= tls-ciphers= ciphers= ssl-ciphers= tls-order= tls-groups= client-ca= client-cert= client-cert-path= client-allow= client-crl= client-crl-expired= client-verify-depth= client-cert-headers no-client-cert-headers ssl-environment no-ssl-environment ssl-export-pem no-ssl-export-pem basic-auth-file= basic-auth-path= basic-auth-user= basic-auth-realm= basic-auth-forward no-basic-auth-forward basic-auth-plain no-basic-auth-plain allow-http https-only no-allow-http public-https-port= hsts= no-hsts trusted-proxy= trust= proxy-protocol no-proxy-protocol route= redirect= wsgi-environ= canonical-name= pool= mount= root-path= static= document-root= directory-index= static-max-age= response-header= request-header= compress no-compress compress-coding= compress-type= compress-min-size= compress-level= compress-secrets no-compress-secrets error-page= error-page-override= server-header no-server-header date-header no-date-header processes= workers= threads= concurrency= max-requests= max-requests-jitter= max-worker-memory= max-worker-age= touch-workers= request-timeout= startup-timeout= preload preload-app no-preload hooks= lifespan= loop= handshake-timeout= header-timeout= max-header-size= max-header-count= max-request-line= max-body-size= min-body-rate= body-grace= queue-timeout= max-queue= response-timeout= upstream-connect-timeout= upstream-timeout= write-timeout= keep-alive-timeout= keep-alive= max-keep-alive-requests= max-h2-streams= max-h2-resets= max-h2-settings= max-h2-pings= max-connections= max-connections-per-client= websocket-max-message= websocket-ping-interval= websocket-ping-timeout= log-level= log-format= access-log= no-access-log access-log-format= reload no-reload reload-dir= reload-include= reload-exclude= touch-reload= graceful-timeout= state-dir= front-threads= front-user= front-group= sandbox= pid-file= pid= config= h/help help-all V/version
end

function __fish_tlsgi_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_tlsgi_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_tlsgi_using_subcommand
    set -l cmd (__fish_tlsgi_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c tlsgi -n "__fish_tlsgi_needs_command" -l interface -d 'Calling convention, found by looking at the object [auto]' -r -f -a "auto\t''
wsgi\t''
asgi\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l chdir -d 'Directory to enter before the application is imported' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l python-path -d 'Further entry at the front of sys.path; repeatable' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l pythonpath -d 'Further entry at the front of sys.path; repeatable' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l env -d 'Environment variable for the application; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l python -d 'Python interpreter that runs the application [beside the tlsgi command, in VIRTUAL_ENV, or on PATH]' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l virtualenv -d 'Virtual environment whose Python runs the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l venv -d 'Virtual environment whose Python runs the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l user -d 'User that the application runs as, by name or number [the user who starts the server]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l group -d 'Group that the application runs as, by name or number [the user\'s own]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l supplementary-group -d 'Further group of the application; repeatable [those that the system has the user in]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l umask -d 'Permissions that files made by the application do not get, in octal [as the server was started]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l home -d 'Home directory that the application finds in HOME [the user\'s own, where --user names one]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l host -d 'Address to listen on, * for every one; repeatable [127.0.0.1, ::1]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l https-port -d 'Port for HTTPS [8443]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l port -d 'Port for plain HTTP, which redirects to HTTPS [8080]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l http-port -d 'Port for plain HTTP, which redirects to HTTPS [8080]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l bind -d 'Listen for HTTPS on ADDRESS:PORT, unix:PATH or fd://N; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l bind-https -d 'Listen for HTTPS on ADDRESS:PORT, unix:PATH or fd://N; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l bind-http -d 'Listen for plain HTTP there; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l backlog -d 'Connections that may wait in the kernel to be accepted [2048]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l socket-mode -d 'Permissions of Unix sockets that are listened on, in octal [0660]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l tls-ticket-rotation -d 'How often the keys of TLS session tickets change [6h]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l certfile -d 'Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l ssl-certfile -d 'Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l keyfile -d 'Private key in PEM; repeatable, one for each --certfile [the file of --certfile]' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l ssl-keyfile -d 'Private key in PEM; repeatable, one for each --certfile [the file of --certfile]' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l key-passphrase-file -d 'File whose first line opens an encrypted private key' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l key-passphrase-command -d 'Shell command whose first line of output opens an encrypted private key' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l key-passphrase-credential -d 'systemd credential whose first line opens an encrypted private key' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l chain-file -d 'Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l ssl-chain-file -d 'Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l server-name -d 'Host name served; repeatable; every name when none is given' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l tls-profile -d 'What TLS offers, as Mozilla recommends (version 6.0) [intermediate]' -r -f -a "modern\t''
intermediate\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l tls-min -d 'Oldest version of TLS that is spoken: 1.2 or 1.3 [1.2; 1.3 with --tls-profile modern]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l tls-ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l ssl-ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l tls-order -d 'Whose order of cipher suites counts [auto]' -r -f -a "auto\t''
client\t''
server\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l tls-groups -d 'Groups for the key exchange [X25519MLKEM768:X25519:P-256:P-384]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l client-ca -d 'Authorities whose client certificates are accepted, in PEM' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l client-cert -d 'Whether the whole site asks clients for a certificate [off]' -r -f -a "off\t''
request\t''
require\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l client-cert-path -d 'Require a client certificate under a URL prefix; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l client-allow -d 'Let in only these holders of a certificate; repeatable, one match is enough' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l client-crl -d 'Certificate revocation lists, in PEM or DER; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l client-crl-expired -d 'What happens when a revocation list is past its next update [refuse]' -r -f -a "refuse\t''
accept\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l client-verify-depth -d 'Most certificates above the client\'s own, the root among them; at most 7 [5]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l basic-auth-file -d 'File of users and hashed passwords: the site asks for both (basic authentication)' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l basic-auth-path -d 'Ask for a password under a URL prefix only; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l basic-auth-user -d 'Let in only this user; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l basic-auth-realm -d 'What browsers show when they ask for name and password [Restricted]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l public-https-port -d 'Port that redirects name, where it is not the one listened on [the port of --https-port]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l hsts -d 'Strict-Transport-Security policy of HTTPS responses' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l trusted-proxy -d 'Proxy whose word counts: an address, a network, or `unix`; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l trust -d 'Field in which trusted proxies are believed; repeatable [X-Forwarded-For, X-Forwarded-Proto]' -r -f -a "X-Forwarded-For\t''
X-Forwarded-Proto\t''
X-Forwarded-Host\t''
X-Forwarded-Port\t''
Forwarded\t''
X-Real-IP\t''
X-Client-IP\t''
X-Forwarded-Scheme\t''
X-Forwarded-Protocol\t''
X-Scheme\t''
X-Forwarded-SSL\t''
X-Forwarded-HTTPS\t''
X-HTTPS\t''
X-Host\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l route -d 'Answer a URL prefix from a pool; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l redirect -d 'Redirect a URL prefix; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l wsgi-environ -d 'Variable for the environ of every request, for WSGI; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l canonical-name -d 'Name that the site is to be called by: requests for its other names are redirected there' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l pool -d 'Pool that answers what no route covers; `none` for nobody [the first pool]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l mount -d 'URL prefix under which that pool\'s application is mounted [/]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l root-path -d 'URL prefix under which that pool\'s application is mounted [/]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l static -d 'Answer a URL prefix from a directory, or one URL from a file; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l document-root -d 'Answer from the files of this directory, and where there is none from the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l directory-index -d 'File that answers for its directory, as `index.html`; repeatable, the first that is there' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l static-max-age -d 'Cache-Control: max-age of static files' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l response-header -d 'Set, add or remove a field of responses; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l request-header -d 'Set, add or remove a field of requests before the application sees them; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l compress-coding -d 'Content coding for `--compress`, the best liked first; repeatable [zstd, br, gzip]' -r -f -a "zstd\t''
br\t''
gzip\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l compress-type -d 'Media type for `--compress`; repeatable [text, JSON, XML, JavaScript, WebAssembly, SVG and the like]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l compress-min-size -d 'Smallest body for `--compress`, where the length is known beforehand [1KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l compress-level -d 'How much work `--compress` does: 1 (fast) to 9 (small) [4]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l error-page -d 'Page for errors, in the place of the server\'s own; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l error-page-override -d 'Which errors of applications get the pages of `--error-page`' -r -f -a "none\t''
empty\t''
all\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l processes -d 'Worker processes [1]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l workers -d 'Worker processes [1]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l threads -d 'Threads of a process, for WSGI [5]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l concurrency -d 'Requests that a process runs at a time, for ASGI [8192]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-requests -d 'Replace a worker after so many requests' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-requests-jitter -d 'Up to so many requests more, by chance, so that workers are not replaced together [0]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-worker-memory -d 'Replace a worker whose resident memory passes this' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-worker-age -d 'Replace a worker that has served for so long' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l touch-workers -d 'Replace the workers when this file is touched; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l request-timeout -d 'Longest time a request may run: 504, and the worker is replaced' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l startup-timeout -d 'Longest time from the start of a worker until it is ready [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l hooks -d 'Python file with functions that workers call: FILE, or python:MODULE' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l lifespan -d 'ASGI lifespan: tried, required or left out [auto]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l loop -d 'ASGI event loop; auto takes uvloop when it is installed [auto]' -r -f -a "auto\t''
asyncio\t''
uvloop\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l handshake-timeout -d 'From accepting a connection to the end of its TLS handshake [10s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l header-timeout -d 'From the first byte of a request to the end of its header block [10s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-header-size -d 'Bytes of a request\'s header block; 431 beyond [64KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-header-count -d 'Fields of a request\'s header block; 431 beyond [100]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-request-line -d 'Bytes of the request line; 414 beyond [8KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-body-size -d 'Bytes of a request body; 413 beyond' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l min-body-rate -d 'Bytes per second below which an upload is cut, once its grace is over [240]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l body-grace -d 'How long an upload may be slower than that, and its longest silence [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l queue-timeout -d 'Longest wait for a free worker; 503 with Retry-After then [30s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-queue -d 'Requests that may wait for a worker; 503 at once beyond [10000]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l response-timeout -d 'From handing a request to a worker to the head of its response; 504 then' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l upstream-connect-timeout -d 'Longest time to connect to another server that a route leads to; 502 then [5s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l upstream-timeout -d 'Longest silence of another server that a route leads to, before and within its response; 504, or the response is cut [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l write-timeout -d 'Longest time in which a client takes no byte of its response [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l keep-alive-timeout -d 'Idle time of a connection between requests [75s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l keep-alive -d 'Idle time of a connection between requests [75s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-keep-alive-requests -d 'Requests on one connection' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-h2-streams -d 'HTTP/2: concurrent streams of a connection [128]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-h2-resets -d 'HTTP/2: streams a client may reset within a minute [200]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-h2-settings -d 'HTTP/2: SETTINGS frames within a minute [100]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-h2-pings -d 'HTTP/2: PING frames within a minute [200]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-connections -d 'Open connections altogether [what the descriptor limit allows, at most 100000]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l max-connections-per-client -d 'Open connections of one client address' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l websocket-max-message -d 'Largest message, after decompression; close code 1009 beyond [16MiB]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l websocket-ping-interval -d 'Ping a connection that was silent for so long [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l websocket-ping-timeout -d 'Close it when no pong came for so long [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l log-level -d 'Least level of the server\'s own log [info]' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l log-format -d 'Form of the server\'s own log [text]' -r -f -a "text\t''
json\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l access-log -d 'File of the access log, - for standard error [-]' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l access-log-format -d 'Form of the access log [combined]' -r -f -a "combined\t''
json\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l reload-dir -d 'Directory watched by --reload; repeatable [where the application is imported from]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l reload-include -d 'Pattern of files beside those in .py that --reload watches; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l reload-exclude -d 'Pattern of files and directories that --reload leaves alone; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l touch-reload -d 'Reload the server when this file is touched; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l graceful-timeout -d 'How long running requests may go on after a stop or a reload [30s]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l front-threads -d 'Threads of the process that talks to the clients [one per two cores, at most 4]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l front-user -d 'User of the process that talks to clients, by name or number [that of --user, else nobody]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l front-group -d 'Group of the process that talks to clients, by name or number [that of --group, else the user\'s own]' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l sandbox -d 'Whether the kernel refuses the process that talks to clients what it has no use for [auto]' -r -f -a "auto\t''
require\t''
off\t''"
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l pid-file -d 'File that receives the process id' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l pid -d 'File that receives the process id' -r -F
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l factory -d 'APP names a function that returns the application'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-factory -d 'The opposite of --factory'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l http -d 'Listen for plain HTTP'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-http -d 'Do not listen for plain HTTP'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l sni-strict -d 'Refuse TLS clients that name no site, or none of this server'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-sni-strict -d 'The opposite of --sni-strict'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l client-cert-headers -d 'Tell the application of the client\'s certificate in the fields Client-Cert and Client-Cert-Chain (RFC 9440)'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-client-cert-headers -d 'The opposite of --client-cert-headers'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l ssl-environment -d 'Give WSGI applications the SSL_ variables of Apache\'s mod_ssl'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-ssl-environment -d 'The opposite of --ssl-environment'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l ssl-export-pem -d 'Give WSGI applications the certificates as PEM: SSL_CLIENT_CERT, SSL_CLIENT_CERT_CHAIN_n, SSL_SERVER_CERT'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-ssl-export-pem -d 'The opposite of --ssl-export-pem'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l basic-auth-forward -d 'Give the application the Authorization field too'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-basic-auth-forward -d 'The opposite of --basic-auth-forward'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l basic-auth-plain -d 'Ask for passwords over plain HTTP too, where `--allow-http` serves it: everybody on the way reads them'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-basic-auth-plain -d 'The opposite of --basic-auth-plain'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l allow-http -d 'Serve plain HTTP too instead of redirecting it'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l https-only -d 'The opposite of --allow-http'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-allow-http -d 'The opposite of --allow-http'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-hsts -d 'The opposite of --hsts'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l proxy-protocol -d 'Take the client\'s address from the header of the PROXY protocol, version 1 or 2, with which every connection begins'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-proxy-protocol -d 'The opposite of --proxy-protocol'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l compress -d 'Compress responses for clients that accept it'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-compress -d 'The opposite of --compress'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l compress-secrets -d 'With `--compress`, compress also what may hold secrets, for clients with credentials'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-compress-secrets -d 'The opposite of --compress-secrets'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l server-header -d 'Send `Server: tlsgi` where the response has no such field'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-server-header -d 'Do not send `Server: tlsgi` where the response has no such field'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l date-header -d 'Send `Date` where the response has no such field, as RFC 9110 asks for'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-date-header -d 'Do not send `Date` where the response has no such field, as RFC 9110 asks for'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l preload -d 'Import the application once and fork the workers from that process'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l preload-app -d 'Import the application once and fork the workers from that process'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-preload -d 'The opposite of --preload'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-access-log -d 'The opposite of --access-log'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l reload -d 'Restart workers when their code changes'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l no-reload -d 'The opposite of --reload'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -l help-all -d 'Print every option'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -s V -l version -d 'Print the version'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "serve" -d 'Serve an application (the default)'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "check" -d 'Check configuration, certificate and application without serving'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "config" -d 'Look at the configuration'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "completions" -d 'Print completions for a shell'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "man" -d 'Print the manual page'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "import" -d 'Print another server\'s command line as a tlsgi.toml'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "python" -d 'Run a Python program, with tlsgi for the server that it starts'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "mod_wsgi-express" -d 'Serve as mod_wsgi-express start-server does'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "apache" -d 'Serve as Apache with mod_wsgi does, from its configuration'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "uwsgi" -d 'Serve as uwsgi does, with its options and files'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "gunicorn" -d 'Serve as gunicorn does'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "uvicorn" -d 'Serve as uvicorn does'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "hypercorn" -d 'Serve as hypercorn does'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "flask" -d 'Serve as flask run does'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "trust" -d 'Make browsers and other programs of this machine trust the local root'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "cert" -d 'Issue a certificate from the local root into files'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "mkcert" -d 'Do what mkcert does, with its flags'
complete -c tlsgi -n "__fish_tlsgi_needs_command" -a "ca" -d 'Run a private CA'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l interface -d 'Calling convention, found by looking at the object [auto]' -r -f -a "auto\t''
wsgi\t''
asgi\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l chdir -d 'Directory to enter before the application is imported' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l python-path -d 'Further entry at the front of sys.path; repeatable' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l pythonpath -d 'Further entry at the front of sys.path; repeatable' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l env -d 'Environment variable for the application; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l python -d 'Python interpreter that runs the application [beside the tlsgi command, in VIRTUAL_ENV, or on PATH]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l virtualenv -d 'Virtual environment whose Python runs the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l venv -d 'Virtual environment whose Python runs the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l user -d 'User that the application runs as, by name or number [the user who starts the server]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l group -d 'Group that the application runs as, by name or number [the user\'s own]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l supplementary-group -d 'Further group of the application; repeatable [those that the system has the user in]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l umask -d 'Permissions that files made by the application do not get, in octal [as the server was started]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l home -d 'Home directory that the application finds in HOME [the user\'s own, where --user names one]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l host -d 'Address to listen on, * for every one; repeatable [127.0.0.1, ::1]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l https-port -d 'Port for HTTPS [8443]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l port -d 'Port for plain HTTP, which redirects to HTTPS [8080]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l http-port -d 'Port for plain HTTP, which redirects to HTTPS [8080]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l bind -d 'Listen for HTTPS on ADDRESS:PORT, unix:PATH or fd://N; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l bind-https -d 'Listen for HTTPS on ADDRESS:PORT, unix:PATH or fd://N; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l bind-http -d 'Listen for plain HTTP there; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l backlog -d 'Connections that may wait in the kernel to be accepted [2048]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l socket-mode -d 'Permissions of Unix sockets that are listened on, in octal [0660]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l tls-ticket-rotation -d 'How often the keys of TLS session tickets change [6h]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l certfile -d 'Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l ssl-certfile -d 'Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l keyfile -d 'Private key in PEM; repeatable, one for each --certfile [the file of --certfile]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l ssl-keyfile -d 'Private key in PEM; repeatable, one for each --certfile [the file of --certfile]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l key-passphrase-file -d 'File whose first line opens an encrypted private key' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l key-passphrase-command -d 'Shell command whose first line of output opens an encrypted private key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l key-passphrase-credential -d 'systemd credential whose first line opens an encrypted private key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l chain-file -d 'Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l ssl-chain-file -d 'Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l server-name -d 'Host name served; repeatable; every name when none is given' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l tls-profile -d 'What TLS offers, as Mozilla recommends (version 6.0) [intermediate]' -r -f -a "modern\t''
intermediate\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l tls-min -d 'Oldest version of TLS that is spoken: 1.2 or 1.3 [1.2; 1.3 with --tls-profile modern]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l tls-ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l ssl-ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l tls-order -d 'Whose order of cipher suites counts [auto]' -r -f -a "auto\t''
client\t''
server\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l tls-groups -d 'Groups for the key exchange [X25519MLKEM768:X25519:P-256:P-384]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l client-ca -d 'Authorities whose client certificates are accepted, in PEM' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l client-cert -d 'Whether the whole site asks clients for a certificate [off]' -r -f -a "off\t''
request\t''
require\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l client-cert-path -d 'Require a client certificate under a URL prefix; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l client-allow -d 'Let in only these holders of a certificate; repeatable, one match is enough' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l client-crl -d 'Certificate revocation lists, in PEM or DER; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l client-crl-expired -d 'What happens when a revocation list is past its next update [refuse]' -r -f -a "refuse\t''
accept\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l client-verify-depth -d 'Most certificates above the client\'s own, the root among them; at most 7 [5]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l basic-auth-file -d 'File of users and hashed passwords: the site asks for both (basic authentication)' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l basic-auth-path -d 'Ask for a password under a URL prefix only; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l basic-auth-user -d 'Let in only this user; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l basic-auth-realm -d 'What browsers show when they ask for name and password [Restricted]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l public-https-port -d 'Port that redirects name, where it is not the one listened on [the port of --https-port]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l hsts -d 'Strict-Transport-Security policy of HTTPS responses' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l trusted-proxy -d 'Proxy whose word counts: an address, a network, or `unix`; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l trust -d 'Field in which trusted proxies are believed; repeatable [X-Forwarded-For, X-Forwarded-Proto]' -r -f -a "X-Forwarded-For\t''
X-Forwarded-Proto\t''
X-Forwarded-Host\t''
X-Forwarded-Port\t''
Forwarded\t''
X-Real-IP\t''
X-Client-IP\t''
X-Forwarded-Scheme\t''
X-Forwarded-Protocol\t''
X-Scheme\t''
X-Forwarded-SSL\t''
X-Forwarded-HTTPS\t''
X-HTTPS\t''
X-Host\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l route -d 'Answer a URL prefix from a pool; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l redirect -d 'Redirect a URL prefix; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l wsgi-environ -d 'Variable for the environ of every request, for WSGI; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l canonical-name -d 'Name that the site is to be called by: requests for its other names are redirected there' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l pool -d 'Pool that answers what no route covers; `none` for nobody [the first pool]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l mount -d 'URL prefix under which that pool\'s application is mounted [/]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l root-path -d 'URL prefix under which that pool\'s application is mounted [/]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l static -d 'Answer a URL prefix from a directory, or one URL from a file; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l document-root -d 'Answer from the files of this directory, and where there is none from the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l directory-index -d 'File that answers for its directory, as `index.html`; repeatable, the first that is there' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l static-max-age -d 'Cache-Control: max-age of static files' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l response-header -d 'Set, add or remove a field of responses; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l request-header -d 'Set, add or remove a field of requests before the application sees them; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l compress-coding -d 'Content coding for `--compress`, the best liked first; repeatable [zstd, br, gzip]' -r -f -a "zstd\t''
br\t''
gzip\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l compress-type -d 'Media type for `--compress`; repeatable [text, JSON, XML, JavaScript, WebAssembly, SVG and the like]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l compress-min-size -d 'Smallest body for `--compress`, where the length is known beforehand [1KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l compress-level -d 'How much work `--compress` does: 1 (fast) to 9 (small) [4]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l error-page -d 'Page for errors, in the place of the server\'s own; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l error-page-override -d 'Which errors of applications get the pages of `--error-page`' -r -f -a "none\t''
empty\t''
all\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l processes -d 'Worker processes [1]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l workers -d 'Worker processes [1]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l threads -d 'Threads of a process, for WSGI [5]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l concurrency -d 'Requests that a process runs at a time, for ASGI [8192]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-requests -d 'Replace a worker after so many requests' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-requests-jitter -d 'Up to so many requests more, by chance, so that workers are not replaced together [0]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-worker-memory -d 'Replace a worker whose resident memory passes this' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-worker-age -d 'Replace a worker that has served for so long' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l touch-workers -d 'Replace the workers when this file is touched; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l request-timeout -d 'Longest time a request may run: 504, and the worker is replaced' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l startup-timeout -d 'Longest time from the start of a worker until it is ready [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l hooks -d 'Python file with functions that workers call: FILE, or python:MODULE' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l lifespan -d 'ASGI lifespan: tried, required or left out [auto]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l loop -d 'ASGI event loop; auto takes uvloop when it is installed [auto]' -r -f -a "auto\t''
asyncio\t''
uvloop\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l handshake-timeout -d 'From accepting a connection to the end of its TLS handshake [10s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l header-timeout -d 'From the first byte of a request to the end of its header block [10s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-header-size -d 'Bytes of a request\'s header block; 431 beyond [64KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-header-count -d 'Fields of a request\'s header block; 431 beyond [100]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-request-line -d 'Bytes of the request line; 414 beyond [8KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-body-size -d 'Bytes of a request body; 413 beyond' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l min-body-rate -d 'Bytes per second below which an upload is cut, once its grace is over [240]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l body-grace -d 'How long an upload may be slower than that, and its longest silence [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l queue-timeout -d 'Longest wait for a free worker; 503 with Retry-After then [30s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-queue -d 'Requests that may wait for a worker; 503 at once beyond [10000]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l response-timeout -d 'From handing a request to a worker to the head of its response; 504 then' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l upstream-connect-timeout -d 'Longest time to connect to another server that a route leads to; 502 then [5s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l upstream-timeout -d 'Longest silence of another server that a route leads to, before and within its response; 504, or the response is cut [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l write-timeout -d 'Longest time in which a client takes no byte of its response [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l keep-alive-timeout -d 'Idle time of a connection between requests [75s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l keep-alive -d 'Idle time of a connection between requests [75s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-keep-alive-requests -d 'Requests on one connection' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-h2-streams -d 'HTTP/2: concurrent streams of a connection [128]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-h2-resets -d 'HTTP/2: streams a client may reset within a minute [200]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-h2-settings -d 'HTTP/2: SETTINGS frames within a minute [100]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-h2-pings -d 'HTTP/2: PING frames within a minute [200]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-connections -d 'Open connections altogether [what the descriptor limit allows, at most 100000]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l max-connections-per-client -d 'Open connections of one client address' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l websocket-max-message -d 'Largest message, after decompression; close code 1009 beyond [16MiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l websocket-ping-interval -d 'Ping a connection that was silent for so long [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l websocket-ping-timeout -d 'Close it when no pong came for so long [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l log-level -d 'Least level of the server\'s own log [info]' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l log-format -d 'Form of the server\'s own log [text]' -r -f -a "text\t''
json\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l access-log -d 'File of the access log, - for standard error [-]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l access-log-format -d 'Form of the access log [combined]' -r -f -a "combined\t''
json\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l reload-dir -d 'Directory watched by --reload; repeatable [where the application is imported from]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l reload-include -d 'Pattern of files beside those in .py that --reload watches; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l reload-exclude -d 'Pattern of files and directories that --reload leaves alone; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l touch-reload -d 'Reload the server when this file is touched; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l graceful-timeout -d 'How long running requests may go on after a stop or a reload [30s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l front-threads -d 'Threads of the process that talks to the clients [one per two cores, at most 4]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l front-user -d 'User of the process that talks to clients, by name or number [that of --user, else nobody]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l front-group -d 'Group of the process that talks to clients, by name or number [that of --group, else the user\'s own]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l sandbox -d 'Whether the kernel refuses the process that talks to clients what it has no use for [auto]' -r -f -a "auto\t''
require\t''
off\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l pid-file -d 'File that receives the process id' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l pid -d 'File that receives the process id' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l factory -d 'APP names a function that returns the application'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-factory -d 'The opposite of --factory'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l http -d 'Listen for plain HTTP'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-http -d 'Do not listen for plain HTTP'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l sni-strict -d 'Refuse TLS clients that name no site, or none of this server'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-sni-strict -d 'The opposite of --sni-strict'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l client-cert-headers -d 'Tell the application of the client\'s certificate in the fields Client-Cert and Client-Cert-Chain (RFC 9440)'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-client-cert-headers -d 'The opposite of --client-cert-headers'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l ssl-environment -d 'Give WSGI applications the SSL_ variables of Apache\'s mod_ssl'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-ssl-environment -d 'The opposite of --ssl-environment'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l ssl-export-pem -d 'Give WSGI applications the certificates as PEM: SSL_CLIENT_CERT, SSL_CLIENT_CERT_CHAIN_n, SSL_SERVER_CERT'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-ssl-export-pem -d 'The opposite of --ssl-export-pem'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l basic-auth-forward -d 'Give the application the Authorization field too'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-basic-auth-forward -d 'The opposite of --basic-auth-forward'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l basic-auth-plain -d 'Ask for passwords over plain HTTP too, where `--allow-http` serves it: everybody on the way reads them'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-basic-auth-plain -d 'The opposite of --basic-auth-plain'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l allow-http -d 'Serve plain HTTP too instead of redirecting it'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l https-only -d 'The opposite of --allow-http'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-allow-http -d 'The opposite of --allow-http'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-hsts -d 'The opposite of --hsts'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l proxy-protocol -d 'Take the client\'s address from the header of the PROXY protocol, version 1 or 2, with which every connection begins'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-proxy-protocol -d 'The opposite of --proxy-protocol'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l compress -d 'Compress responses for clients that accept it'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-compress -d 'The opposite of --compress'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l compress-secrets -d 'With `--compress`, compress also what may hold secrets, for clients with credentials'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-compress-secrets -d 'The opposite of --compress-secrets'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l server-header -d 'Send `Server: tlsgi` where the response has no such field'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-server-header -d 'Do not send `Server: tlsgi` where the response has no such field'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l date-header -d 'Send `Date` where the response has no such field, as RFC 9110 asks for'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-date-header -d 'Do not send `Date` where the response has no such field, as RFC 9110 asks for'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l preload -d 'Import the application once and fork the workers from that process'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l preload-app -d 'Import the application once and fork the workers from that process'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-preload -d 'The opposite of --preload'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-access-log -d 'The opposite of --access-log'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l reload -d 'Restart workers when their code changes'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l no-reload -d 'The opposite of --reload'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand serve" -l help-all -d 'Print every option'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l interface -d 'Calling convention, found by looking at the object [auto]' -r -f -a "auto\t''
wsgi\t''
asgi\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l chdir -d 'Directory to enter before the application is imported' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l python-path -d 'Further entry at the front of sys.path; repeatable' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l pythonpath -d 'Further entry at the front of sys.path; repeatable' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l env -d 'Environment variable for the application; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l python -d 'Python interpreter that runs the application [beside the tlsgi command, in VIRTUAL_ENV, or on PATH]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l virtualenv -d 'Virtual environment whose Python runs the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l venv -d 'Virtual environment whose Python runs the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l user -d 'User that the application runs as, by name or number [the user who starts the server]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l group -d 'Group that the application runs as, by name or number [the user\'s own]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l supplementary-group -d 'Further group of the application; repeatable [those that the system has the user in]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l umask -d 'Permissions that files made by the application do not get, in octal [as the server was started]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l home -d 'Home directory that the application finds in HOME [the user\'s own, where --user names one]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l host -d 'Address to listen on, * for every one; repeatable [127.0.0.1, ::1]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l https-port -d 'Port for HTTPS [8443]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l port -d 'Port for plain HTTP, which redirects to HTTPS [8080]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l http-port -d 'Port for plain HTTP, which redirects to HTTPS [8080]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l bind -d 'Listen for HTTPS on ADDRESS:PORT, unix:PATH or fd://N; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l bind-https -d 'Listen for HTTPS on ADDRESS:PORT, unix:PATH or fd://N; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l bind-http -d 'Listen for plain HTTP there; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l backlog -d 'Connections that may wait in the kernel to be accepted [2048]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l socket-mode -d 'Permissions of Unix sockets that are listened on, in octal [0660]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l tls-ticket-rotation -d 'How often the keys of TLS session tickets change [6h]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l certfile -d 'Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l ssl-certfile -d 'Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l keyfile -d 'Private key in PEM; repeatable, one for each --certfile [the file of --certfile]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l ssl-keyfile -d 'Private key in PEM; repeatable, one for each --certfile [the file of --certfile]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l key-passphrase-file -d 'File whose first line opens an encrypted private key' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l key-passphrase-command -d 'Shell command whose first line of output opens an encrypted private key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l key-passphrase-credential -d 'systemd credential whose first line opens an encrypted private key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l chain-file -d 'Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l ssl-chain-file -d 'Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l server-name -d 'Host name served; repeatable; every name when none is given' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l tls-profile -d 'What TLS offers, as Mozilla recommends (version 6.0) [intermediate]' -r -f -a "modern\t''
intermediate\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l tls-min -d 'Oldest version of TLS that is spoken: 1.2 or 1.3 [1.2; 1.3 with --tls-profile modern]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l tls-ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l ssl-ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l tls-order -d 'Whose order of cipher suites counts [auto]' -r -f -a "auto\t''
client\t''
server\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l tls-groups -d 'Groups for the key exchange [X25519MLKEM768:X25519:P-256:P-384]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l client-ca -d 'Authorities whose client certificates are accepted, in PEM' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l client-cert -d 'Whether the whole site asks clients for a certificate [off]' -r -f -a "off\t''
request\t''
require\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l client-cert-path -d 'Require a client certificate under a URL prefix; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l client-allow -d 'Let in only these holders of a certificate; repeatable, one match is enough' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l client-crl -d 'Certificate revocation lists, in PEM or DER; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l client-crl-expired -d 'What happens when a revocation list is past its next update [refuse]' -r -f -a "refuse\t''
accept\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l client-verify-depth -d 'Most certificates above the client\'s own, the root among them; at most 7 [5]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l basic-auth-file -d 'File of users and hashed passwords: the site asks for both (basic authentication)' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l basic-auth-path -d 'Ask for a password under a URL prefix only; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l basic-auth-user -d 'Let in only this user; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l basic-auth-realm -d 'What browsers show when they ask for name and password [Restricted]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l public-https-port -d 'Port that redirects name, where it is not the one listened on [the port of --https-port]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l hsts -d 'Strict-Transport-Security policy of HTTPS responses' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l trusted-proxy -d 'Proxy whose word counts: an address, a network, or `unix`; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l trust -d 'Field in which trusted proxies are believed; repeatable [X-Forwarded-For, X-Forwarded-Proto]' -r -f -a "X-Forwarded-For\t''
X-Forwarded-Proto\t''
X-Forwarded-Host\t''
X-Forwarded-Port\t''
Forwarded\t''
X-Real-IP\t''
X-Client-IP\t''
X-Forwarded-Scheme\t''
X-Forwarded-Protocol\t''
X-Scheme\t''
X-Forwarded-SSL\t''
X-Forwarded-HTTPS\t''
X-HTTPS\t''
X-Host\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l route -d 'Answer a URL prefix from a pool; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l redirect -d 'Redirect a URL prefix; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l wsgi-environ -d 'Variable for the environ of every request, for WSGI; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l canonical-name -d 'Name that the site is to be called by: requests for its other names are redirected there' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l pool -d 'Pool that answers what no route covers; `none` for nobody [the first pool]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l mount -d 'URL prefix under which that pool\'s application is mounted [/]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l root-path -d 'URL prefix under which that pool\'s application is mounted [/]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l static -d 'Answer a URL prefix from a directory, or one URL from a file; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l document-root -d 'Answer from the files of this directory, and where there is none from the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l directory-index -d 'File that answers for its directory, as `index.html`; repeatable, the first that is there' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l static-max-age -d 'Cache-Control: max-age of static files' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l response-header -d 'Set, add or remove a field of responses; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l request-header -d 'Set, add or remove a field of requests before the application sees them; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l compress-coding -d 'Content coding for `--compress`, the best liked first; repeatable [zstd, br, gzip]' -r -f -a "zstd\t''
br\t''
gzip\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l compress-type -d 'Media type for `--compress`; repeatable [text, JSON, XML, JavaScript, WebAssembly, SVG and the like]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l compress-min-size -d 'Smallest body for `--compress`, where the length is known beforehand [1KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l compress-level -d 'How much work `--compress` does: 1 (fast) to 9 (small) [4]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l error-page -d 'Page for errors, in the place of the server\'s own; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l error-page-override -d 'Which errors of applications get the pages of `--error-page`' -r -f -a "none\t''
empty\t''
all\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l processes -d 'Worker processes [1]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l workers -d 'Worker processes [1]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l threads -d 'Threads of a process, for WSGI [5]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l concurrency -d 'Requests that a process runs at a time, for ASGI [8192]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-requests -d 'Replace a worker after so many requests' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-requests-jitter -d 'Up to so many requests more, by chance, so that workers are not replaced together [0]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-worker-memory -d 'Replace a worker whose resident memory passes this' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-worker-age -d 'Replace a worker that has served for so long' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l touch-workers -d 'Replace the workers when this file is touched; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l request-timeout -d 'Longest time a request may run: 504, and the worker is replaced' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l startup-timeout -d 'Longest time from the start of a worker until it is ready [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l hooks -d 'Python file with functions that workers call: FILE, or python:MODULE' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l lifespan -d 'ASGI lifespan: tried, required or left out [auto]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l loop -d 'ASGI event loop; auto takes uvloop when it is installed [auto]' -r -f -a "auto\t''
asyncio\t''
uvloop\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l handshake-timeout -d 'From accepting a connection to the end of its TLS handshake [10s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l header-timeout -d 'From the first byte of a request to the end of its header block [10s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-header-size -d 'Bytes of a request\'s header block; 431 beyond [64KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-header-count -d 'Fields of a request\'s header block; 431 beyond [100]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-request-line -d 'Bytes of the request line; 414 beyond [8KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-body-size -d 'Bytes of a request body; 413 beyond' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l min-body-rate -d 'Bytes per second below which an upload is cut, once its grace is over [240]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l body-grace -d 'How long an upload may be slower than that, and its longest silence [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l queue-timeout -d 'Longest wait for a free worker; 503 with Retry-After then [30s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-queue -d 'Requests that may wait for a worker; 503 at once beyond [10000]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l response-timeout -d 'From handing a request to a worker to the head of its response; 504 then' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l upstream-connect-timeout -d 'Longest time to connect to another server that a route leads to; 502 then [5s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l upstream-timeout -d 'Longest silence of another server that a route leads to, before and within its response; 504, or the response is cut [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l write-timeout -d 'Longest time in which a client takes no byte of its response [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l keep-alive-timeout -d 'Idle time of a connection between requests [75s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l keep-alive -d 'Idle time of a connection between requests [75s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-keep-alive-requests -d 'Requests on one connection' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-h2-streams -d 'HTTP/2: concurrent streams of a connection [128]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-h2-resets -d 'HTTP/2: streams a client may reset within a minute [200]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-h2-settings -d 'HTTP/2: SETTINGS frames within a minute [100]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-h2-pings -d 'HTTP/2: PING frames within a minute [200]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-connections -d 'Open connections altogether [what the descriptor limit allows, at most 100000]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l max-connections-per-client -d 'Open connections of one client address' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l websocket-max-message -d 'Largest message, after decompression; close code 1009 beyond [16MiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l websocket-ping-interval -d 'Ping a connection that was silent for so long [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l websocket-ping-timeout -d 'Close it when no pong came for so long [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l log-level -d 'Least level of the server\'s own log [info]' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l log-format -d 'Form of the server\'s own log [text]' -r -f -a "text\t''
json\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l access-log -d 'File of the access log, - for standard error [-]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l access-log-format -d 'Form of the access log [combined]' -r -f -a "combined\t''
json\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l reload-dir -d 'Directory watched by --reload; repeatable [where the application is imported from]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l reload-include -d 'Pattern of files beside those in .py that --reload watches; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l reload-exclude -d 'Pattern of files and directories that --reload leaves alone; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l touch-reload -d 'Reload the server when this file is touched; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l graceful-timeout -d 'How long running requests may go on after a stop or a reload [30s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l front-threads -d 'Threads of the process that talks to the clients [one per two cores, at most 4]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l front-user -d 'User of the process that talks to clients, by name or number [that of --user, else nobody]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l front-group -d 'Group of the process that talks to clients, by name or number [that of --group, else the user\'s own]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l sandbox -d 'Whether the kernel refuses the process that talks to clients what it has no use for [auto]' -r -f -a "auto\t''
require\t''
off\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l pid-file -d 'File that receives the process id' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l pid -d 'File that receives the process id' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l factory -d 'APP names a function that returns the application'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-factory -d 'The opposite of --factory'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l http -d 'Listen for plain HTTP'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-http -d 'Do not listen for plain HTTP'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l sni-strict -d 'Refuse TLS clients that name no site, or none of this server'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-sni-strict -d 'The opposite of --sni-strict'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l client-cert-headers -d 'Tell the application of the client\'s certificate in the fields Client-Cert and Client-Cert-Chain (RFC 9440)'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-client-cert-headers -d 'The opposite of --client-cert-headers'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l ssl-environment -d 'Give WSGI applications the SSL_ variables of Apache\'s mod_ssl'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-ssl-environment -d 'The opposite of --ssl-environment'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l ssl-export-pem -d 'Give WSGI applications the certificates as PEM: SSL_CLIENT_CERT, SSL_CLIENT_CERT_CHAIN_n, SSL_SERVER_CERT'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-ssl-export-pem -d 'The opposite of --ssl-export-pem'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l basic-auth-forward -d 'Give the application the Authorization field too'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-basic-auth-forward -d 'The opposite of --basic-auth-forward'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l basic-auth-plain -d 'Ask for passwords over plain HTTP too, where `--allow-http` serves it: everybody on the way reads them'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-basic-auth-plain -d 'The opposite of --basic-auth-plain'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l allow-http -d 'Serve plain HTTP too instead of redirecting it'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l https-only -d 'The opposite of --allow-http'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-allow-http -d 'The opposite of --allow-http'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-hsts -d 'The opposite of --hsts'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l proxy-protocol -d 'Take the client\'s address from the header of the PROXY protocol, version 1 or 2, with which every connection begins'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-proxy-protocol -d 'The opposite of --proxy-protocol'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l compress -d 'Compress responses for clients that accept it'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-compress -d 'The opposite of --compress'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l compress-secrets -d 'With `--compress`, compress also what may hold secrets, for clients with credentials'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-compress-secrets -d 'The opposite of --compress-secrets'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l server-header -d 'Send `Server: tlsgi` where the response has no such field'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-server-header -d 'Do not send `Server: tlsgi` where the response has no such field'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l date-header -d 'Send `Date` where the response has no such field, as RFC 9110 asks for'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-date-header -d 'Do not send `Date` where the response has no such field, as RFC 9110 asks for'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l preload -d 'Import the application once and fork the workers from that process'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l preload-app -d 'Import the application once and fork the workers from that process'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-preload -d 'The opposite of --preload'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-access-log -d 'The opposite of --access-log'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l reload -d 'Restart workers when their code changes'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l no-reload -d 'The opposite of --reload'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand check" -l help-all -d 'Print every option'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and not __fish_seen_subcommand_from show schema" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and not __fish_seen_subcommand_from show schema" -f -a "show" -d 'Print every value in use and where it was written'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and not __fish_seen_subcommand_from show schema" -f -a "schema" -d 'Print the JSON schema of tlsgi.toml'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l interface -d 'Calling convention, found by looking at the object [auto]' -r -f -a "auto\t''
wsgi\t''
asgi\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l chdir -d 'Directory to enter before the application is imported' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l python-path -d 'Further entry at the front of sys.path; repeatable' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l pythonpath -d 'Further entry at the front of sys.path; repeatable' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l env -d 'Environment variable for the application; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l python -d 'Python interpreter that runs the application [beside the tlsgi command, in VIRTUAL_ENV, or on PATH]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l virtualenv -d 'Virtual environment whose Python runs the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l venv -d 'Virtual environment whose Python runs the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l user -d 'User that the application runs as, by name or number [the user who starts the server]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l group -d 'Group that the application runs as, by name or number [the user\'s own]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l supplementary-group -d 'Further group of the application; repeatable [those that the system has the user in]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l umask -d 'Permissions that files made by the application do not get, in octal [as the server was started]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l home -d 'Home directory that the application finds in HOME [the user\'s own, where --user names one]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l host -d 'Address to listen on, * for every one; repeatable [127.0.0.1, ::1]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l https-port -d 'Port for HTTPS [8443]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l port -d 'Port for plain HTTP, which redirects to HTTPS [8080]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l http-port -d 'Port for plain HTTP, which redirects to HTTPS [8080]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l bind -d 'Listen for HTTPS on ADDRESS:PORT, unix:PATH or fd://N; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l bind-https -d 'Listen for HTTPS on ADDRESS:PORT, unix:PATH or fd://N; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l bind-http -d 'Listen for plain HTTP there; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l backlog -d 'Connections that may wait in the kernel to be accepted [2048]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l socket-mode -d 'Permissions of Unix sockets that are listened on, in octal [0660]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l tls-ticket-rotation -d 'How often the keys of TLS session tickets change [6h]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l certfile -d 'Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l ssl-certfile -d 'Certificate, or a directory as certbot keeps; without one a local CA issues it; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l keyfile -d 'Private key in PEM; repeatable, one for each --certfile [the file of --certfile]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l ssl-keyfile -d 'Private key in PEM; repeatable, one for each --certfile [the file of --certfile]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l key-passphrase-file -d 'File whose first line opens an encrypted private key' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l key-passphrase-command -d 'Shell command whose first line of output opens an encrypted private key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l key-passphrase-credential -d 'systemd credential whose first line opens an encrypted private key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l chain-file -d 'Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l ssl-chain-file -d 'Intermediate certificates, where --certfile has the leaf alone; repeatable, one for each' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l server-name -d 'Host name served; repeatable; every name when none is given' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l tls-profile -d 'What TLS offers, as Mozilla recommends (version 6.0) [intermediate]' -r -f -a "modern\t''
intermediate\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l tls-min -d 'Oldest version of TLS that is spoken: 1.2 or 1.3 [1.2; 1.3 with --tls-profile modern]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l tls-ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l ssl-ciphers -d 'Cipher suites in OpenSSL\'s words [those of --tls-profile]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l tls-order -d 'Whose order of cipher suites counts [auto]' -r -f -a "auto\t''
client\t''
server\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l tls-groups -d 'Groups for the key exchange [X25519MLKEM768:X25519:P-256:P-384]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l client-ca -d 'Authorities whose client certificates are accepted, in PEM' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l client-cert -d 'Whether the whole site asks clients for a certificate [off]' -r -f -a "off\t''
request\t''
require\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l client-cert-path -d 'Require a client certificate under a URL prefix; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l client-allow -d 'Let in only these holders of a certificate; repeatable, one match is enough' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l client-crl -d 'Certificate revocation lists, in PEM or DER; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l client-crl-expired -d 'What happens when a revocation list is past its next update [refuse]' -r -f -a "refuse\t''
accept\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l client-verify-depth -d 'Most certificates above the client\'s own, the root among them; at most 7 [5]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l basic-auth-file -d 'File of users and hashed passwords: the site asks for both (basic authentication)' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l basic-auth-path -d 'Ask for a password under a URL prefix only; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l basic-auth-user -d 'Let in only this user; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l basic-auth-realm -d 'What browsers show when they ask for name and password [Restricted]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l public-https-port -d 'Port that redirects name, where it is not the one listened on [the port of --https-port]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l hsts -d 'Strict-Transport-Security policy of HTTPS responses' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l trusted-proxy -d 'Proxy whose word counts: an address, a network, or `unix`; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l trust -d 'Field in which trusted proxies are believed; repeatable [X-Forwarded-For, X-Forwarded-Proto]' -r -f -a "X-Forwarded-For\t''
X-Forwarded-Proto\t''
X-Forwarded-Host\t''
X-Forwarded-Port\t''
Forwarded\t''
X-Real-IP\t''
X-Client-IP\t''
X-Forwarded-Scheme\t''
X-Forwarded-Protocol\t''
X-Scheme\t''
X-Forwarded-SSL\t''
X-Forwarded-HTTPS\t''
X-HTTPS\t''
X-Host\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l route -d 'Answer a URL prefix from a pool; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l redirect -d 'Redirect a URL prefix; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l wsgi-environ -d 'Variable for the environ of every request, for WSGI; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l canonical-name -d 'Name that the site is to be called by: requests for its other names are redirected there' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l pool -d 'Pool that answers what no route covers; `none` for nobody [the first pool]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l mount -d 'URL prefix under which that pool\'s application is mounted [/]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l root-path -d 'URL prefix under which that pool\'s application is mounted [/]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l static -d 'Answer a URL prefix from a directory, or one URL from a file; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l document-root -d 'Answer from the files of this directory, and where there is none from the application' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l directory-index -d 'File that answers for its directory, as `index.html`; repeatable, the first that is there' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l static-max-age -d 'Cache-Control: max-age of static files' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l response-header -d 'Set, add or remove a field of responses; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l request-header -d 'Set, add or remove a field of requests before the application sees them; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l compress-coding -d 'Content coding for `--compress`, the best liked first; repeatable [zstd, br, gzip]' -r -f -a "zstd\t''
br\t''
gzip\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l compress-type -d 'Media type for `--compress`; repeatable [text, JSON, XML, JavaScript, WebAssembly, SVG and the like]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l compress-min-size -d 'Smallest body for `--compress`, where the length is known beforehand [1KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l compress-level -d 'How much work `--compress` does: 1 (fast) to 9 (small) [4]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l error-page -d 'Page for errors, in the place of the server\'s own; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l error-page-override -d 'Which errors of applications get the pages of `--error-page`' -r -f -a "none\t''
empty\t''
all\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l processes -d 'Worker processes [1]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l workers -d 'Worker processes [1]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l threads -d 'Threads of a process, for WSGI [5]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l concurrency -d 'Requests that a process runs at a time, for ASGI [8192]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-requests -d 'Replace a worker after so many requests' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-requests-jitter -d 'Up to so many requests more, by chance, so that workers are not replaced together [0]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-worker-memory -d 'Replace a worker whose resident memory passes this' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-worker-age -d 'Replace a worker that has served for so long' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l touch-workers -d 'Replace the workers when this file is touched; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l request-timeout -d 'Longest time a request may run: 504, and the worker is replaced' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l startup-timeout -d 'Longest time from the start of a worker until it is ready [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l hooks -d 'Python file with functions that workers call: FILE, or python:MODULE' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l lifespan -d 'ASGI lifespan: tried, required or left out [auto]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l loop -d 'ASGI event loop; auto takes uvloop when it is installed [auto]' -r -f -a "auto\t''
asyncio\t''
uvloop\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l handshake-timeout -d 'From accepting a connection to the end of its TLS handshake [10s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l header-timeout -d 'From the first byte of a request to the end of its header block [10s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-header-size -d 'Bytes of a request\'s header block; 431 beyond [64KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-header-count -d 'Fields of a request\'s header block; 431 beyond [100]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-request-line -d 'Bytes of the request line; 414 beyond [8KiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-body-size -d 'Bytes of a request body; 413 beyond' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l min-body-rate -d 'Bytes per second below which an upload is cut, once its grace is over [240]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l body-grace -d 'How long an upload may be slower than that, and its longest silence [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l queue-timeout -d 'Longest wait for a free worker; 503 with Retry-After then [30s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-queue -d 'Requests that may wait for a worker; 503 at once beyond [10000]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l response-timeout -d 'From handing a request to a worker to the head of its response; 504 then' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l upstream-connect-timeout -d 'Longest time to connect to another server that a route leads to; 502 then [5s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l upstream-timeout -d 'Longest silence of another server that a route leads to, before and within its response; 504, or the response is cut [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l write-timeout -d 'Longest time in which a client takes no byte of its response [60s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l keep-alive-timeout -d 'Idle time of a connection between requests [75s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l keep-alive -d 'Idle time of a connection between requests [75s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-keep-alive-requests -d 'Requests on one connection' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-h2-streams -d 'HTTP/2: concurrent streams of a connection [128]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-h2-resets -d 'HTTP/2: streams a client may reset within a minute [200]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-h2-settings -d 'HTTP/2: SETTINGS frames within a minute [100]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-h2-pings -d 'HTTP/2: PING frames within a minute [200]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-connections -d 'Open connections altogether [what the descriptor limit allows, at most 100000]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l max-connections-per-client -d 'Open connections of one client address' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l websocket-max-message -d 'Largest message, after decompression; close code 1009 beyond [16MiB]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l websocket-ping-interval -d 'Ping a connection that was silent for so long [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l websocket-ping-timeout -d 'Close it when no pong came for so long [20s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l log-level -d 'Least level of the server\'s own log [info]' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'Form of the server\'s own log [text]' -r -f -a "text\t''
json\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l access-log -d 'File of the access log, - for standard error [-]' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l access-log-format -d 'Form of the access log [combined]' -r -f -a "combined\t''
json\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l reload-dir -d 'Directory watched by --reload; repeatable [where the application is imported from]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l reload-include -d 'Pattern of files beside those in .py that --reload watches; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l reload-exclude -d 'Pattern of files and directories that --reload leaves alone; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l touch-reload -d 'Reload the server when this file is touched; repeatable' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l graceful-timeout -d 'How long running requests may go on after a stop or a reload [30s]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l front-threads -d 'Threads of the process that talks to the clients [one per two cores, at most 4]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l front-user -d 'User of the process that talks to clients, by name or number [that of --user, else nobody]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l front-group -d 'Group of the process that talks to clients, by name or number [that of --group, else the user\'s own]' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l sandbox -d 'Whether the kernel refuses the process that talks to clients what it has no use for [auto]' -r -f -a "auto\t''
require\t''
off\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l pid-file -d 'File that receives the process id' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l pid -d 'File that receives the process id' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l factory -d 'APP names a function that returns the application'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-factory -d 'The opposite of --factory'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l http -d 'Listen for plain HTTP'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-http -d 'Do not listen for plain HTTP'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l sni-strict -d 'Refuse TLS clients that name no site, or none of this server'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-sni-strict -d 'The opposite of --sni-strict'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l client-cert-headers -d 'Tell the application of the client\'s certificate in the fields Client-Cert and Client-Cert-Chain (RFC 9440)'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-client-cert-headers -d 'The opposite of --client-cert-headers'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l ssl-environment -d 'Give WSGI applications the SSL_ variables of Apache\'s mod_ssl'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-ssl-environment -d 'The opposite of --ssl-environment'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l ssl-export-pem -d 'Give WSGI applications the certificates as PEM: SSL_CLIENT_CERT, SSL_CLIENT_CERT_CHAIN_n, SSL_SERVER_CERT'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-ssl-export-pem -d 'The opposite of --ssl-export-pem'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l basic-auth-forward -d 'Give the application the Authorization field too'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-basic-auth-forward -d 'The opposite of --basic-auth-forward'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l basic-auth-plain -d 'Ask for passwords over plain HTTP too, where `--allow-http` serves it: everybody on the way reads them'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-basic-auth-plain -d 'The opposite of --basic-auth-plain'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l allow-http -d 'Serve plain HTTP too instead of redirecting it'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l https-only -d 'The opposite of --allow-http'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-allow-http -d 'The opposite of --allow-http'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-hsts -d 'The opposite of --hsts'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l proxy-protocol -d 'Take the client\'s address from the header of the PROXY protocol, version 1 or 2, with which every connection begins'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-proxy-protocol -d 'The opposite of --proxy-protocol'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l compress -d 'Compress responses for clients that accept it'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-compress -d 'The opposite of --compress'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l compress-secrets -d 'With `--compress`, compress also what may hold secrets, for clients with credentials'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-compress-secrets -d 'The opposite of --compress-secrets'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l server-header -d 'Send `Server: tlsgi` where the response has no such field'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-server-header -d 'Do not send `Server: tlsgi` where the response has no such field'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l date-header -d 'Send `Date` where the response has no such field, as RFC 9110 asks for'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-date-header -d 'Do not send `Date` where the response has no such field, as RFC 9110 asks for'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l preload -d 'Import the application once and fork the workers from that process'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l preload-app -d 'Import the application once and fork the workers from that process'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-preload -d 'The opposite of --preload'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-access-log -d 'The opposite of --access-log'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l reload -d 'Restart workers when their code changes'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l no-reload -d 'The opposite of --reload'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l help-all -d 'Print every option'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from show" -l only-written -d 'Print what somebody wrote and nothing else: a tlsgi.toml to use'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand completions" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand man" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand import" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand python" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand mod_wsgi-express" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand apache" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand uwsgi" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand gunicorn" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand uvicorn" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand hypercorn" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand flask" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall status" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall status" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall status" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall status" -f -a "install" -d 'Put the local root into the trust stores of this machine'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall status" -f -a "uninstall" -d 'Take the local root out of the trust stores of this machine'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall status" -f -a "status" -d 'Look into every trust store and say whether the local root is trusted'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from install" -l sysroot -d 'Work on the system\'s store below DIR, an image that is being made, and on no other store' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from install" -l permit -d 'The root may vouch for NAME and all below it as well; one that may not is replaced' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from install" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from install" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from install" -l unconstrained -d 'The root may vouch for everything, as mkcert\'s; one that may not is replaced'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l sysroot -d 'Work on the system\'s store below DIR, an image that is being made, and on no other store' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from status" -l sysroot -d 'Work on the system\'s store below DIR, an image that is being made, and on no other store' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from status" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from status" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand trust; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -l days -d 'Validity in days, at most 825' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -l cert-file -d 'Write the certificate to FILE' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -l key-file -d 'Write the key to FILE; the same FILE for both together' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -l p12-file -d 'Write the PKCS#12 file to FILE' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -l client -d 'A certificate for a client, signed by the root for clients'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -l rsa -d 'An RSA-2048 key instead of P-256'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -l p12 -d 'Also write a PKCS#12 file, with a passphrase that is printed once'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and not __fish_seen_subcommand_from inspect" -a "inspect" -d 'Say what is to be known about a certificate, in a file or on a server; ends with 4 where clients refuse it'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and __fish_seen_subcommand_from inspect" -l key -d 'A private key that should belong to it' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and __fish_seen_subcommand_from inspect" -l key-passphrase-file -d 'The first line opens the key; a terminal is asked otherwise' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and __fish_seen_subcommand_from inspect" -l key-passphrase-command -d 'The first line that this prints opens the key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and __fish_seen_subcommand_from inspect" -l name -d 'A name that it should be for; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and __fish_seen_subcommand_from inspect" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and __fish_seen_subcommand_from inspect" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and __fish_seen_subcommand_from inspect" -l json -d 'As JSON'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand cert; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand mkcert" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand mkcert" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand mkcert" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -f -a "init" -d 'Make a CA, or take over one that other tools made'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -f -a "issue" -d 'Issue a certificate with a new key'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -f -a "sign" -d 'Issue a certificate for a request (CSR)'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -f -a "revoke" -d 'Take certificates back, and write the revocation list'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -f -a "crl" -d 'Write the revocation list anew'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -f -a "list" -d 'Say what was issued, and what became of it'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and not __fish_seen_subcommand_from init issue sign revoke crl list renew" -f -a "renew" -d 'Issue certificates anew, with the same names and for new keys'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l dir -d 'The CA\'s directory; private-ca in the state directory where none is named' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l key-passphrase-file -d 'The first line opens the CA\'s key; a terminal is asked otherwise' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l key-passphrase-command -d 'The first line that this prints opens the CA\'s key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l name -d 'Common name, as trust stores show it' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l organization -d 'Organisation' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l key -d 'Kind of the key' -r -f -a "p256\t''
p384\t''
rsa2048\t''
rsa3072\t''
rsa4096\t''
ed25519\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l days -d 'How long it is valid' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l from -d 'Take over this root' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l from-key -d 'Its key; may be encrypted' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l permit -d 'Issue for these names, with all below them, and networks alone: a critical name constraint, which clients check; repeatable' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l crl-url -d 'Where you publish the revocation list (http://…): certificates issued from now on say so' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l encrypt-key -d 'Protect its key with a passphrase'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -l reissue -d 'Give that root a new certificate of the same name and key'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from issue" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from issue" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from issue" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from issue" -f -a "server" -d 'Issue a certificate for a server'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from issue" -f -a "client" -d 'Issue a certificate for a client'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l dir -d 'The CA\'s directory; private-ca in the state directory where none is named' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l key-passphrase-file -d 'The first line opens the CA\'s key; a terminal is asked otherwise' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l key-passphrase-command -d 'The first line that this prints opens the CA\'s key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l days -d 'How long it is valid; at most 825 for a server' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l cert-file -d 'Where the certificate goes; NAME.pem where none is named' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l server -d 'For a server (the default, unless the request asks for clients only)'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l client -d 'For a client'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -l force -d 'Replace files that are there'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from sign" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from revoke" -l dir -d 'The CA\'s directory; private-ca in the state directory where none is named' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from revoke" -l key-passphrase-file -d 'The first line opens the CA\'s key; a terminal is asked otherwise' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from revoke" -l key-passphrase-command -d 'The first line that this prints opens the CA\'s key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from revoke" -l reason -d 'Why' -r -f -a "unspecified\t''
key-compromise\t''
affiliation-changed\t''
superseded\t''
cessation-of-operation\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from revoke" -l crl-days -d 'Days after which clients want a newer revocation list' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from revoke" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from revoke" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from crl" -l dir -d 'The CA\'s directory; private-ca in the state directory where none is named' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from crl" -l key-passphrase-file -d 'The first line opens the CA\'s key; a terminal is asked otherwise' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from crl" -l key-passphrase-command -d 'The first line that this prints opens the CA\'s key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from crl" -l crl-days -d 'Days after which clients want a newer revocation list' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from crl" -l crl-url -d 'Where you publish the revocation list (http://…): certificates issued from now on say so' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from crl" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from crl" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from crl" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from list" -l dir -d 'The CA\'s directory; private-ca in the state directory where none is named' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from list" -l key-passphrase-file -d 'The first line opens the CA\'s key; a terminal is asked otherwise' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from list" -l key-passphrase-command -d 'The first line that this prints opens the CA\'s key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from list" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from list" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from list" -l json -d 'As JSON'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l dir -d 'The CA\'s directory; private-ca in the state directory where none is named' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l key-passphrase-file -d 'The first line opens the CA\'s key; a terminal is asked otherwise' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l key-passphrase-command -d 'The first line that this prints opens the CA\'s key' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l key -d 'Kind of the new key' -r -f -a "p256\t''
p384\t''
rsa2048\t''
rsa3072\t''
rsa4096\t''
ed25519\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l days -d 'How long it is valid; as long as before' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l cert-file -d 'Where the certificate goes; NAME.pem where none is named' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l p12 -d 'Also a PKCS#12 file: modern, or apple (legacy) for what reads nothing newer' -r -f -a "modern\t''
apple\t''
legacy\t''"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l p12-file -d 'Where that goes; NAME.p12 where none is named' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l p12-passphrase-file -d 'The first line is its passphrase; a random one is made and shown once otherwise' -r -F
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l state-dir -d 'Directory for the local CA and other state [~/.local/state/tlsgi; /var/lib/tlsgi for root]' -r -f -a "(__fish_complete_directories)"
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l config -d 'Configuration file; ./tlsgi.toml when it exists' -r
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l due -d 'All whose last third of life has begun'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l root -d 'The CA\'s own certificate; name and key stay, so what it issued stays valid'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l keep-key -d 'For the same key'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -l force -d 'Replace files that are there'
complete -c tlsgi -n "__fish_tlsgi_using_subcommand ca; and __fish_seen_subcommand_from renew" -s h -l help -d 'Print help'
