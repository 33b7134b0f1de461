"""`json.filter`, `json.remove` and `json.patch` (facts: OPA's topdown/json.go and its edit tree)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import array, mapping, none_of, unfit
from constraints.rego.values.kinds import (
    UNDEFINED,
    Key,
    RegoObject,
    RegoSet,
    Value,
    is_number,
    is_object,
    key_of,
    lookup,
    meets,
    object_of,
    pairs_of,
    same,
)
from constraints.rego.values.number import whole
from constraints.rego.values.order import type_name
from constraints.rego.values.sizes import look_through
from constraints.rego.values.text import text

_INDEX: Final = re.compile("-?[0-9]+")
_NO_PATHS: Final = "must be one of {set, array} containing string paths or array of path segments but got "

Path = Sequence[Value]
Tree = dict[Key, Any]
"""What is to be kept or removed: by the key of a segment the tree below it, None for all of it."""


def _path(value: Value) -> Path:
    """The segments of `a/b~1c`, with or without `/` at its start, or those of an array."""
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        raise unfit(2, _NO_PATHS + type_name(value))
    if not value:
        return ()
    return [part.replace("~1", "/").replace("~0", "~") for part in value.lstrip("/").split("/")]


def _tree(paths: Value) -> Tree:
    if not isinstance(paths, list | RegoSet):
        raise none_of(2, paths, "set", "array")
    look_through(paths, 10)
    root: Tree = {}
    for path in map(_path, paths):
        if path:
            _plant(root, path)
    return root


def _plant(node: Tree, path: Path) -> None:
    for segment in path[:-1]:
        below = node.setdefault(key_of(segment), {})
        if below is None:
            return
        node = below
    node[key_of(path[-1])] = None


@builtin("json.filter", "object", "array[string|array]|set[string|array]", result="any")
def json_filter(value: Value, paths: Value) -> Value:
    """Only what the paths lead to."""
    source = mapping(value, 1)
    return _filtered(source, _tree(paths))


def _filtered(value: Value, tree: Tree | None) -> Value:
    """What of a value is in the tree; a scalar that a path leads through stays."""
    if tree is None:
        return value
    meets(value)
    if is_object(value):
        chosen = [(key, key_of(key), item) for key, item in pairs_of(value)]
        return object_of((key, _filtered(item, tree[place])) for key, place, item in chosen if place in tree)
    if isinstance(value, list):
        return [_filtered(item, tree[str(index)]) for index, item in enumerate(value) if str(index) in tree]
    if isinstance(value, RegoSet):
        return RegoSet.of(_filtered(item, tree[place]) for place, item in value.by_key.items() if place in tree)
    return value


@builtin("json.remove", "object", "array[string|array]|set[string|array]", result="any")
def json_remove(value: Value, paths: Value) -> Value:
    """All but what the paths lead to."""
    source = mapping(value, 1)
    return _without(source, _tree(paths))


def _without(value: Value, tree: Any) -> Value:
    """What of a value is not in the tree (UNDEFINED: there is no tree here, so all of it stays)."""
    if tree is None:
        return UNDEFINED
    if tree is UNDEFINED:
        return value
    meets(value)
    if is_object(value):
        found = ((key, _without(item, tree.get(key_of(key), UNDEFINED))) for key, item in pairs_of(value))
        return object_of((key, item) for key, item in found if item is not UNDEFINED)
    if isinstance(value, list):
        left = (_without(item, tree.get(str(index), UNDEFINED)) for index, item in enumerate(value))
        return [item for item in left if item is not UNDEFINED]
    if isinstance(value, RegoSet):
        rest = (_without(item, tree.get(key_of(item), UNDEFINED)) for item in value)
        return RegoSet.of(item for item in rest if item is not UNDEFINED)
    return value


@builtin("json.patch", "any", "array[object<op:string,path:any>[any]]", result="any")
def json_patch(value: Value, patches: Value) -> Value:
    """The value after all operations of a JSON patch (RFC 6902); a path may lead into a set by its members."""
    for patch in array(patches, 2):
        value = _patched(value, patch)
    return value


def _patched(value: Value, patch: Value) -> Value:
    if not is_object(patch):
        raise BuiltinError("must be an array of JSON-Patch objects, but at least one element is not an object")
    if lookup(patch, "path") is UNDEFINED:
        raise BuiltinError("missing required attribute 'path'")
    name = _attribute(patch, "op")
    if not isinstance(name, str):
        raise BuiltinError(f"attribute 'op' must be a string but found: {type_name(name)}")
    path = _path(lookup(patch, "path"))
    operation = _OPERATIONS.get(name)
    if operation is None:
        raise BuiltinError(f"unrecognized op: '{name}'")
    return operation(value, path, patch)


def _attribute(patch: Value, name: str) -> Value:
    found = lookup(patch, name)
    if found is UNDEFINED:
        raise BuiltinError(f"missing required attribute '{name}'")
    return found


def _add(value: Value, path: Path, patch: Value) -> Value:
    return _inserted(value, path, _attribute(patch, "value"))


def _remove(value: Value, path: Path, _patch: Value) -> Value:
    return _deleted(value, path)


def _replace(value: Value, path: Path, patch: Value) -> Value:
    rest = _deleted(value, path)
    return _inserted(rest, path, _attribute(patch, "value"))


def _move(value: Value, path: Path, patch: Value) -> Value:
    source = _path(_attribute(patch, "from"))
    chunk = _found(value, source)
    return _inserted(_deleted(value, source), path, chunk)


def _copy(value: Value, path: Path, patch: Value) -> Value:
    return _inserted(value, path, _found(value, _path(_attribute(patch, "from"))))


def _test(value: Value, path: Path, patch: Value) -> Value:
    found = _found(value, path)
    wanted = _attribute(patch, "value")
    if not same(found, wanted):
        raise BuiltinError(f"value from EditTree != patch value.\n\nExpected: {text(wanted)}\n\nFound: {text(found)}")
    return value


_OPERATIONS: Final[dict[str, Callable[[Value, Path, Value], Value]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _index(length: int, segment: Value) -> int:
    """The index that a segment says; `-` is the one behind the last."""
    if segment == "-":
        return length
    if isinstance(segment, str):
        if not _INDEX.fullmatch(segment) or len(segment) > 18:
            raise BuiltinError("invalid string for indexing")
        if segment != "0" and segment.startswith("0"):
            raise BuiltinError("leading zeros are not allowed in JSON paths")
        return int(segment)
    if not is_number(segment):
        raise BuiltinError("invalid type for indexing")
    index = whole(segment)
    if index is None:
        raise BuiltinError("invalid number type for indexing")
    return index


def _child(value: Value, segment: Value) -> Value:
    """The value below another one."""
    if isinstance(value, list):
        segment = _index(len(value), segment)
        found = value[segment] if 0 <= segment < len(value) else UNDEFINED
    elif value is UNDEFINED:
        raise BuiltinError("nil value encountered where composite value was expected")
    elif not (is_object(value) or isinstance(value, RegoSet)):
        raise BuiltinError(f"expected composite type for path {text(segment)}, found value: {_shown(value)}")
    else:
        found = lookup(value, segment)
    if found is UNDEFINED:
        shown = segment if isinstance(segment, str) and isinstance(value, RegoSet) else text(segment)
        raise BuiltinError(f"path {shown} does not exist in {type_name(value)} term {text(value)}")
    return found


def _shown(value: Value) -> str:
    return f"{text(value)} (type: ast.{type_name(value).capitalize()})"


def _found(value: Value, path: Path) -> Value:
    for segment in path:
        value = _child(value, segment)
    if value is UNDEFINED:
        raise BuiltinError("deleted node encountered")
    return value


def _changed(value: Value, path: Path, change: Callable[[Value, Value], Value]) -> Value:
    """A copy in which the last parent on the path is changed at the last segment."""
    if len(path) == 1:
        meets(value)
        return change(value, path[0])
    meets(value)
    segment = path[0]
    below = _changed(_child(value, segment), path[1:], change)
    if isinstance(value, list):
        index = _index(len(value), segment)
        return [*value[:index], below, *value[index + 1 :]]
    if isinstance(value, RegoSet):
        return RegoSet.of(below if same(item, segment) else item for item in value)
    return _with(value, segment, below)


def _with(value: dict[str, Value] | RegoObject, key: Value, item: Value) -> Value:
    if isinstance(value, dict) and isinstance(key, str):
        return {**value, key: item}
    return object_of([*pairs_of(value), (key, item)])


def _inserted(value: Value, path: Path, new: Value) -> Value:
    if not path:
        return new
    return _changed(value, path, lambda parent, segment: _insert(parent, segment, new))


def _scalar(parent: Value, what: str) -> BuiltinError:
    if parent is UNDEFINED:
        return BuiltinError(f"deleted node encountered during {what} operation")
    return BuiltinError(f"expected composite type, found value: {_shown(parent)}")


def _insert(parent: Value, segment: Value, new: Value) -> Value:
    if isinstance(parent, list):
        index = _index(len(parent), segment)
        if not 0 <= index <= len(parent):
            raise BuiltinError("index for array insertion out of bounds")
        return [*parent[:index], new, *parent[index:]]
    if isinstance(parent, RegoSet):
        if not same(segment, new):
            raise BuiltinError(f"set key {text(segment)} does not equal value to be inserted {text(new)}")
        return RegoSet({**parent.by_key, key_of(new): new})
    if is_object(parent):
        return _with(parent, segment, new)
    raise _scalar(parent, "insert")


def _deleted(value: Value, path: Path) -> Value:
    if not path:
        return UNDEFINED
    return _changed(value, path, _delete)


def _delete(parent: Value, segment: Value) -> Value:
    if isinstance(parent, list):
        index = _index(len(parent), segment)
        if not 0 <= index < len(parent):
            raise BuiltinError("index for array delete out of bounds")
        return parent[:index] + parent[index + 1 :]
    if not (is_object(parent) or isinstance(parent, RegoSet)):
        raise _scalar(parent, "delete")
    if lookup(parent, segment) is UNDEFINED:
        raise BuiltinError(f"cannot delete child key {text(segment)} that does not exist")
    key = key_of(segment)
    if isinstance(parent, RegoSet):
        return RegoSet({other: item for other, item in parent.by_key.items() if other != key})
    return object_of((other, item) for other, item in pairs_of(parent) if key_of(other) != key)
