"""Which encoding a text file is written in."""

import codecs
from collections.abc import Callable, Iterable
from typing import Any

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE_BYTES = 1 << 16
_WHOLE_PER_BROKEN = 10
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MENDED_UTF8 = "utf-8-mended"
"""UTF-8 in which a few broken letters are read as the replacement character."""
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "iso8859_2", "iso8859_5",
    "shift_jis", "euc_jp", "euc_kr", "gb18030", "big5", "mac_roman", "cp437", "cp850",
]  # fmt: skip


def find_encoding(chunks: Callable[[], Iterable[bytes]]) -> str:
    r"""Python's name of the encoding in which all of the text can be read.

    That is the one of its byte order mark, else UTF-8, else UTF-8 with a few broken letters (`MENDED_UTF8`), else the
    likeliest, else cp1252 or, where even that fails, latin-1, in which any bytes are text.

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
    if _is_mostly_utf8(foreign):
        return MENDED_UTF8
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


def _is_mostly_utf8(piece: bytes) -> bool:
    """Whether nearly all letters beyond ASCII are UTF-8: few of them would be by chance in any other encoding."""
    text = piece.decode("utf-8", errors="replace")
    broken = text.count(REPLACEMENT)
    whole = sum(not letter.isascii() for letter in text) - broken
    return whole >= _WHOLE_PER_BROKEN * broken


def _find_codec(name: str) -> codecs.CodecInfo | None:
    """UTF-8 that reads what is broken as a replacement character instead of giving up."""
    if name != MENDED_UTF8.replace("-", "_"):
        return None
    strict = codecs.lookup("utf-8")
    return codecs.CodecInfo(
        encode=strict.encode,
        decode=lambda content, _errors="strict": strict.decode(content, "replace"),
        incrementalencoder=strict.incrementalencoder,
        incrementaldecoder=_MendingDecoder,  # type: ignore[arg-type]  # its errors are fixed
        name=MENDED_UTF8,
    )


class _MendingDecoder(codecs.BufferedIncrementalDecoder):
    def __init__(self, _errors: str = "strict") -> None:
        super().__init__("replace")

    def _buffer_decode(self, content: Any, errors: str, final: bool) -> tuple[str, int]:  # noqa: FBT001 - inherited
        return codecs.utf_8_decode(content, errors, final)


codecs.register(_find_codec)


def _likeliest(piece: bytes) -> str:
    """The encoding that makes the best text of the lines that are not plain ASCII."""
    from charset_normalizer import from_bytes  # noqa: PLC0415 - heavy libraries load when used

    lines = [line for line in piece.splitlines(keepends=True) if not line.isascii()]
    sample = b"".join(lines)[:_SAMPLE_BYTES]
    best = from_bytes(sample, cp_isolation=_CANDIDATES).best()
    return best.encoding if best is not None else "cp1252"
