"""Random calls of builtins: a module with a rule for each call, its arguments of the declared types, or nearly so.

Arguments are taken out of an array with the input as its index, so that the compiler knows nothing of their types.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from differential.vocabulary import PACKAGE

from constraints.rego.builtins import BUILTINS
from constraints.rego.types.declared import declared
from constraints.rego.types.kinds import ArrayOf, Either, ObjectOf, Plain, SetOf, Type

CALLS: Final = 8
OUTSIDE: Final = frozenset(
    {
        "external_data",  # Gatekeeper's
        "http.send",
        "internal.print",
        "internal.template_string",
        "net.lookup_ip_addr",
        "opa.runtime",
        "print",
        "rand.intn",
        "rego.metadata.chain",  # the compiler's
        "rego.metadata.rule",
        "time.now_ns",
        "trace",
        "uuid.rfc4122",
        "walk",  # many values
        "crypto.x509.parse_and_verify_certificates",  # the clock
        "crypto.x509.parse_and_verify_certificates_with_options",
    }
)
OPERATORS: Final = {
    "and": "&",
    "div": "/",
    "equal": "==",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "minus": "-",
    "mul": "*",
    "neq": "!=",
    "or": "|",
    "plus": "+",
    "rem": "%",
}
NAMES: Final = tuple(sorted(set(BUILTINS) - OUTSIDE))
NUMBERS: Final = ("0", "1", "2", "3", "-1", "10", "1.5", "0.1", "-2.5", "7", "100", "1000000", "1e3", "1e20", "1e-7")
SMALL: Final = 10
"""Of numbers the first ones, for those builtins that make as many things as they are told."""
WORDS: Final = (
    *(
        "",
        "a",
        "b",
        "ab",
        "a.b",
        "B",
        "x-1",
        "1",
        "10",
        "ü",
        "日本",
        "a/b/c",
        "1.2.3",
        "v1.2.3-rc1+b",
        "true",
        "null",
        "=",
    ),
    *(
        '{"a":1}',
        "[1,2]",
        "a=b&c=d",
        "%41",
        "aGVsbG8=",
        "zz",
        "deadbeef",
        "0x1f",
        "-5",
        "3.14",
        "1e3",
        "NaN",
        "10m",
        "1Gi",
    ),
    *("2024-01-02T03:04:05Z", "2006-01-02", "UTC", "America/New_York", "1h30m", "5s", "10.0.0.0/8", "10.1.2.3", "::1"),
    *(
        "%d %s",
        "{{.a}}",
        "*.example.com",
        "[a-z]+",
        "(a|b)*",
        "^a",
        "a{2}",
        "\\d+",
        "b?",
        "foo bar",
        "$1",
        "\t",
        "a: 1\nb: [x]",
    ),
)


def calling(chance: Random) -> str:
    """The module."""
    values = _Values(chance)
    lines = [f"package {PACKAGE}", "import rego.v1"]
    for at in range(CALLS):
        name = NAMES[chance.randrange(len(NAMES))]
        values.numbers = NUMBERS[:SMALL] if name.startswith(("numbers.", "bits.")) else NUMBERS
        given = [values.of(declared(text)) for text in BUILTINS[name].types]
        hidden = "".join(f'a{place} := [{one}, null, 1, ""][input.zero]; ' for place, one in enumerate(given))
        lines.append(f"r{at} := [x] if {{ {hidden}x := {_call(name, len(given))} }}")
    return "\n".join(lines) + "\n"


def _call(name: str, count: int) -> str:
    if name in OPERATORS:
        return f"a0 {OPERATORS[name]} a1"
    return f"{name}({', '.join(f'a{place}' for place in range(count))})"


class _Values:
    """Writes values; all choices come from one source."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.numbers: Sequence[str] = NUMBERS

    def of(self, kind: Type | None, depth: int = 0) -> str:
        """A value of a type; sometimes of another one."""
        if not isinstance(kind, (Plain, ArrayOf, SetOf, ObjectOf, Either)) or self.chance.randrange(25) == 24:
            return self._any(depth)
        if isinstance(kind, Either):
            options = sorted(kind.options, key=repr)
            return self.of(options[self.chance.randrange(len(options))], depth) if options else self._any(depth)
        if isinstance(kind, Plain):
            return self._plain(kind.name)
        if isinstance(kind, SetOf):
            members = self._several(lambda: self.of(kind.member, depth + 1))
            return f"{{{', '.join(members)}}}" if members else "set()"
        return self._array(kind, depth) if isinstance(kind, ArrayOf) else self._object(kind, depth)

    def _array(self, kind: ArrayOf, depth: int) -> str:
        items = [self.of(one, depth + 1) for one in kind.items]
        if kind.rest is not None:
            items += self._several(lambda: self.of(kind.rest, depth + 1))
        return f"[{', '.join(items)}]"

    def _object(self, kind: ObjectOf, depth: int) -> str:
        pairs = [f"{json.dumps(one.at.key)}: {self.of(one.value, depth + 1)}" for one in kind.fields]
        others = kind.others
        if others is not None:
            pairs += self._several(lambda: f"{self.of(others.key, depth + 1)}: {self.of(others.value, depth + 1)}")
        return f"{{{', '.join(pairs)}}}"

    def _several(self, make: Callable[[], str]) -> list[str]:
        return [make() for _ in range(self.chance.randrange(4))]

    def _plain(self, name: str) -> str:
        if name == "number":
            return self.numbers[self.chance.randrange(len(self.numbers))]
        if name == "string":
            return json.dumps(WORDS[self.chance.randrange(len(WORDS))], ensure_ascii=False)
        return ("true", "false")[self.chance.randrange(2)] if name == "boolean" else "null"

    def _any(self, depth: int) -> str:
        kinds: list[Type] = [Plain("number"), Plain("string"), Plain("string"), Plain("boolean"), Plain("null")]
        if depth < 3:
            kinds += [declared("array"), declared("set"), declared("object[string:any]"), declared("object")]
        return self.of(kinds[self.chance.randrange(len(kinds))], depth)
