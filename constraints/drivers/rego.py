"""The Rego driver: templates are compiled to Python, and once more for each constraint's parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter

from constraints.drivers.regolibs import compiled_as
from constraints.errors import CompileError, EvaluationError, ModuleError, PolicyError
from constraints.fields import quoted
from constraints.inventory import Inventory
from constraints.lang.source import Source, Span
from constraints.model import REGO, AdmissionField, Finding, Json
from constraints.rego.builtins import Capabilities
from constraints.rego.policy import ENTRY, RegoPolicy, RegoProgram, Settings
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.parser import parse_module
from constraints.rego.syntax.progress import TOO_DEEP, During
from constraints.rego.syntax.spelling import term_text
from constraints.rego.syntax.tree import Module, Ref, Rule, Scalar, Var
from constraints.rego.values.kinds import RegoObject, RegoSet, Value
from constraints.rego.values.number import LiteralFloat, Number, number_text
from constraints.rego.values.order import sorted_pairs
from constraints.rego.values.plain import json_key, to_json
from constraints.review import ADMISSION_ONLY
from constraints.timing import OutOfTime

ENTRY_MODULE = "template"
_READABLE = ("lib", "inventory")
_PLAIN = 1_000_000
_DATA = Var("data")
_BAD_IMPORT = 'invalid import: bad import: "{}"'
_REGO_V1 = r"(?m)^[ \t]*import[ \t]+(rego\.v1)\b"


class RegoDriver:
    """Compiles Rego of v0 and v1. `written`: numbers in details are LiteralFloat, with the text that OPA gives them."""

    engine = REGO

    def __init__(self, settings: Settings | None = None, *, written: bool = False) -> None:
        self._settings = settings or Settings(Capabilities().builtins())
        self._number = _written if written else _integral

    def compile(self, kind: str, source: Mapping[str, Json]) -> TemplatePolicy:
        """Raises CompileError with line and column."""
        sources = _sources(source)
        with _named(kind):
            with _before_compiling():
                modules = compiled_as(_modules(sources, source.get("version") == "v1"))
            return TemplatePolicy(kind, sources, RegoPolicy(modules, self._settings), self._number)


class TemplatePolicy:
    """The code of one template."""

    integers = False

    def __init__(
        self, kind: str, sources: Sequence[Source], policy: RegoPolicy, number: Callable[[Number], Json]
    ) -> None:
        self._number = number
        self._kind = kind
        self._texts = {source.name: source.text for source in sources}
        self._policy = policy

    @property
    def admission_fields(self) -> tuple[AdmissionField, ...]:
        """What the code reads that no audit has, in order; where a name does not even occur nothing is looked for."""
        fields = frozenset(name for name in ADMISSION_ONLY if any(_asks(text, name) for text in self._texts.values()))
        try:
            found = self._policy.mentions(fields) if fields else {}
        except RecursionError:  # nested as deeply as Python goes; nothing is said of it
            return ()
        return tuple(
            AdmissionField(f"input.review.{name}", f"{self._kind}/{source}:{span}")
            for name, (source, span) in sorted(found.items())
        )

    def program(self, parameters: Json) -> ConstraintProgram:
        """The policy for one constraint. Raises CompileError where it nests too deeply for Python."""
        with _named(self._kind):
            return ConstraintProgram(
                self._policy.program({} if parameters is None else parameters), self._texts, self._number
            )


class ConstraintProgram:
    """One constraint."""

    def __init__(self, program: RegoProgram, texts: Mapping[str, str], number: Callable[[Number], Json]) -> None:
        self._number = number
        self._program = program
        self._texts = texts

    def __call__(self, review: Mapping[str, Json], inventory: Inventory) -> Sequence[Finding]:
        """Raises EvaluationError for errors that Rego defines, PolicyError for a message that is no text."""
        rows = self._program.rows(review, inventory.tree)
        findings: list[Finding] = []
        for message, details in rows:
            findings.append(_finding(message, details, self._number))  # a comprehension would be one more call
        return findings

    @property
    def reads(self) -> frozenset[tuple[Json, ...]]:
        """The places in the review document that the answer depends on, `*` for any key."""
        return self._program.reads

    def explain(self) -> str:
        """The Python that the policy became."""
        return self._program.explain(self._texts)


@contextmanager
def _named(kind: str) -> Iterator[None]:
    """Names the template in errors."""
    try:
        yield
    except CompileError as error:
        source = f"{kind}/{error.source or ENTRY_MODULE}"
        raise type(error)(error.message, span=error.span, source=source, each=error.each, deep=error.deep) from error
    except OutOfTime as error:
        error.source = error.source or ENTRY_MODULE
        raise
    except RecursionError as error:
        raise CompileError(TOO_DEEP, source=f"{kind}/{ENTRY_MODULE}", deep=True) from error


@contextmanager
def _before_compiling() -> Iterator[None]:
    """Makes errors those of a module."""
    try:
        yield
    except CompileError as error:
        raise ModuleError(
            error.message, span=error.span, source=error.source, each=error.each, deep=error.deep
        ) from error


def _finding(message: Json, details: Value, number: Callable[[Number], Json]) -> Finding:
    if type(message) is not str:
        raise PolicyError(f"violation: msg must be a string, it is {quoted(to_json(message))}")
    if type(details) is dict and not details:
        return Finding(message, details)
    try:
        return Finding(message, _read(details, number))
    except RecursionError:
        raise EvaluationError("a value is nested too deeply", code="eval_internal_error") from None


def _written(number: Number) -> Json:
    return LiteralFloat(number_text(number), float(number))


def _integral(number: Number) -> int | float:
    """Integral numbers as integers, as all other parts of the report have them."""
    plain = float(number)
    return int(plain) if plain.is_integer() else plain


def _read(value: Value, number: Callable[[Number], Json]) -> Json:
    """JSON; integers that Python can print are what they are."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is dict:
        return {key: item if type(item) is str else _read(item, number) for key, item in value.items()}
    if kind is RegoSet:
        value, kind = value.sorted_members(), list
    if kind is list:
        return [item if type(item) is str else _read(item, number) for item in value]
    if kind is RegoObject:
        return {key if type(key) is str else json_key(key): _read(item, number) for key, item in sorted_pairs(value)}
    return number(value)


# what Gatekeeper asks of the modules of a template (compatibility, section 5.1)


def _sources(source: Mapping[str, Json]) -> list[Source]:
    """The entry module, then the libraries, named as in Gatekeeper's errors."""
    libs = [Source(f'libs["lib_{at}"]', text) for at, text in enumerate(source.get("libs") or ())]
    return [Source(ENTRY_MODULE, source["rego"]), *libs]


def _modules(sources: Sequence[Source], v1: bool) -> list[Module]:
    """The trees of the sources. Raises CompileError."""
    entry = _module(sources[0], v1)
    if not any(_defines(rule.head.path, ENTRY) for rule in entry.rules):
        message = f"invalid rego: invalid module: missing required rules: [{ENTRY}]"
        raise CompileError(message, span=Span(1, 1), source=entry.source)
    return [entry, *[_library(_module(lib, v1)) for lib in sources[1:]]]


def _defines(path: Sequence[object], name: str) -> bool:
    return isinstance(path[0], Scalar) and path[0].value == name


def _module(source: Source, v1: bool) -> Module:
    module = parse_module(source, v1)
    found = re.search(_REGO_V1, source.text) if "rego.v1" in source.text else None
    if found:
        line = source.text.count("\n", 0, found.start(1)) + 1
        column = found.start(1) - source.text.rfind("\n", 0, found.start(1))
        raise CompileError(_BAD_IMPORT.format("rego.v1"), span=Span(line, column), source=source.name)
    for one in module.imports:
        if one.path[:2] != ("data", "lib"):
            raise CompileError(_BAD_IMPORT.format(".".join(one.path)), span=one.span, source=source.name)
    rules = module.rules if "data" in module.words else ()
    read = [node for rule in rules for node in _reads(rule, source.name)]
    disallowed = sorted((node for node in read if _first(node) not in _READABLE), key=attrgetter("span"))
    if disallowed:
        listed = "\n".join(f"disallowed ref {term_text(node)}" for node in disallowed)
        where = f"invalid data references: check refs failed on module {{{source.name}}}: errors ({len(disallowed)}):"
        raise CompileError(f"{where}\n{listed}", span=disallowed[0].span, source=source.name)
    return module


def _library(module: Module) -> Module:
    if module.package[0] != "lib" or len(module.package) < 2:
        message = f"invalid lib prefix: path data.{'.'.join(module.package)} not found in lib prefixes"
        raise CompileError(message, span=module.span, source=module.source)
    return module


def _reads(rule: Rule, source: str) -> list[Ref | Var]:
    """What a rule reads below `data`, and `data` itself, not in order."""
    found: list[Ref | Var] = []
    heads = set()
    with During(rule.span, source):
        for node in nodes_of(rule):
            if isinstance(node, Ref) and node.head == _DATA:
                heads.add(id(node.head))
                found.append(node)
            elif isinstance(node, Var) and node.name == "data" and id(node) not in heads:
                found.append(node)
    return found


def _asks(text: str, name: str) -> bool:
    """Whether a text may ask for a field of this name: it stands behind a dot or a quote, not by itself among words."""
    at = text.find(name, 1)
    while at > 0:
        before, after = text[at - 1], text[at + len(name) :][:1]
        if not (_in_word(before) or before.isspace() or _in_word(after)):
            return True
        at = text.find(name, at + 1)
    return False


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _first(node: Ref | Var) -> Value:
    """The first name below `data`; the empty name where that varies."""
    first = node.path[0] if isinstance(node, Ref) else None
    return first.value if isinstance(first, Scalar) else ""
