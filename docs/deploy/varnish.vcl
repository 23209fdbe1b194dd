vcl 4.1;

# Varnish 7.1 in front of three Rakit nodes: a cache for the public. Officers need a line of their own (nginx.conf,
# haproxy.cfg). README.md beside this file says how to start it, and what was decided and why.

import directors;
import std;

# Readiness is told at `ops`, which nobody but its own machine reaches. `/` stands for it: it comes from what the node
# has rendered, costs next to nothing, and is 503 while the node has set itself apart; `/status` is never.
probe alive {
    .request = "HEAD / HTTP/1.1" "Host: rakit" "Connection: close";
    .interval = 1s;
    .timeout = 2s;
    .window = 3;
    .threshold = 2;
    .initial = 2;
}

# Addresses; nothing else must be changed.
backend node_1 {
    .host = "127.0.0.1";
    .port = "8081";
    .probe = alive;
    .connect_timeout = 1s;
    .first_byte_timeout = 2s;
    .between_bytes_timeout = 10s;
    .max_connections = 2000;
}
backend node_2 {
    .host = "127.0.0.1";
    .port = "8082";
    .probe = alive;
    .connect_timeout = 1s;
    .first_byte_timeout = 2s;
    .between_bytes_timeout = 10s;
    .max_connections = 2000;
}
backend node_3 {
    .host = "127.0.0.1";
    .port = "8083";
    .probe = alive;
    .connect_timeout = 1s;
    .first_byte_timeout = 2s;
    .between_bytes_timeout = 10s;
    .max_connections = 2000;
}

# What is kept comes from one node as long as that lives: no page shows less than a moment ago because another node is
# behind. A second try is at another node. What is not kept goes round.
sub vcl_init {
    new nodes = directors.shard();
    nodes.add_backend(node_1);
    nodes.add_backend(node_2);
    nodes.add_backend(node_3);
    nodes.reconfigure();
    new any = directors.round_robin();
    any.add_backend(node_1);
    any.add_backend(node_2);
    any.add_backend(node_3);
}

sub vcl_recv {
    set req.backend_hint = any.backend();
    # How old a page may be that is shown while a new one is fetched: what nodes allow of data; they allow more of pages.
    # Without nodes, or when they only had errors to say, a day.
    set req.grace = 15s;
    if (!std.healthy(req.backend_hint) || req.restarts > 0) {
        set req.grace = 1d;
    }
    if (req.restarts > 0) {
        return (hash);
    }

    # Nodes answer nothing else here, so it costs them nothing.
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(405));
    }

    # Whatever a stranger says about where a request comes from, who sent it or which site it means ends here.
    set req.http.X-Forwarded-For = client.ip;
    set req.http.Host = "rakit";
    unset req.http.Forwarded;
    unset req.http.Cookie;
    unset req.http.Authorization;
    unset req.http.Rakit-Query;

    # Events never end and exports are large: as a fetch they would fill the memory.
    if (req.url ~ "^/api/v1/(events(\?|$)|exports/)") {
        return (pipe);
    }
    # What no cache may answer: the feed, a fresher read. A name in percent signs is left to the nodes to judge.
    if (req.url ~ "^/api/v1/changes(\?|$)") {
        return (pass);
    }
    if (req.url ~ "^/api/v1/" && (req.url ~ "[?&](consistency|max_age_ms|min_index)(=|&|$)" || req.url ~ "[?&][^=&]*[%+]")) {
        return (pass);
    }

    # A parameter that nodes do not know names nothing new to keep.
    if (req.url ~ "^/(cari|api/v1/search)\?" && req.url ~ "[?&]q=") {
        set req.http.Rakit-Query = "&q=" + regsub(req.url, "^[^?]*\?(?:.*&)?q=([^&]*).*$", "\1");
    }
    if (req.url ~ "^/janggal/" && req.url ~ "[?&]sesudah=") {
        set req.http.Rakit-Query = "&sesudah=" + regsub(req.url, "^[^?]*\?(?:.*&)?sesudah=([^&]*).*$", "\1");
    }
    if (req.url ~ "^/api/v1/(search|anomalies/)" && req.url ~ "[?&]limit=") {
        set req.http.Rakit-Query = req.http.Rakit-Query + "&limit=" + regsub(req.url, "^[^?]*\?(?:.*&)?limit=([^&]*).*$", "\1");
    }
    if (req.url ~ "^/api/v1/anomalies/" && req.url ~ "[?&]next=") {
        set req.http.Rakit-Query = req.http.Rakit-Query + "&next=" + regsub(req.url, "^[^?]*\?(?:.*&)?next=([^&]*).*$", "\1");
    }
    set req.url = regsub(req.url, "\?.*$", "");
    if (req.http.Rakit-Query) {
        set req.url = req.url + "?" + regsub(req.http.Rakit-Query, "^&", "");
        unset req.http.Rakit-Query;
    }
    return (hash);
}

# One site, so the address is all that counts. Of each page one packed copy is kept; Varnish itself asks nodes for gzip,
# whatever browsers write, and unpacks for those who cannot.
sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

# What goes on over the same connection would not be looked at.
sub vcl_pipe {
    set bereq.http.Connection = "close";
}

sub vcl_backend_fetch {
    if (!bereq.uncacheable) {
        set bereq.backend = nodes.backend(by=URL, alt=bereq.retries);
    }
    # The feed waits up to 30 s, a fresher read up to 5 s.
    if (bereq.url ~ "^/api/v1/changes(\?|$)") {
        set bereq.first_byte_timeout = 40s;
    } else if (bereq.url ~ "^/api/v1/attachments/") {
        # A node that lacks one fetches it from another first.
        set bereq.first_byte_timeout = 30s;
    } else if (bereq.uncacheable) {
        set bereq.first_byte_timeout = 6s;
    }
}

sub vcl_backend_response {
    if (beresp.status >= 500) {
        # What is kept is better than that.
        if (bereq.is_bgfetch) {
            return (abandon);
        }
        # A node that set itself apart says 503, so another one is asked.
        if (bereq.retries < 1) {
            return (retry);
        }
    }
    if (beresp.status != 200 || bereq.uncacheable) {
        # What is missing costs nodes nothing and could be named without end.
        set beresp.ttl = 2s;
        set beresp.uncacheable = true;
        return (deliver);
    }
    # Named by their own digest: they never change. They may be withdrawn, so nodes are asked again every day.
    if (bereq.url ~ "^/api/v1/attachments/") {
        set beresp.ttl = 1d;
        set beresp.storage = storage.attachments;
    } else {
        set beresp.storage = storage.pages;
    }
    # stale-if-error; vcl_recv decides when.
    set beresp.grace = 1d;
    # Nodes pack pages and results; the rest of the data is packed here.
    if (beresp.http.Content-Type ~ "^(application/json|text/html)") {
        set beresp.do_gzip = true;
    }
}

sub vcl_backend_error {
    if (bereq.retries < 2) {
        return (retry);
    }
    set beresp.http.Content-Type = "text/html; charset=utf-8";
    set beresp.http.Retry-After = "2";
    set beresp.body = {"<!doctype html><html lang="id"><meta name="viewport" content="width=device-width"><title>Sebentar</title><p>Halaman ini sedang tidak dapat diambil. Muat ulang sebentar lagi.</p></html>"};
    return (deliver);
}

sub vcl_deliver {
    # Nothing but an error, though something old may be there.
    if (resp.status >= 500 && req.restarts == 0 && req.url !~ "^/api/v1/changes(\?|$)") {
        return (restart);
    }
    unset resp.http.X-Varnish;
    unset resp.http.Via;
    if (obj.hits > 0) {
        set resp.http.Cache-Status = "varnish; hit";
    } else {
        set resp.http.Cache-Status = "varnish; fwd=miss";
    }
}

sub vcl_synth {
    if (resp.status == 405) {
        set resp.http.Allow = "GET, HEAD";
        set resp.http.Content-Type = "application/problem+json";
        set resp.body = {"{"type":"urn:rakit:problem:method-not-allowed","title":"Metode tidak diizinkan","status":405,"code":"method-not-allowed","retryable":false}"};
        return (deliver);
    }
}
