# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small web server with range requests, for tests: it serves a folder.

range-server.py PIDFILE PORTFILE LOGFILE FOLDER [CERTIFICATE KEY]

With a certificate it speaks https.  /moved/X sends on to /X, /abroad/X to that
at another name of the same host, and /secret/X is X for user "alice" with the
password "open:sesame/42" alone.  /whole/X knows no ranges; /liar/X says that it
does, and sends all of X for each; /head-liar/X promises it by HEAD alone;
/late-liar/X lies for ranges that do not begin at 0.  /headless/X refuses HEAD.
Where there is a file FOLDER/X.new, /swapped/X is that instead.  Each request is
a line of the log: method, path, range.
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
        if path.startswith("/abroad/"):
            return self.refuse(302, Location="http://127.0.0.1:%d%s" % (
                server.server_address[1], path[len("/abroad"):]))
        if path.startswith("/secret/"):
            if self.headers.get("Authorization") != login:
                return self.refuse(401, WWW_Authenticate='Basic realm="x"')
            path = path[len("/secret"):]
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        promise = True
        if path.startswith("/headless/"):
            if self.command == "HEAD":
                return self.refuse(403)
            path = path[len("/headless"):]
        if path.startswith("/whole/"):
            path, match, promise = path[len("/whole"):], None, False
        if path.startswith("/head-liar/"):
            path = path[len("/head-liar"):]
            match, promise = None, self.command == "HEAD"
        if path.startswith("/liar/"):
            path, match = path[len("/liar"):], None
        if path.startswith("/late-liar/"):
            path = path[len("/late-liar"):]
            match = match if match and match[1] == "0" else None
        if path.startswith("/swapped/"):
            path = path[len("/swapped"):]
            if os.path.exists(os.path.join(folder, path[1:] + ".new")):
                path += ".new"
        try:
            file = open(os.path.join(folder, path.lstrip("/")), "rb")
        except OSError:
            return self.refuse(404)
        with file:
            self.send_file(file, match, promise)

    def send_file(self, file, match, promise):
        size = file.seek(0, os.SEEK_END)
        start, end = 0, size
        if match and int(match[1]) >= size:
            return self.refuse(416, Content_Range="bytes */%d" % size)
        if match:
            start = int(match[1])
            end = min(int(match[2] or size) + 1, size)
            self.send_response(206)
            self.send_header("Content-Range",
                             "bytes %d-%d/%d" % (start, end - 1, size))
        else:
            self.send_response(200)
        if promise:
            self.send_header("Accept-Ranges", "bytes")
        status = os.fstat(file.fileno())
        self.send_header("ETag", '"%d-%d"' % (status.st_ino, size))
        self.send_header("Last-Modified", self.date_time_string(
            int(status.st_mtime)))
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


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 5:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[5], sys.argv[6])
    server.socket = context.wrap_socket(server.socket, server_side=True)
put(port_file, server.server_address[1])
put(pid_file, os.getpid())
server.serve_forever()
