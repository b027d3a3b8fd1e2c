"""A filter of rows in words and numbers: "history", "q < 0.05", "explained > 0.1"."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_COMPARISON = re.compile(r"^(?P<name>.+?)\s*(?P<sign><=|>=|<|>|=)\s*(?P<number>[-+]?[\d.]+(?:e[-+]?\d+)?)\s*%?$", re.IGNORECASE)


@dataclass(frozen=True)
class SheetFilter:
    """Conditions that a row has to meet, all of them.

    Attributes
    ----------
    words : tuple of str
        Each stands in one of the row's texts.
    numbers : tuple of (str, str, float)
        Column, sign and limit.
    unknown : tuple of str
        Names of columns that are not there.
    """

    words: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str, float], ...] = ()
    unknown: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str, columns: tuple[str, ...]) -> SheetFilter:
        """From what was typed, conditions with commas between them; a column may be shortened to how it begins."""
        words, numbers, unknown = [], [], []
        for part in filter(None, (one.strip() for one in text.split(","))):
            found = _COMPARISON.match(part)
            if found is None:
                words.append(part.lower())
                continue
            wanted = found["name"].lower()
            column = next((one for one in columns if one.lower() == wanted), None)
            column = column or next((one for one in columns if one.lower().startswith(wanted)), None)
            try:
                limit = float(found["number"])
            except ValueError:
                words.append(part.lower())
                continue
            if column is None:
                unknown.append(found["name"])
            else:
                numbers.append((column, found["sign"], limit))
        return cls(tuple(words), tuple(numbers), tuple(unknown))

    def admits(self, texts: str, values: Mapping[str, float]) -> bool:
        """Whether a row meets all conditions; a number that is not there meets none."""
        return all(word in texts for word in self.words) and all(
            _OPERATORS[sign](values[column], limit) for column, sign, limit in self.numbers
        )
