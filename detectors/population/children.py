"""One root cause, one plan: problems of single orders are put under that of the group behind them.

An order's problem and a group's belong together from the first moment at which both are open and
it is known that the one happened where the other one is: by a report that counts against the
group, or by what proves the order's problem. What happens at one moment is looked at together, so
that neither batches nor partitions can tell; a group is judged on what was known before it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, TypeVar

from msgspec.structs import replace

from detectors.population.causes import ACCUSED, DEFECTS_OF, NEAREST, Place, since
from detectors.population.whereabouts import Saying, Whereabouts
from schemas.problems import Change, ChangeKind, Problem
from schemas.times import DAY

_Key = TypeVar("_Key")


_JUDGED, _SAID, _FOUND = range(3)
"""What is looked at first of what happens at one moment."""

_Happening = tuple[int, int, Change | Saying]
"""When something happened (ms UTC), and what."""

_RANK: Final = {name: rank for rank, name in enumerate(NEAREST)}


@dataclass(slots=True)
class _Child:
    """An open problem of one order that a group's may explain."""

    problem: Problem
    places: Mapping[Place, int] = field(default_factory=dict)
    """Where it waits to be explained, and until which day it happened there; nowhere once it is."""


class Children:
    """Open problems of orders, open problems of groups, and who is under whom."""

    def __init__(self, horizon: int) -> None:
        """Start without problems; what has ended may be taken back for ``horizon`` ms."""
        self._horizon = horizon
        self._whereabouts = Whereabouts()
        self._waiting: list[Saying] = []
        self._groups: dict[Place, dict[str, Problem]] = {}
        """Open problems of groups that explain others, by subject and id."""
        self._children: dict[str, _Child] = {}
        self._orphans: dict[Place, set[str]] = {}
        """Ids of children that are under nobody, by where they happened."""
        self._under: dict[str, set[str]] = {}
        """Ids of the open children of each problem of a group."""
        self._of_order: dict[str, set[str]] = {}
        """Ids of the open children of each order."""
        self._ended: deque[Problem] = deque()
        """Children that have ended, the first of them first."""
        self._parents: dict[str, str] = {}
        """Under whom each of those was."""

    def hear(self, said: Iterable[Saying]) -> None:
        """Take in what was reported; it is looked at with the next changes."""
        self._waiting += said

    def place(self, orders: Sequence[Change], groups: Sequence[Change]) -> list[Change]:
        """Return all changes, those of orders with their parents, and what it explains besides.

        Each of the two is in the order of what happens to any one problem.
        """
        happened: list[_Happening] = [
            *((change.at, _JUDGED, change) for change in groups),
            *((saying.at, _SAID, saying) for saying in self._waiting),
            *(
                (change.at, _FOUND, change)
                for change in orders
                if change.problem.kind in DEFECTS_OF
            ),
        ]
        happened.sort(key=itemgetter(0, 1))
        self._waiting = []
        changes = [change for change in orders if change.problem.kind not in DEFECTS_OF]
        now, today, again = 0, 0, set[str]()
        for at, stage, what in happened:
            if again and (at > now or stage == _FOUND):
                changes += self._look_again(now, again)
                again.clear()
            now = at
            if at >= today + DAY:
                today = at // DAY * DAY
                self._forget(today)
            if isinstance(what, Saying):
                again.update(self._listen(what))
            elif stage == _FOUND:
                changes.append(self._follow(what))
            else:
                changes.append(what)
                again.update(self._meet(what))
        changes += self._look_again(now, again)
        return changes

    # ----- groups -----

    def _meet(self, change: Change) -> Iterable[str]:
        """Take note of what happened to a group's problem; return which children that concerns."""
        problem, accused = change.problem, ACCUSED.get(change.problem.kind)
        if accused is None:
            return ()
        place = Place(accused.charge.defect, problem.subject_type, problem.subject)
        if problem.is_open:
            self._groups.setdefault(place, {})[problem.id] = problem
            return self._orphans.get(place, ()) if change.what is ChangeKind.OPENED else ()
        some = self._groups.get(place, {})
        some.pop(problem.id, None)
        if not some:
            self._groups.pop(place, None)
        return self._under.pop(problem.id, ()) if change.what is ChangeKind.WITHDRAWN else ()

    def _parent(self, places: Mapping[Place, int]) -> str | None:
        """Return the id of the open problem that explains what happened: a root, the narrowest."""
        known = [place for place in places if place in self._groups]
        found = [
            (group.parent is not None, _RANK[place.subject_type], -ACCUSED[group.kind].rung, id_)
            for place in known
            for id_, group in self._groups[place].items()
            if since(group.evidence) <= places[place] * DAY
        ]
        return min(found)[-1] if found else None

    # ----- reports -----

    def _listen(self, saying: Saying) -> list[str]:
        """Take note of a report; return the orphans that may have happened elsewhere."""
        order_id = self._whereabouts.take(saying)
        some = [self._children[id_] for id_ in self._of_order.get(order_id, ())]
        orphans = [child.problem for child in some if child.problem.parent is None]
        return [problem.id for problem in orphans if saying.word.concerns(problem)]

    def _look_again(self, at: int, ids: Iterable[str]) -> Iterator[Change]:
        """Put children under whoever explains them now, or under nobody if that was taken back."""
        for id_ in sorted(ids):
            child = self._children[id_]
            before = child.problem.parent
            self._leave(child)
            self._find(child)
            after = child.problem.parent
            if after != before:
                what = ChangeKind.REVISITED if after is None else ChangeKind.ATTACHED
                yield Change(what, at, child.problem)

    # ----- orders -----

    def _follow(self, change: Change) -> Change:
        """Return a change of an order's problem with its parent, and take note of it."""
        problem = change.problem
        if change.what is ChangeKind.OPENED:
            child = self._children[problem.id] = _Child(problem)
            self._of_order.setdefault(problem.order_id or "", set()).add(problem.id)
            self._find(child)
            return replace(change, problem=child.problem)
        parent = self._end(problem)
        if parent is None:
            return change
        return replace(change, problem=replace(problem, parent=parent))

    def _find(self, child: _Child) -> None:
        """Put a child under whoever explains it; else it waits."""
        places = self._whereabouts.places(child.problem)
        parent = self._parent(places)
        if parent != child.problem.parent:
            child.problem = replace(child.problem, parent=parent)
        if parent is not None:
            self._under.setdefault(parent, set()).add(child.problem.id)
            return
        child.places = places
        for place in places:
            self._orphans.setdefault(place, set()).add(child.problem.id)

    def _leave(self, child: _Child) -> None:
        """Let a child wait no longer, and be under nobody."""
        for place in child.places:
            _discard(self._orphans, place, child.problem.id)
        child.places = {}
        if child.problem.parent in self._under:
            _discard(self._under, child.problem.parent, child.problem.id)

    def _end(self, problem: Problem) -> str | None:
        """Return under whom a problem of an order was that has ended, maybe for the second time."""
        child = self._children.pop(problem.id, None)
        if child is None:
            return self._parents.get(problem.id)
        self._leave(child)
        _discard(self._of_order, problem.order_id or "", problem.id)
        parent = child.problem.parent
        if parent is not None and problem.withdrawn_at is None:
            self._parents[problem.id] = parent
            self._ended.append(problem)
        return parent

    def _forget(self, today: int) -> None:
        """Forget what can no longer matter on the day that begins with ``today`` (ms UTC)."""
        self._whereabouts.forget(today // DAY)
        oldest = today - self._horizon
        while self._ended and (self._ended[0].cleared_at or 0) < oldest:
            del self._parents[self._ended.popleft().id]


def _discard(ids: dict[_Key, set[str]], key: _Key, id_: str) -> None:
    """Take an id out of the set of a key, and the key with the last one."""
    some = ids[key]
    some.remove(id_)
    if not some:
        del ids[key]
