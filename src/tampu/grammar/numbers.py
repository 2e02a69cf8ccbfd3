"""Numbers in schemas. llguidance keeps them as float64 and reads long decimals to within a last digit only.

A number that would not be the one that stands in the schema is refused: the answer would be another number.
"""

import json
from decimal import Decimal
from typing import Any

from tampu.errors import UnsupportedSchema

EXACT = 2**53  # whole numbers up to here are all float64
INT64 = 2**63
MAX_POWER = 22  # of ten that is exact in a float64
# The outermost bounds that llguidance writes an expression for: away from zero, and towards it.
OUTERMOST = INT64 - 1024
INNERMOST = 10**18 - 1
MAX_FACTOR = 2**32 - 1


def is_held(value: Any) -> bool:
    """Whether llguidance writes this value, with all numbers in it, as it stands here."""
    if isinstance(value, list):
        return all(map(is_held, value))
    if isinstance(value, dict):
        return all(map(is_held, value.values()))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return _is_number_held(value)


def simplest(value: Any) -> Any:
    """The same value with its whole numbers as integers, which llguidance reads exactly for longer."""
    if isinstance(value, list):
        return [simplest(each) for each in value]
    if isinstance(value, dict):
        return {name: simplest(each) for name, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < INT64 else value


def bound(value: Any, where: str, param: str) -> Any:
    """A bound that is enforced as it stands. Draft 4 has `exclusiveMinimum: true` beside a minimum."""
    if isinstance(value, bool) and "/exclusiveM" in where:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnsupportedSchema(f"{where} must be a number.", param=param)
    value = simplest(value)
    is_outer = (value > 0) == where.lower().endswith("maximum")
    if is_outer and value in (INT64 - 1, -INT64):
        return OUTERMOST if value > 0 else -OUTERMOST
    is_exact = _is_number_held(value) and (abs(value) <= EXACT or Decimal(repr(float(value))) == value)
    if not is_exact or abs(value) > (OUTERMOST if is_outer else INNERMOST):
        raise UnsupportedSchema(
            f"{where}: {str(value)[:30]} cannot be enforced exactly. Bounds have up to 15 digits; beyond, those of "
            "int64 are taken. Leave out a bound that no value reaches.",
            param=param,
        )
    return value


def factor(value: Any, where: str, param: str) -> Any:
    """A number that others may be multiples of."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise UnsupportedSchema(f"{where} must be a number above 0.", param=param)
    if value > MAX_FACTOR or _scaled(value) > MAX_FACTOR:
        raise UnsupportedSchema(f"{where} is at most {MAX_FACTOR}, also without its point.", param=param)
    return value


def text(value: Any) -> str:
    """The value as JSON, as answers are written."""
    return json.dumps(value, ensure_ascii=False)


def _is_number_held(value: float) -> bool:
    value = simplest(value)
    if isinstance(value, int) and abs(value) < INT64:
        return abs(value) <= EXACT or int(float(value)) == value
    try:
        shortest = Decimal(repr(float(value))).normalize()
    except OverflowError:
        return False
    if not shortest.is_finite() or (abs(value) >= EXACT and shortest != Decimal(value)):
        return False
    return _significand(shortest) <= EXACT and abs(int(shortest.as_tuple().exponent)) <= MAX_POWER


def _scaled(value: float) -> float:
    """The digits of a factor, as llguidance finds them."""
    scaled = float(value)
    while scaled % 1:
        scaled *= 10
    return scaled


def _significand(value: Decimal) -> int:
    """The digits of a number, without its zeros and its point."""
    return int("".join(map(str, value.normalize().as_tuple().digits)))
