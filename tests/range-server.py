# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small web server that knows ranges, for tests: it serves a folder.

range-server.py PIDFILE PORTFILE LOGFILE FOLDER [CERTIFICATE KEY]

With a certificate it speaks https.  /moved/X sends on to /X, and /secret/X is
X for user "alice" with the password "open:sesame/42" alone.  Each request is a
line of the log: method, path, range.
"""

import base64
import http.server
import os
import re
import ssl
import sys

pid_file, port_file, log_file, folder = sys.argv[1:5]
login = "Basic " + base64.b64encode(b"alice:open:sesame/42").decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def refuse(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self):
        wanted = self.headers.get("Range", "")
        with open(log_file, "a") as log:
            print(self.command, self.path, wanted, file=log)
        path = self.path
        if path.startswith("/moved/"):
            return self.refuse(302, Location=path[len("/moved"):])
        if path.startswith("/secret/"):
            if self.headers.get("Authorization") != login:
                return self.refuse(401, WWW_Authenticate='Basic realm="x"')
            path = path[len("/secret"):]
        try:
            file = open(os.path.join(folder, path.lstrip("/")), "rb")
        except OSError:
            return self.refuse(404)
        with file:
            self.send_file(file, re.fullmatch(r"bytes=(\d+)-(\d*)", wanted))

    def send_file(self, file, match):
        size = file.seek(0, os.SEEK_END)
        start, end = 0, size
        if match:
            start = int(match[1])
            end = min(int(match[2] or size) + 1, size)
            self.send_response(206)
            self.send_header("Content-Range",
                             "bytes %d-%d/%d" % (start, end - 1, size))
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command == "GET":
            file.seek(start)
            self.wfile.write(file.read(end - start))

    do_GET = do_HEAD = answer


def put(name, text):
    with open(name + ".new", "w") as file:
        file.write("%d\n" % text)
    os.rename(name + ".new", name)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 5:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[5], sys.argv[6])
    server.socket = context.wrap_socket(server.socket, server_side=True)
put(port_file, server.server_address[1])
put(pid_file, os.getpid())
server.serve_forever()
