"""A disk on which modes do not hold, as on FAT, exFAT, and drives of Windows in WSL: a file system in user space.

``python tests/modeless_disk.py FOLDER MODE`` mounts it there, says so on stdout and serves it until it is unmounted.
What lies on it is kept in memory. Every file and folder shows MODE; a chmod is taken and forgotten; there are no hard
links. It speaks the kernel's own protocol, <linux/fuse.h> 7.31, so that no library is needed; root alone can mount it.
"""

import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_IN = struct.Struct("<IIQQIII4x")
_OUT = struct.Struct("<IiQ")
_ATTRIBUTES = struct.Struct("<6Q10I")
_ROOT = 1
_MOST = 1 << 17
_TIME = 1_700_000_000
(_LOOKUP, _FORGET, _GETATTR, _SETATTR) = range(1, 5)
(_MKDIR, _UNLINK, _RMDIR, _RENAME, _LINK, _OPEN, _READ, _WRITE, _STATFS, _RELEASE) = range(9, 19)
(_FSYNC, _FLUSH, _INIT, _OPENDIR, _READDIR, _RELEASEDIR, _FSYNCDIR) = (20, 25, 26, 27, 28, 29, 30)
(_ACCESS, _CREATE, _BATCH_FORGET, _RENAME2) = (34, 35, 42, 45)
_HAS_SIZE = 1 << 3


class Node:
    def __init__(self, number: int, mode: int, *, is_folder: bool) -> None:
        self.number = number
        self.mode = mode | (stat.S_IFDIR if is_folder else stat.S_IFREG)
        self.content = bytearray()
        self.entries: dict[bytes, Node] | None = {} if is_folder else None

    def attributes(self) -> bytes:
        size = len(self.content)
        owner = (os.geteuid(), os.getegid())
        return _ATTRIBUTES.pack(self.number, size, size // 512, *[_TIME] * 3, 0, 0, 0, self.mode, 1, *owner, 0, 4096, 0)

    def entry(self) -> bytes:
        return struct.pack("<4Q2I", self.number, 0, 0, 0, 0, 0) + self.attributes()


class Disk:
    def __init__(self, mode: int) -> None:
        self.mode = mode
        self.nodes = {_ROOT: Node(_ROOT, mode, is_folder=True)}

    def answer(self, operation: int, node: int, body: bytes) -> bytes:
        """What the kernel is told. Raises OSError."""
        handler = _HANDLERS.get(operation)
        if handler is None:
            raise OSError(errno.ENOSYS, "")
        return handler(self, self.nodes[node] if node else self.nodes[_ROOT], body)

    def inside(self, folder: Node) -> dict[bytes, Node]:
        if folder.entries is None:
            raise OSError(errno.ENOTDIR, "")
        return folder.entries

    def found(self, folder: Node, name: bytes) -> Node:
        if name not in self.inside(folder):
            raise OSError(errno.ENOENT, "")
        return self.inside(folder)[name]

    def made(self, folder: Node, name: bytes, *, is_folder: bool) -> Node:
        if name in self.inside(folder):
            raise OSError(errno.EEXIST, "")
        new = Node(max(self.nodes) + 1, self.mode, is_folder=is_folder)
        self.nodes[new.number] = self.inside(folder)[name] = new
        return new

    def removed(self, folder: Node, body: bytes) -> bytes:
        if self.found(folder, _name(body)).entries:
            raise OSError(errno.ENOTEMPTY, "")
        del self.inside(folder)[_name(body)]  # its node stays, for whoever has it open
        return b""

    def renamed(self, folder: Node, body: bytes, header: int) -> bytes:
        [target] = struct.unpack_from("<Q", body)
        old, new = body[header:].split(b"\0")[:2]
        node = self.found(folder, old)
        del self.inside(folder)[old]
        self.inside(self.nodes[target])[new] = node
        return b""

    def set_attributes(self, node: Node, body: bytes) -> bytes:
        valid, size = struct.unpack_from("<I12xQ", body)
        if valid & _HAS_SIZE:
            node.content = node.content[:size].ljust(size, b"\0")
        return bytes(16) + node.attributes()

    def written(self, node: Node, body: bytes) -> bytes:
        offset, size = struct.unpack_from("<8xQI", body)
        node.content = node.content.ljust(offset, b"\0")
        node.content[offset : offset + size] = body[40 : 40 + size]
        return struct.pack("<I4x", size)

    def listed(self, folder: Node, body: bytes) -> bytes:
        offset, size = struct.unpack_from("<8xQI", body)
        told = b""
        for number, (name, node) in enumerate(list(self.inside(folder).items())[offset:], offset + 1):
            entry = struct.pack("<2Q2I", node.number, number, len(name), node.mode >> 12) + name
            entry += bytes(-len(entry) % 8)
            if len(told) + len(entry) > size:
                break
            told += entry
        return told


def _name(body: bytes) -> bytes:
    return body.rstrip(b"\0")


def _read(_: Disk, node: Node, body: bytes) -> bytes:
    offset, size = struct.unpack_from("<8xQI", body)
    return bytes(node.content[offset : offset + size])


def _refused(_: Disk, __: Node, ___: bytes) -> bytes:
    raise OSError(errno.EPERM, "")


def _nothing(_: Disk, __: Node, ___: bytes) -> bytes:
    return b""


def _opened(_: Disk, __: Node, ___: bytes) -> bytes:
    return bytes(16)


_HANDLERS: dict[int, Callable[[Disk, Node, bytes], bytes]] = {
    _INIT: lambda *_: struct.pack("<4I2H2I2H8I", 7, 31, _MOST, 0, 8, 8, _MOST, 1, 32, 0, *[0] * 8),
    _LOOKUP: lambda disk, node, body: disk.found(node, _name(body)).entry(),
    _GETATTR: lambda _, node, __: bytes(16) + node.attributes(),
    _SETATTR: Disk.set_attributes,
    _MKDIR: lambda disk, node, body: disk.made(node, _name(body[8:]), is_folder=True).entry(),
    _CREATE: lambda disk, node, body: disk.made(node, _name(body[16:]), is_folder=False).entry() + bytes(16),
    _UNLINK: Disk.removed,
    _RMDIR: Disk.removed,
    _RENAME: lambda disk, node, body: disk.renamed(node, body, 8),
    _RENAME2: lambda disk, node, body: disk.renamed(node, body, 16),
    _LINK: _refused,
    _READ: _read,
    _WRITE: Disk.written,
    _READDIR: Disk.listed,
    _STATFS: lambda *_: struct.pack("<5Q4I6I", *[1 << 20] * 5, 4096, 255, 4096, 0, *[0] * 6),
    **dict.fromkeys((_OPEN, _OPENDIR), _opened),
    **dict.fromkeys((_RELEASE, _RELEASEDIR, _FSYNC, _FSYNCDIR, _FLUSH, _ACCESS), _nothing),
}


def serve(device: int, disk: Disk) -> None:
    """Until it is unmounted."""
    while True:
        try:
            request = os.read(device, _MOST + 4096)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return
            raise
        _, operation, unique, node, *_ = _IN.unpack_from(request)
        if operation in (_FORGET, _BATCH_FORGET):
            continue
        try:
            code, told = 0, disk.answer(operation, node, request[_IN.size :])
        except OSError as error:
            code, told = -(error.errno or errno.EIO), b""
        os.write(device, _OUT.pack(_OUT.size + len(told), code, unique) + told)


def main(folder: str, mode: str) -> None:
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={os.geteuid()},group_id={os.getegid()},allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"modeless", os.fsencode(folder), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "mounting is not allowed here")
    print("mounted", flush=True)
    serve(device, Disk(int(mode, 8)))


@contextmanager
def mounted(folder: Path, mode: int = 0o777) -> Iterator[bool]:
    """Whether the disk is at ``folder`` while this lasts."""
    command = [sys.executable, __file__, str(folder), f"{mode:o}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline() == b"mounted\n"
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)
            server.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
