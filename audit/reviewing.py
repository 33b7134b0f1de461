"""A page of objects held against the rules: values in, values out, in whatever process (pure)."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from time import perf_counter
from typing import Any, Final

import orjson

from audit.exclusion import NOTHING_EXCLUDED, Exclusion
from audit.model import Lost, Page
from audit.verdicts import Reviewed, Seconds, Verdict, identity, received, sealed, top_owner
from constraints import Engine, Gap, Inventory, Review
from constraints.asking import Hit
from constraints.dataclass import dataclass
from constraints.inventory import EMPTY
from constraints.model import Object, Violation
from constraints.review import review_of
from constraints.rules import Rule

_TRANSIENT: Final = (
    "resourceVersion",
    "managedFields",
)  # of metadata; like the status, no policy's answer depends on it
_IDENTIFYING: Final = ("namespace", "name", "uid")
TOGETHER: Final = 32
"""Objects that one constraint is asked about before the next one is."""
_SORTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True)
class Recipe:
    """What it takes to make an engine anew in another process: `empty` makes one without policies.

    Recipes of the same `digest` make engines that answer alike.
    """

    digest: str
    templates: tuple[Object, ...] = field(compare=False)
    constraints: tuple[Object, ...] = field(compare=False)
    empty: Callable[[], Engine] = field(compare=False)

    @classmethod
    def of(cls, engine: Engine, empty: Callable[[], Engine]) -> Recipe:
        """The recipe of an engine that `empty` has made, and that was given policies since."""
        templates = tuple(_lasting(template.obj) for template in engine.templates.values())
        constraints = tuple(_lasting(constraint.obj) for constraint in engine.constraints.values())
        text = orjson.dumps([templates, constraints], option=_SORTED, default=repr)
        return cls(sha256(text + pickle.dumps(empty)).hexdigest(), templates, constraints, empty)


@dataclass(frozen=True, slots=True)
class Rules:
    """What objects are held against: the engine, what is left out, and what lies around an object.

    `namespaces` are those that are known, by name, and what is known of others that policies read; `empty` makes an
    engine like this one without policies. `run` names the run that reviews are a part of: in each process, policies
    have all of their time again in the next one. Rules can be pickled: whoever reads them gets an engine made anew,
    once in a process as long as the policies stay the same. They are for one thread at a time, as the engine is.
    """

    engine: Engine
    exclusion: Exclusion = NOTHING_EXCLUDED
    namespaces: Mapping[str, Object | Lost] = field(default_factory=dict)
    inventory: Inventory = EMPTY
    empty: Callable[[], Engine] = Engine
    run: str = ""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Raises PolicyError where it is read and a policy is refused there. See Reviewed for other versions."""
        return received, sealed(_rules, self._sent())

    def _sent(self) -> dict[str, Any]:
        return {
            "recipe": Recipe.of(self.engine, self.empty),
            "exclusion": self.exclusion,
            "namespaces": dict(self.namespaces),
            "inventory": self.inventory,
            "run": self.run,
        }


def review_page(page: Page, rules: Rules) -> Reviewed:
    """What the rules say of the objects of a page.

    A Namespace that is not among `rules.namespaces` is taken for one that no policy reads, see `unknown_namespaces`.
    """
    with rules.engine.watching(rules.run):
        return _reviewed(page, rules)


def _reviewed(page: Page, rules: Rules) -> Reviewed:
    begun = perf_counter()
    excluded, engine = rules.exclusion.test(), rules.engine
    engine.unfinished()  # what a page has left that ended in a mistake
    reviews, left_out = [], []
    for item in page.objects:
        if excluded(item):
            left_out.append(item)
        else:
            reviews.append(_review(item, rules))
    asked = [(review, engine.matching(review, page.alias_of)) for review in reviews]
    matched = [(review, hits) for review, hits in asked if hits]
    matching = perf_counter()
    verdicts = tuple([verdict for hits, some in _alike(matched) for verdict in _verdicts(some, hits, rules)])
    return Reviewed(
        page.resource.kind,
        verdicts,
        objects=len(page.objects),
        excluded=len(left_out),
        unfinished=tuple(engine.unfinished()),
        others=(*map(_identity, left_out), *(_identity(review.object) for review, hits in asked if not hits)),
        seconds=Seconds(page.decode_seconds, matching - begun, perf_counter() - matching),
    )


def unknown_namespaces(page: Page, rules: Rules) -> list[str]:
    """The Namespaces on which answers about this page depend and of which nothing is known yet, in order."""
    known, engine = rules.namespaces, rules.engine
    names = [item["metadata"].get("namespace") for item in page.objects]
    missing = {name for name in names if isinstance(name, str) and name and name not in known}
    if not missing or not engine.reads_namespace(page.resource.kind):
        return []
    excluded = rules.exclusion.test()
    wanted = [name for item, name in zip(page.objects, names, strict=True) if name in missing and not excluded(item)]
    return list(dict.fromkeys(wanted))


def _review(item: Object, rules: Rules) -> Review:
    name = item["metadata"].get("namespace")
    found = rules.namespaces.get(name) if name else None
    return review_of(item, lost=found.why) if isinstance(found, Lost) else review_of(item, found)


def _alike(matched: Sequence[tuple[Review, list[Hit]]]) -> Iterator[tuple[list[Hit], list[Review]]]:
    """Reviews that follow each other with the same hits, a few at a time, in order."""
    for hits, pairs in groupby(matched, itemgetter(1)):
        reviews = [review for review, _ in pairs]
        for start in range(0, len(reviews), TOGETHER):
            yield hits, reviews[start : start + TOGETHER]


def _verdicts(reviews: Sequence[Review], hits: Sequence[Hit], rules: Rules) -> Iterator[Verdict]:
    asked: Sequence[Hit] = ()
    matched: tuple[str, ...] = ()
    for review, heard in zip(reviews, rules.engine.evaluate_all(reviews, hits, rules.inventory), strict=True):
        if heard.hits is not asked:  # they are the same for nearly all
            asked = heard.hits
            matched = tuple([hit.key for hit in asked if type(hit) is Rule])
        answers = heard.answers
        violations = tuple([answer for answer in answers if type(answer) is Violation])
        gaps = () if len(violations) == len(answers) else tuple(each for each in answers if isinstance(each, Gap))
        yield Verdict(review.ref, top_owner(review.object), matched, violations, gaps)


def _identity(item: Object) -> str:
    metadata = item["metadata"]
    return identity(*(part if isinstance(part := metadata.get(key), str) else "" for key in _IDENTIFYING))


def _rules(recipe: Recipe, **around: Any) -> Rules:
    return Rules(_engine(recipe), empty=recipe.empty, **around)


@lru_cache(maxsize=2)  # the policies of now, and those that are just being replaced
def _engine(recipe: Recipe) -> Engine:
    engine = recipe.empty()
    for template in recipe.templates:
        engine.add_template(template)
    for constraint in recipe.constraints:
        engine.add_constraint(constraint)
    return engine


def _lasting(obj: Object) -> Object:
    metadata = {name: part for name, part in obj["metadata"].items() if name not in _TRANSIENT}
    return {name: part for name, part in obj.items() if name != "status"} | {"metadata": metadata}
