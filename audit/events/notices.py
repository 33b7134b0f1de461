"""What a run has changed, as Events that are due (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from audit.events.bodies import Moment, event_name, found, is_event, resolved, standing
from audit.events.earlier import News
from audit.events.reasons import Reason
from audit.ledger import Known
from constraints.dataclass import dataclass
from constraints.model import Object


@dataclass(frozen=True, slots=True)
class Notice:
    """An Event that is due: `source` is what its rate is counted by, and `event` makes it.

    `about_event`: the object is an Event itself.
    """

    reason: Reason
    source: tuple[object, ...]
    event: Callable[[], Object]
    about_event: bool = False


def notices(news: News, moment: Moment, unique: str) -> Iterator[Notice]:
    """One for each constraint of which nobody knows what is new, each violation that is, and each that is resolved."""
    for constraint, number in sorted(news.doubtful.items()):
        name = event_name(constraint.partition("/")[2], unique, moment.info.audit_id, constraint)
        yield Notice(Reason.STANDING, (constraint,), partial(standing, constraint, number, name, moment))
    for known in news.new:
        yield _notice(Reason.FOUND, found, known, moment, unique)
    for known in news.gone:
        yield _notice(Reason.RESOLVED, resolved, known, moment, unique)


def _notice(
    reason: Reason, make: Callable[[Known, str, Moment], Object], known: Known, moment: Moment, unique: str
) -> Notice:
    item = known.object
    parts = (unique, moment.info.audit_id, reason.value, known.constraint, known.message)
    name = event_name(item.name, *parts, str(item.kind), item.namespace, item.uid)
    source = (item.kind, item.namespace, item.name, item.uid)
    return Notice(reason, source, partial(make, known, name, moment), is_event(item.kind))
