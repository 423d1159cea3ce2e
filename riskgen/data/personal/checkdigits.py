"""The arithmetic of check digits, each rule once.

Knows digits, not what they stand for. Every function takes a string of
decimal digits (or letters, where it says so) and returns whether it fits.
"""

from __future__ import annotations

from collections.abc import Sequence

# Verhoeff, Error detecting decimal codes (1969): the dihedral group of order 10
# and the powers of its permutation.
_TURN = tuple(
    tuple((a + b) % 5 if b < 5 else (a + b) % 5 + 5 for b in range(10))
    if a < 5
    else tuple((a - b) % 5 + 5 if b < 5 else (a - b) % 5 for b in range(10))
    for a in range(10)
)
_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def fits_luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    numbers = [int(c) for c in reversed(digits)]
    doubled = [sum(divmod(2 * d, 10)) for d in numbers[1::2]]
    return (sum(numbers[::2]) + sum(doubled)) % 10 == 0


def fits_verhoeff(digits: str) -> bool:
    """Whether the last digit checks the others (Verhoeff 1969)."""
    check = 0
    for place, character in enumerate(reversed(digits)):
        number = int(character)
        for _ in range(place % 8):
            number = _STEP[number]
        check = _TURN[check][number]
    return check == 0


def fits_mod_11_10(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7064, MOD 11,10)."""
    product = 10
    for character in digits[:-1]:
        total = (int(character) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(digits[-1])


def fits_mod_97_10(text: str) -> bool:
    """Whether letters and digits leave 1 modulo 97 (ISO/IEC 7064, MOD 97-10)."""
    return int("".join(str(int(c, 36)) for c in text)) % 97 == 1


def weighted(digits: str, weights: Sequence[int]) -> int:
    """Return the sum of the first digits, each times its weight."""
    return sum(int(c) * weight for c, weight in zip(digits, weights, strict=False))
