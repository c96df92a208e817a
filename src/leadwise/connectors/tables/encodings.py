"""Which encoding a text file is written in."""

import codecs
from collections.abc import Iterable
from itertools import chain

from charset_normalizer import from_bytes

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE_BYTES = 1 << 16
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "iso8859_2", "iso8859_5",
    "shift_jis", "euc_jp", "euc_kr", "gb18030", "big5", "mac_roman", "cp437", "cp850",
]  # fmt: skip


def find_encoding(chunks: Iterable[bytes]) -> str:
    r"""Python's name of the encoding: by its mark, else UTF-8 if all of it is, else the likeliest, else cp1252.

    >>> find_encoding([b"name\nM\xc3\xbcller"]), find_encoding([b"\xff\xfea\x00"])
    ('utf-8', 'utf-16')
    """
    pieces = iter(chunks)
    first = next(pieces, b"")
    for mark, encoding in _BOMS:
        if first.startswith(mark):
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    for piece in chain([first], pieces):
        try:
            decoder.decode(piece)
        except UnicodeDecodeError:
            return _likeliest(piece)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _likeliest(first)
    return "utf-8"


def _likeliest(piece: bytes) -> str:
    """The encoding that makes the best text of the lines that are not plain ASCII."""
    lines = [line for line in piece.splitlines(keepends=True) if not line.isascii()]
    sample = b"".join(lines)[:_SAMPLE_BYTES]
    best = from_bytes(sample, cp_isolation=_CANDIDATES).best()
    return best.encoding if best is not None else "cp1252"
