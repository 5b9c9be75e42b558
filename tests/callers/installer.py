"""Windows' declarations in Python's ctypes: who locks this file, and replace it.

    installer.py NEW FILE      (while process $APPLICATION_PID, and nobody else, has FILE open)

What a port has to know: wchar_t has 32 bits here, so ctypes.c_wchar and create_unicode_buffer do not
fit. WCHAR is c_uint16, and text is encoded as utf-16-le.
"""

import ctypes
import os
import sys
from ctypes import POINTER, byref, c_int, c_uint16, c_uint32

MORE_DATA = 234


class FileTime(ctypes.Structure):
    _fields_ = [("low", c_uint32), ("high", c_uint32)]


class UniqueProcess(ctypes.Structure):
    _fields_ = [("pid", c_uint32), ("start", FileTime)]


class ProcessInfo(ctypes.Structure):
    _fields_ = [("process", UniqueProcess), ("app_name", c_uint16 * 256),
                ("service_name", c_uint16 * 64), ("type", c_int), ("status", c_uint32),
                ("login_session", c_uint32), ("restartable", c_int)]


StatusCallback = ctypes.CFUNCTYPE(None, ctypes.c_uint)
Key = c_uint16 * 33

assert ctypes.sizeof(UniqueProcess) == 12 and ctypes.sizeof(ProcessInfo) == 668

rstrtmgr = ctypes.CDLL("librstrtmgr.so.1")
rstrtmgr.RmStartSession.argtypes = [POINTER(c_uint32), c_uint32, POINTER(c_uint16)]
rstrtmgr.RmJoinSession.argtypes = [POINTER(c_uint32), POINTER(c_uint16)]
rstrtmgr.RmEndSession.argtypes = [c_uint32]
rstrtmgr.RmRegisterResources.argtypes = [
    c_uint32, c_uint32, POINTER(POINTER(c_uint16)), c_uint32, POINTER(UniqueProcess), c_uint32,
    POINTER(POINTER(c_uint16))]
rstrtmgr.RmGetList.argtypes = [c_uint32, POINTER(c_uint32), POINTER(c_uint32),
                               POINTER(ProcessInfo), POINTER(c_uint32)]
rstrtmgr.RmShutdown.argtypes = [c_uint32, c_uint32, StatusCallback]
rstrtmgr.RmRestart.argtypes = [c_uint32, c_uint32, StatusCallback]


def wide(text):
    units = (text + "\0").encode("utf-16-le")
    return (c_uint16 * (len(units) // 2)).from_buffer_copy(units)


def text_of(units):
    return bytes(units).decode("utf-16-le").split("\0")[0]


def must(code):
    if code != 0:
        raise OSError(f"Restart Manager error {code}")


def register(session, paths):
    texts = [wide(path) for path in paths]
    files = (POINTER(c_uint16) * len(texts))(
        *[ctypes.cast(text, POINTER(c_uint16)) for text in texts])
    must(rstrtmgr.RmRegisterResources(session, len(files), files, 0, None, 0, None))


def who(session):
    needed, count, reasons = c_uint32(), c_uint32(), c_uint32()
    apps = None
    while (code := rstrtmgr.RmGetList(session, byref(needed), byref(count), apps,
                                      byref(reasons))) == MORE_DATA:
        apps = (ProcessInfo * needed.value)()
        count = c_uint32(needed.value)
    must(code)
    return list(apps[:count.value]) if apps else []


def main(pid, new, file):
    session, joined, key = c_uint32(7), c_uint32(), Key()
    must(rstrtmgr.RmStartSession(byref(session), 0, key))
    must(rstrtmgr.RmJoinSession(byref(joined), key))
    register(joined, [file])
    must(rstrtmgr.RmEndSession(joined))

    apps = who(session)
    print([(app.process.pid, text_of(app.app_name), app.restartable) for app in apps])
    assert [app.process.pid for app in apps] == [int(pid)] and apps[0].restartable

    seen = []
    progress = StatusCallback(seen.append)
    must(rstrtmgr.RmShutdown(session, 0, progress))
    os.replace(new, file)
    must(rstrtmgr.RmRestart(session, 0, progress))
    assert seen[-1] == 100 and seen.count(100) == 2, seen
    must(rstrtmgr.RmEndSession(session))


main(os.environ["APPLICATION_PID"], *sys.argv[1:])
