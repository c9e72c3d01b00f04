"""A proxy for CONNECT that makes trouble.

    proxy.py ADDRESS cut|gone|stall

Prints its port and serves until it is killed. `cut`: the first two connections break off after some bytes; `gone`: every one does;
`stall`: nothing comes through the first one for twenty seconds. The other connections are passed on.
"""

import socket
import socketserver
import sys
import threading
import time

address, how = sys.argv[1:3]
count = 0
lock = threading.Lock()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        global count
        with lock:
            count += 1
            number = count
        words = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        if len(words) < 2 or words[0] != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Only CONNECT\r\n\r\n")
            return
        host, _, port = words[1].rpartition(":")
        limit = 3000 if how == "gone" or (how == "cut" and number <= 2) else None
        try:
            out = socket.create_connection((host.strip("[]"), int(port)), 30)
        except OSError:
            self.wfile.write(b"HTTP/1.1 502 No way\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        if how == "stall" and number == 1:
            time.sleep(20)
        back = threading.Thread(target=self.pump, args=(out, self.connection, limit), daemon=True)
        back.start()
        self.pump(self.connection, out, None)
        back.join(60)

    def pump(self, source, target, limit):
        got = 0
        try:
            while data := source.recv(65536):
                got += len(data)
                if limit is not None and got > limit:
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server((address, 0), Handler) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
