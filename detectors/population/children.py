"""One root cause, one plan: problems of single orders are put under that of the group behind them.

An order's problem and a group's belong together from the first moment at which both are open and
it is known that the one happened where the other one is: by a report that counts against the
group, or by what proves the order's problem. What happens at one moment is looked at together, so
that neither batches nor partitions can tell; a group is judged on what was known before it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from operator import itemgetter
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from detectors.population.causes import ACCUSED, DEFECTS_OF, KINDS_OF, NEAREST, Place, since
from detectors.population.whereabouts import Saying, Whereabouts
from schemas.problems import Change, ChangeKind, Problem
from schemas.times import DAY

_Key = TypeVar("_Key")


_JUDGED, _SAID, _FOUND = range(3)
"""What is looked at first of what happens at one moment."""

_STAGES: Final = 4
"""Moments are so far apart where stages lie between them."""

_Happening = tuple[int, Change | Saying]
"""When something happened (ms UTC, times ``_STAGES``) and its stage, and what it was."""

_RANK: Final = {name: rank for rank, name in enumerate(NEAREST)}


class _Child(Struct, gc=False):
    """An open problem of one order that a group's may explain."""

    problem: Problem
    places: Mapping[Place, int] | None = None
    """Where it happened and until which day, as far as anybody asked since that last changed."""


class Children:
    """Open problems of orders, open problems of groups, and who is under whom."""

    def __init__(self, horizon: int) -> None:
        """Start without problems.

        What has ended may be taken back for ``horizon`` ms. What has been open for so long stays
        under whom it is: its journey is forgotten, or lives on for other reasons.
        """
        self._horizon = horizon
        self._whereabouts = Whereabouts()
        self._waiting: list[Saying] = []
        self._groups: dict[Place, dict[str, Problem]] = {}
        """Open problems of groups that explain others, by subject and id."""
        self._explained: frozenset[str] = frozenset()
        """Kinds of problems of orders that any of those may explain."""
        self._children: dict[str, _Child] = {}
        self._orphans: dict[str, set[str]] = {}
        """Ids of children that are under nobody, by kind."""
        self._under: dict[str, set[str]] = {}
        """Ids of the open children of each problem of a group."""
        self._of_order: dict[str, set[str]] = {}
        """Ids of the open children of each order."""
        self._let_go_at: deque[tuple[int, str]] = deque()
        """When children that were under somebody ended or grew old (ms UTC), and their ids."""
        self._parents: dict[str, str] = {}
        """Under whom each of those was."""

    def hear(self, said: Iterable[Saying]) -> None:
        """Take in what was reported; it is looked at with the next changes."""
        self._waiting += said

    def place(self, orders: Sequence[Change], groups: Sequence[Change]) -> list[Change]:
        """Return all changes, those of orders with their parents, and what it explains besides.

        Each of the two is in the order of what happens to any one problem.
        """
        changes = [change for change in orders if change.problem.kind not in DEFECTS_OF]
        now, today, again = 0, 0, set[str]()
        for key, what in self._happened(orders, groups):
            at, stage = divmod(key, _STAGES)
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

    def _happened(self, orders: Sequence[Change], groups: Sequence[Change]) -> list[_Happening]:
        """Return what is to be looked at, in order, and let nothing wait any longer."""
        happened: list[_Happening] = [(c.at * _STAGES + _JUDGED, c) for c in groups]
        happened += [(saying.at * _STAGES + _SAID, saying) for saying in self._waiting]
        happened += [
            (change.at * _STAGES + _FOUND, change)
            for change in orders
            if change.problem.kind in DEFECTS_OF
        ]
        self._waiting = []
        happened.sort(key=itemgetter(0))
        return happened

    # ----- groups -----

    def _meet(self, change: Change) -> Iterable[str]:
        """Take note of what happened to a group's problem; return which children that concerns."""
        problem, accused = change.problem, ACCUSED.get(change.problem.kind)
        if accused is None:
            return ()
        place = Place(accused.charge.defect, problem.subject_type, problem.subject)
        if problem.is_open:
            self._groups.setdefault(place, {})[problem.id] = problem
            self._explained |= KINDS_OF[place.defect]
            return self._orphans_at(place) if change.what is ChangeKind.OPENED else ()
        some = self._groups.get(place, {})
        some.pop(problem.id, None)
        if not some:
            self._groups.pop(place, None)
            self._explained = frozenset().union(*(KINDS_OF[one.defect] for one in self._groups))
        return self._under.pop(problem.id, ()) if change.what is ChangeKind.WITHDRAWN else ()

    def _orphans_at(self, place: Place) -> list[str]:
        """Return the ids of children under nobody that happened at a place."""
        kinds = KINDS_OF[place.defect] & self._orphans.keys()
        orphans = (id_ for kind in kinds for id_ in self._orphans[kind])
        return [id_ for id_ in orphans if place in self._places(self._children[id_])]

    def _places(self, child: _Child) -> Mapping[Place, int]:
        if child.places is None:
            child.places = self._whereabouts.places(child.problem)
        return child.places

    def _parent(self, problem: Problem) -> str | None:
        """Return the id of the open problem that explains one: a root, the narrowest."""
        places = self._whereabouts.places(problem, self._groups)
        found = [
            (group.parent is not None, _RANK[place.subject_type], -ACCUSED[group.kind].rung, id_)
            for place, day in places.items()
            for id_, group in self._groups.get(place, {}).items()
            if since(group.evidence) <= day * DAY
        ]
        return min(found)[-1] if found else None

    # ----- reports -----

    def _listen(self, saying: Saying) -> list[str]:
        """Take note of a report; return the orphans that may have happened elsewhere."""
        order_id = self._whereabouts.take(saying)
        some = [self._children[id_].problem for id_ in self._of_order.get(order_id, ())]
        orphans = [problem for problem in some if problem.parent is None]
        return [problem.id for problem in orphans if saying.word.concerns(problem)]

    def _look_again(self, at: int, ids: Iterable[str]) -> Iterator[Change]:
        """Put children under whoever explains them now, or under nobody if that was taken back."""
        for id_ in sorted(ids):
            child = self._children[id_]
            before = child.problem.parent
            self._leave(child)
            child.places = None
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
        problem, parent = child.problem, None
        if problem.kind in self._explained:
            parent = self._parent(problem)
        if parent != problem.parent:
            child.problem = replace(problem, parent=parent)
        if parent is None:
            self._orphans.setdefault(problem.kind, set()).add(problem.id)
        else:
            self._under.setdefault(parent, set()).add(problem.id)

    def _leave(self, child: _Child) -> None:
        """Let a child wait no longer, and be under nobody."""
        problem = child.problem
        if problem.parent is None:
            _discard(self._orphans, problem.kind, problem.id)
        elif problem.parent in self._under:
            _discard(self._under, problem.parent, problem.id)

    def _end(self, problem: Problem) -> str | None:
        """Return under whom a problem of an order was that has ended, maybe for the second time."""
        child = self._children.get(problem.id)
        if child is None:
            return self._parents.get(problem.id)
        self._let_go(child, problem.cleared_at)
        return child.problem.parent

    def _let_go(self, child: _Child, at: int | None) -> None:
        """Follow a child no longer; remember under whom it was, unless it was taken back."""
        problem = child.problem
        del self._children[problem.id]
        self._leave(child)
        _discard(self._of_order, problem.order_id or "", problem.id)
        if problem.parent is not None and at is not None:
            self._parents[problem.id] = problem.parent
            self._let_go_at.append((at, problem.id))

    def _forget(self, today: int) -> None:
        """Forget what can no longer matter on the day that begins with ``today`` (ms UTC)."""
        self._whereabouts.forget(today // DAY)
        oldest = today - self._horizon
        while self._let_go_at and self._let_go_at[0][0] < oldest:
            del self._parents[self._let_go_at.popleft()[1]]
        by_age = iter(self._children.values())
        for child in list(takewhile(lambda child: child.problem.opened_at < oldest, by_age)):
            self._let_go(child, today)


def _discard(ids: dict[_Key, set[str]], key: _Key, id_: str) -> None:
    """Take an id out of the set of a key, and the key with the last one."""
    some = ids[key]
    some.remove(id_)
    if not some:
        del ids[key]
