"""Arrays as bytes that cannot carry code."""

import io

import numpy as np

from leadwise.domain.frame import Floats


def dump_array(array: Floats) -> bytes:
    """The array in NumPy's own format, with pickling forbidden.

    >>> load_array(dump_array(np.array([[1.0, 2.0]]))).tolist()
    [[1.0, 2.0]]
    """
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array, dtype=np.float64), allow_pickle=False)
    return buffer.getvalue()


def load_array(content: bytes) -> Floats:
    """The array that `dump_array` wrote.

    Raises:
        ValueError: if the bytes are no array of numbers.
    """
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except EOFError as error:
        message = "expected an array, got nothing"
        raise ValueError(message) from error
    if array.dtype != np.float64:
        message = f"expected an array of float64, got {array.dtype}"
        raise ValueError(message)
    return np.asarray(array, dtype=np.float64)
