"""The JSON form of the types: plain values, with non-finite numbers as strings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import numpy as np
import orjson

from gan_doctor.core.errors import ReadError
from gan_doctor.core.run import Samples
from gan_doctor.core.series import Key, read_only

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def number_to_json(value: float) -> float | int | str:
    """A number that JSON can hold: whole ones as integers, NaN and infinities as strings.

    Example:
        >>> [number_to_json(x) for x in (3.0, 0.5, float("nan"))]
        [3, 0.5, 'NaN']
    """
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def number_from_json(value: Any) -> float:
    """The number back from its JSON form.

    Raises:
        ValueError: It is no number.
    """
    if isinstance(value, str) and value in NON_FINITE:
        return NON_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def plain(value: Any) -> Any:
    """Any nesting of mappings, sequences, arrays and scalars as plain JSON values.

    What JSON has no word for, such as a path or a device, is given by its text.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, bool | int | str) or value is None:
        return value
    return number_to_json(value) if isinstance(value, float) else str(value)


def to_json(value: Any) -> Any:
    """The plain JSON values of one of our types, or of a nesting of them."""
    return _converter().unstructure(value)


def from_json(kind: type[T], value: Any) -> T:
    """One of our types back from its plain JSON values.

    Sequences in free details, such as those of an event, come back as tuples.

    Raises:
        ReadError: They do not fit; the reason names each place.
    """
    from cattrs import transform_error

    try:
        return _converter().structure(value, kind)
    except Exception as error:  # cattrs groups what it collects, and lets some through as they are
        reasons = "; ".join(transform_error(error, format_exception=_reason))
        raise ReadError(f"a {kind.__name__} from JSON", reasons) from error


def dumps(value: Any, indent: bool = False) -> bytes:
    """The JSON text of one of our types, with a line end."""
    option = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(to_json(value), option=option)


@cache
def _converter() -> Converter:
    # 60 ms that the command line's --help does without.
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

    converter = Converter()
    converter.register_unstructure_hook(float, number_to_json)
    converter.register_structure_hook(float, lambda value, _: number_from_json(value))
    converter.register_unstructure_hook_func(_is_array, plain)
    converter.register_structure_hook_func(
        _is_array, lambda value, _: read_only([number_from_json(item) for item in value])
    )
    converter.register_unstructure_hook(Key, str)
    converter.register_structure_hook(Key, lambda value, _: Key.parse(value))
    # Free details: whatever is in them as plain values, with non-finite numbers known again.
    converter.register_unstructure_hook_func(_is_free, plain)
    converter.register_structure_hook_func(_is_free, lambda value, _: _free(value))
    # The way to load samples belongs to the log that they came from, not to their content.
    unopened = override(omit=True)
    converter.register_unstructure_hook(
        Samples, make_dict_unstructure_fn(Samples, converter, open=unopened)
    )
    converter.register_structure_hook(
        Samples, make_dict_structure_fn(Samples, converter, open=unopened)
    )
    return converter


def _reason(error: BaseException, kind: type | None) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _is_array(kind: Any) -> bool:
    return kind is np.ndarray or get_origin(kind) is np.ndarray


def _is_free(kind: Any) -> bool:
    return kind is Any or (get_origin(kind) is Mapping and get_args(kind) == (str, Any))


def _free(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _free(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_free(item) for item in value)
    return NON_FINITE.get(value, value) if isinstance(value, str) else value
