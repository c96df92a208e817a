"""Which encoding a text file is written in."""

import codecs
from collections.abc import Callable, Iterable

from charset_normalizer import from_bytes

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE_BYTES = 1 << 16
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "iso8859_2", "iso8859_5",
    "shift_jis", "euc_jp", "euc_kr", "gb18030", "big5", "mac_roman", "cp437", "cp850",
]  # fmt: skip


def find_encoding(chunks: Callable[[], Iterable[bytes]]) -> str:
    r"""Python's name of the encoding in which all of the text can be read.

    That is the one of its byte order mark, else UTF-8, else the likeliest, else cp1252 or, where even that fails,
    latin-1, in which any bytes are text.

    Args:
        chunks: Gives the bytes in pieces, from the start at each call.

    >>> find_encoding(lambda: [b"name\nM\xc3\xbcller"]), find_encoding(lambda: [b"\xff\xfea\x00"])
    ('utf-8', 'utf-16')
    """
    first = next(iter(chunks()), b"")
    for mark, encoding in _BOMS:
        if first.startswith(mark):
            return encoding
    foreign = _undecodable(chunks(), "utf-8")
    if foreign is None:
        return "utf-8"
    guesses = (_likeliest(foreign), "cp1252")
    return next((guess for guess in guesses if _undecodable(chunks(), guess) is None), "latin-1")


def _undecodable(chunks: Iterable[bytes], encoding: str) -> bytes | None:
    """The first piece that is no text in this encoding; None if all of it is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    piece = b""
    try:
        for piece in chunks:
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return piece
    return None


def _likeliest(piece: bytes) -> str:
    """The encoding that makes the best text of the lines that are not plain ASCII."""
    lines = [line for line in piece.splitlines(keepends=True) if not line.isascii()]
    sample = b"".join(lines)[:_SAMPLE_BYTES]
    best = from_bytes(sample, cp_isolation=_CANDIDATES).best()
    return best.encoding if best is not None else "cp1252"
