# shellcheck shell=bash disable=SC2154 # building is of ci/setup
# ca.pem, server-cert.pem and server-key.pem for servers that make none themselves. Part of
# ci/setup.

# The form is what the yaSSL in MySQL 5.6 takes (SHA-256 signatures, a PKCS#1 key); the others take
# it too. yaSSL does not accept a certificate until a while after its first second, so these begin
# in the past. Of openssl's commands only `ca` can make such certificates.
make_certificates() { # DIRECTORY LOG
    local made=$building/tls one
    local -a valid=(-startdate 20200101000000Z -enddate 20491231000000Z)
    say "openssl: an authority and a server certificate"
    mkdir "$made"
    cat >"$made/config" <<TEXT
[ca]
default_ca = here
[here]
database = $made/index
rand_serial = yes
new_certs_dir = $made
default_md = sha256
policy = names
[names]
commonName = supplied
[authority]
basicConstraints = critical, CA:true
[server]
basicConstraints = CA:false
[req]
distinguished_name = nothing
[nothing]
TEXT
    : >"$made/index"
    if ! {
        for one in ca server; do
            openssl req -config "$made/config" -new -newkey rsa:2048 -nodes \
                -keyout "$made/$one.key" -out "$made/$one.request" \
                -subj "/CN=semisync test $one" || break
        done
        openssl ca -config "$made/config" -batch -notext "${valid[@]}" \
            -extensions authority -selfsign -keyfile "$made/ca.key" \
            -in "$made/ca.request" -out "$1/ca.pem" &&
            openssl ca -config "$made/config" -batch -notext "${valid[@]}" -extensions server \
                -keyfile "$made/ca.key" -cert "$1/ca.pem" \
                -in "$made/server.request" -out "$1/server-cert.pem" &&
            openssl rsa -traditional -in "$made/server.key" -out "$1/server-key.pem" &&
            openssl verify -CAfile "$1/ca.pem" "$1/server-cert.pem"
    } >>"$2" 2>&1; then
        tail -n 20 "$2" >&2
        fail "openssl could not make TLS certificates" "see its own words above"
    fi
    rm -rf "$made"
    chmod 600 "$1/server-key.pem"
}
