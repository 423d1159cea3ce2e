"""A text file as bytes, unpacked on the way and checked to be UTF-8.

Never holds more than a block. Knows bytes and lines, not columns.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from riskgen.data.sources.forms import packing_of
from riskgen.errors import DataError

_BLOCK = 1 << 22
HEAD_BYTES = 1 << 20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_head(path: Path) -> str:
    """Check the whole file and return its first 1 MiB as text, without a byte order mark.

    Raises
    ------
    DataError
        When the file is packed and damaged, is not UTF-8 (with the line and
        the encoding it looks like), or holds binary data.
    """
    head = b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    consumed = lines = 0
    for block in _blocks(path):
        head = block if not consumed else head
        rest = decoder.getstate()[0]
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            place = (consumed - len(rest), lines - rest.count(b"\n"))
            raise _not_utf8(path, rest + block, error.start, place) from error
        consumed += len(block)
        lines += block.count(b"\n")
    if decoder.getstate()[0]:
        raise DataError(f"'{path}' is cut off in the middle of a letter. Copy or export it again.")
    return _text_of(head[:HEAD_BYTES], path)


def _blocks(path: Path) -> Iterator[bytes]:
    packing = packing_of(path)
    try:
        with pa.input_stream(str(path), compression=packing) as stream:
            while block := stream.read(_BLOCK):
                yield block
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"'{path}' is cut off or no {packing or 'text'} file. Copy again.") from (
            error
        )


def _text_of(head: bytes, path: Path) -> str:
    text = head.decode("utf-8-sig", errors="ignore")
    if "\0" in text[:4096]:
        found = "UTF-16 without a mark" if head[1:64:2].count(0) > 16 else "binary data, not text"
        raise DataError(f"'{path}' holds {found}. Export it as CSV in UTF-8.")
    return text


def _not_utf8(path: Path, block: bytes, start: int, before: tuple[int, int]) -> DataError:
    offset, lines = before
    line = lines + block.count(b"\n", 0, start) + 1
    looks = "UTF-16" if offset == 0 and block.startswith(_UTF16) else _western(block)
    return DataError(
        f"'{path}' is not UTF-8: byte {offset + start}, line {line}. It looks like {looks}; save "
        f"it as UTF-8, for example: iconv -f {looks.upper()} -t UTF-8 IN > OUT"
    )


def _western(block: bytes) -> str:
    # The two differ in 0x80 to 0x9F: letters and the euro in one, control characters in the other.
    return "Windows-1252" if any(0x80 <= byte <= 0x9F for byte in set(block)) else "ISO-8859-1"


def first_lines(text: str, count: int) -> list[str]:
    """Return the first lines of a text, with their ends."""
    return list(io.StringIO(text, newline=None))[:count]
