"""Connects to the socket again and again until told to stop; prints how often it was served and refused."""
import signal
import socket
import sys

served = refused = 0
running = True


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
print("connecting", flush=True)
while running:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    try:
        client.connect(sys.argv[1])
        if client.recv(64):
            served += 1
    except (ConnectionRefusedError, FileNotFoundError):
        refused += 1
    client.close()
print(f"served {served} refused {refused}", flush=True)
