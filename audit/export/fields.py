"""Reads the fields of a driver's config one by one; what is wrong is told with the field and its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from audit.duration import parse_duration
from audit.errors import ExportError
from constraints.model import Json

INVALID = "InvalidConnection"
_LONGEST = 60  # characters of a wrong value
_NAMES = (
    (bool, "true or false"),
    (str, "a text"),
    (int | float, "a number"),
    (Mapping, "an object"),
    (object, "a list"),
)


def invalid(message: str) -> ExportError:
    """A Connection that makes no sense."""
    return ExportError(message, reason=INVALID)


class Fields:
    """The fields of `values`; `where` is their place, as it is told in errors. Each method raises ExportError.

    Those `of_all` drivers are read elsewhere.
    """

    def __init__(self, where: str, values: Mapping[str, Json], of_all: Sequence[str] = ()) -> None:
        self.where = where
        self._values = values
        self._known = set(of_all)

    def text(self, name: str) -> str:
        """A text that must be there and not be empty."""
        value = self._required(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "a text")
        return value

    def whole(self, name: str, numbers: range, default: int | None = None) -> int:
        """A whole number of `numbers` that must be there, unless it has a default."""
        value = self._required(name) if default is None else self._optional(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or value not in numbers:
            raise self.wrong(name, f"a whole number from {numbers[0]} to {numbers[-1]}")
        return int(value)

    def seconds(self, name: str, default: str, bounds: tuple[str, str]) -> float:
        """The seconds of a duration such as `10m`."""
        value = self._optional(name, default)
        least, most = map(parse_duration, bounds)
        try:
            seconds = parse_duration(value) if isinstance(value, str) else -1.0
        except ValueError:
            seconds = -1.0
        if not least <= seconds <= most:
            raise self.wrong(name, f"a duration from {bounds[0]} to {bounds[1]}")
        return seconds

    def choice(self, name: str, default: str, among: Sequence[str]) -> str:
        """One of some words."""
        value = self._optional(name, default)
        if value not in among:
            raise self.wrong(name, f"one of {', '.join(among)}")
        return str(value)

    def text_if_there(self, name: str, default: str = "") -> str:
        """A text that is not empty, where it is there."""
        return self.text(name) if name in self._values else str(self._optional(name, default))

    def texts(self, name: str) -> list[str]:
        """Texts that must be there: a list of them, or one text with commas between them. None of them is told."""
        value = self._required(name)
        found = value.split(",") if isinstance(value, str) else value
        if not isinstance(found, Sequence) or not found or not all(isinstance(each, str) for each in found):
            raise self.wrong_kept(name, "a text, or a list of texts")
        return [each.strip() for each in found]

    def is_text(self, name: str) -> bool:
        """Whether there is a text at that name."""
        return isinstance(self._values.get(name), str)

    def nested(self, name: str) -> Fields | None:
        """The fields of an object, where it is there. No value of theirs is told, for one may be a secret."""
        self._known.add(name)
        return self.required(name) if name in self._values else None

    def required(self, name: str) -> Fields:
        """The fields of an object that must be there."""
        value = self._required(name)
        if not isinstance(value, Mapping):
            raise self.wrong_kept(name, f"an object, not {named(value)}")
        return Fields(f"{self.where}.{name}", value)

    def names(self) -> list[str]:
        """Of all fields."""
        return [str(name) for name in self._values]

    def truth(self, name: str) -> bool:
        """True or false; false where it is not there."""
        value = self._optional(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def end(self) -> None:
        """There must be no other fields than those that were asked for."""
        for name in sorted(self._values.keys() - self._known):
            close = get_close_matches(name, self._known, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(self._known)) or 'none'}"
            raise invalid(f"{self.where}.{name} is no field of this driver: {hint}")

    def wrong(self, name: str, wanted: str) -> ExportError:
        """The error for a value that is not what is wanted."""
        return invalid(f"{self.where}.{name} must be {wanted}, not {_shown(self._values.get(name))}")

    def wrong_kept(self, name: str, wanted: str) -> ExportError:
        """The same for a value that nobody may see."""
        return invalid(f"{self.where}.{name} must be {wanted}")

    def _required(self, name: str) -> Json:
        self._known.add(name)
        if name not in self._values:
            raise invalid(f"{self.where}.{name} is missing")
        return self._values[name]

    def _optional(self, name: str, default: Json) -> Json:
        self._known.add(name)
        return self._values.get(name, default)


def named(value: Json) -> str:
    """What kind of value it is, for people who write YAML."""
    if value is None:
        return "null"
    return next(name for kind, name in _NAMES if isinstance(value, kind))


def _shown(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str | int | float) else named(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
