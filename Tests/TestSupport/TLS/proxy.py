"""Stands before a server on loopback and speaks TLS for it, once for each connection.

Usage: proxy.py PORT

Prints its own port. localhost.pem beside it has a certificate for localhost and 127.0.0.1, signed by itself and good from
2020 to 2120 (`openssl ca -selfsign -startdate 20200101000000Z -enddate 21200101000000Z`), and its key, which everyone may
know.

It ends with its standard input.
"""

import os
import pathlib
import select
import socket
import ssl
import struct
import sys
import threading


def forward(client, server):
    """Until either side ends. One thread: Python's TLS sockets are not for two.

    :returns: whether the server ended, and not by a reset.
    """
    while True:
        if not client.pending():
            readable, _, _ = select.select([client, server], [], [])
            if server in readable:
                data = server.recv(1 << 16)
                if not data:
                    return True
                client.sendall(data)
                continue
        data = client.recv(1 << 16)
        if not data:
            return False
        server.sendall(data)


def serve(connection, context, port):
    client = connection
    try:
        client = context.wrap_socket(connection, server_side=True)
        with socket.create_connection(("127.0.0.1", port)) as server:
            if forward(client, server):
                # Says that this is the end: without, a client takes a body that ends with its connection for cut off.
                client.settimeout(1)
                client.unwrap()
    except ConnectionResetError:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    finally:
        client.close()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pathlib.Path(__file__).with_name("localhost.pem"))
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context, int(sys.argv[1])), daemon=True).start()


main()
