"""One file per log format, our own among them; no torch here."""

from gan_doctor.readers._base import Cursor, Reader, known, read, reader_for

__all__ = ["Cursor", "Reader", "known", "read", "reader_for"]
