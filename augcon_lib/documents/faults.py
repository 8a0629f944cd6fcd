"""Faults of single files, in contrast to an outage of the store."""

import errno

from augcon_lib.documents.remote import store_error

# Errors of one file: the medium, the path, the kind of file. Any other error is the store's.
FILE_FAULTS = frozenset(
    {
        errno.EIO, errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO, errno.ENODEV, errno.EOVERFLOW,
        errno.EINVAL, errno.EBADMSG, errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM,
        getattr(errno, "EUCLEAN", errno.EIO),
    }
)  # fmt: skip
# This many faulty files, and a fifth of all, mean a faulty disk: that must not look like a change.
MIN_FAULTS_OF_OUTAGE = 10
MIN_FAULT_SHARE_OF_OUTAGE = 0.2


def is_file_fault(error: OSError) -> bool:
    """Whether *error* means that one file cannot be read, and nothing about the others."""
    return error.errno in FILE_FAULTS


class Faults:
    """The faulty files of one listing."""

    def __init__(self, uri: str, files: int) -> None:
        self._uri = uri
        self._most = max(MIN_FAULTS_OF_OUTAGE, int(MIN_FAULT_SHARE_OF_OUTAGE * files))
        self._count = 0

    def add(self, path: str, error: OSError) -> None:
        """Count a faulty file; raises ``StoreError`` if there are too many."""
        self._count += 1
        if self._count > self._most:
            raise store_error(f"{self._uri}/{path}", error) from error
