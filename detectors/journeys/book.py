"""The book of one partition: who has which row, and what was written to it since last settled."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from detectors.journeys.folds import Fact, Numbers
from detectors.journeys.ids import OrderIds
from detectors.journeys.kept import Kept
from detectors.journeys.names import hashes
from detectors.journeys.relations import HEIRS, INHERITED, INHERITING, LINKED, PARENT
from detectors.journeys.store import Chain, Store
from detectors.journeys.streams import Stream, joined
from detectors.journeys.tables import ROWS, Table
from detectors.journeys.vocabulary import PASSING, Vocabulary
from schemas.times import NEVER, Times

CUSTOMER_KEY: Final = "\x1f"
"""Starts the key of a journey that belongs to a customer, not to an order."""


SPREADING: Final = 0x1E3779B97F4A7C15
"""Odd, so that parents stay apart when multiplied by it (Knuth, vol. 3, 6.4: golden ratio)."""


class Book:
    """Rows of every table, and streams of writes that wait to be settled."""

    def __init__(self, horizon: int) -> None:
        """Start empty; a journey is forgotten ``horizon`` ms after its last event."""
        self.words = Vocabulary()
        self.horizon = horizon
        self.counts: Counter[str] = Counter()
        self.orders = OrderIds()
        self.stores = {table: Store(rows) for table, rows in ROWS.items()}
        self.chains = {pair: Chain() for pair in (*PARENT.items(), *LINKED.items())}
        self.streams: dict[Table, list[Stream]] = {table: [] for table in ROWS}

    # ----- rows -----

    def order_rows(self, keys: Sequence[str], recorded: Times) -> Numbers:
        """Return the order row of each event, forgetting journeys past the horizon."""
        known = len(self.orders)
        rows = self.orders.rows(keys)
        self._hold(Table.ORDER, len(self.orders))
        last = self.stores[Table.ORDER].last_event.values
        oldest = min(int(recorded.min()), int(last[rows[rows < known]].min(initial=NEVER)))
        if int(recorded.max()) - oldest > self.horizon:
            rows = self._renewed(rows, recorded)
            last = self.stores[Table.ORDER].last_event.values
        np.maximum.at(last, rows, recorded)
        return rows

    def _renewed(self, rows: Numbers, recorded: Times) -> Numbers:
        """Give a journey that comes back after the horizon a new, empty row, event by event."""
        before = self.stores[Table.ORDER].last_event.values
        newest = {row: (row, int(before[row])) for row in np.unique(rows).tolist()}
        renewed = rows.copy()
        for i in np.argsort(recorded, kind="stable").tolist():
            row, seen = newest[int(rows[i])]
            at = int(recorded[i])
            if 0 <= seen < at - self.horizon:
                row = self.orders.renew(row)
            newest[int(rows[i])] = (row, at)
            renewed[i] = row
        self._hold(Table.ORDER, len(self.orders))
        return renewed

    def _hold(self, table: Table, count: int) -> None:
        self.stores[table].extend(count)
        for (child, parent), chain in self.chains.items():
            if parent is table:
                chain.first.extend(count)
            if child is table:
                chain.following.extend(count)
                chain.parent.extend(count)

    def child(self, table: Table, parents: Numbers, ids: Sequence[str]) -> Numbers:
        """Return the row of each child named ``ids`` under ``parents``, making new ones."""
        rows, fresh = self._find(table, parents, ids)
        if fresh.size:
            self._inherit(table, PARENT[table], rows[fresh], parents[fresh])
        return rows

    def link(self, table: Table, parents: Numbers, ids: Sequence[str], lines: Numbers) -> Numbers:
        """Return the row of each line in a parcel or return, making new ones."""
        rows, fresh = self._find(table, parents, ids)
        if fresh.size:
            self.chains[table, Table.LINE].link(rows[fresh], lines[fresh])
            self._inherit(table, PARENT[table], rows[fresh], parents[fresh])
            self._inherit(table, Table.LINE, rows[fresh], lines[fresh])
        return rows

    def _find(self, table: Table, parents: Numbers, ids: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Return the row of each child, and the first mention of each new one."""
        store, chain = self.stores[table], self.chains[table, PARENT[table]]
        keys = hashes(ids)
        rows = _walk(store, chain, parents, keys)
        missing = (rows < 0).nonzero()[0]
        if not missing.size:
            return rows, missing
        fresh, which = _distinct(parents[missing], keys[missing])
        fresh = missing[fresh]
        made = np.arange(store.count, store.count + fresh.size)
        rows[missing] = made[which]
        self._hold(table, store.count + fresh.size)
        store.key.values[made] = keys[fresh]
        if table not in LINKED:
            store.names.append([ids[i] for i in fresh.tolist()])
        chain.link(made, parents[fresh])
        return rows, fresh

    def _inherit(self, table: Table, parent: Table, rows: Numbers, parents: Numbers) -> None:
        store, above = self.stores[table], self.stores[parent]
        facts = INHERITED[table].get(parent, [])
        has_rare = bool(facts) and above.aside_of.values[parents].any()
        for fact in facts:
            if has_rare or not above.kind.facts[fact.name].rare:
                store.inherit(fact, rows, above, parents)

    def forgotten(self, oldest: int) -> int:
        """Count the journeys without an event since ``oldest``, ms UTC."""
        last = self.stores[Table.ORDER].last_event.values[: len(self.orders)]
        return int(np.count_nonzero(last < oldest))

    def forget(self, oldest: int) -> Mapping[Table, Kept]:
        """Let go of journeys without an event since ``oldest`` (ms UTC); return what is kept.

        No row that waits to be settled may be among them, and none may get another event: to
        whoever asks for it again it is a new journey, as it is to :meth:`order_rows`.
        """
        kept = self._kept(oldest)
        for (child, parent), chain in self.chains.items():
            chain.keep(kept[child], kept[parent])
        for table, store in self.stores.items():
            store.keep(kept[table].rows)
        self.orders.keep(kept[Table.ORDER].rows)
        for store in self.stores.values():
            for name in store.kind.facts.keys() & PASSING:
                self._keep_said(store, store.kind.facts[name])
        return kept

    def _kept(self, oldest: int) -> dict[Table, Kept]:
        last = self.stores[Table.ORDER].last_event.values[: len(self.orders)]
        kept = {Table.ORDER: Kept.of(last >= oldest)}
        for table, parent in PARENT.items():
            above = self.chains[table, parent].parent.values[: self.stores[table].count]
            kept[table] = Kept.of(kept[parent].anew[above] >= 0)
        return kept

    def _keep_said(self, store: Store, fact: Fact) -> None:
        """Let go of the values of a fact that no row of ``store`` has any more."""
        codes = store.block(fact).codes(fact)
        said = np.zeros(self.words.size(fact.name), np.bool_)
        said[codes[codes >= 0]] = True
        kept = Kept.of(said)
        self.words.keep(fact.name, kept.rows)
        codes[:] = kept.anew[codes]

    # ----- writes -----

    def customers(self, names: Sequence[str]) -> Numbers:
        """Return a code for each customer's name."""
        return self.words.customers.append(names)

    def unknown_word(self, count: int) -> None:
        """Count words outside their vocabulary."""
        self.counts["unknown words"] += count

    def write(self, table: Table, stream: Stream) -> None:
        """Take in a stream."""
        if stream.rows.size:
            self.streams[table].append(stream)

    def hand_down(self, parent: Table, stream: Stream) -> None:
        """Write what children inherit of ``stream`` to all of them, at its own recorded times."""
        for child, facts in HEIRS[parent]:
            said = [f.name for f in facts if f.name in stream.values]
            if said:
                rows, index = self.chains[child, parent].children(stream.rows)
                self.write(child, stream.take(index, rows, said))

    def hand_all_down(self) -> None:
        """Write to children what they inherit of everything that waits."""
        for parent in INHERITING:
            self.streams[parent] = joined(self.streams[parent])
            for stream in list(self.streams[parent]):
                self.hand_down(parent, stream)

    def taken(self, table: Table) -> list[Stream]:
        """Return the streams that wait for ``table``, and forget them."""
        streams, self.streams[table] = self.streams[table], []
        return joined(streams)

    # ----- names -----

    def orders_of(self, table: Table, rows: Numbers) -> Numbers:
        """Return the order rows that rows of ``table`` belong to."""
        while table is not Table.ORDER:
            rows = self.chains[table, PARENT[table]].parent.values[rows].astype(np.int64)
            table = PARENT[table]
        return rows

    def path(self, table: Table, row: int) -> list[str]:
        """Return the ids that name a row: its order's, then its own and those between."""
        [path] = self.paths(table, np.array([row]))
        return path

    def paths(self, table: Table, rows: Numbers) -> list[list[str]]:
        """Return the ids that name each row."""
        if table is Table.ORDER:
            return [[order_id] for order_id in self.orders.texts.many(rows)]
        above = self.paths(PARENT[table], self.chains[table, PARENT[table]].parent.values[rows])
        if table in LINKED:
            table, rows = LINKED[table], self.chains[table, LINKED[table]].parent.values[rows]
        names = self.stores[table].names.many(rows)
        return [[*path, name] for path, name in zip(above, names, strict=True)]

    @property
    def nbytes(self) -> int:
        """Memory in use by rows, chains, ids and names, bytes."""
        tables = sum(store.nbytes for store in self.stores.values())
        chains = sum(chain.nbytes for chain in self.chains.values())
        return tables + chains + self.orders.nbytes + self.words.customers.nbytes


def _walk(store: Store, chain: Chain, parents: Numbers, keys: Numbers) -> Numbers:
    """Return the child of each parent with each key, -1 where there is none."""
    rows = chain.first.values[parents].astype(np.int64)
    key, following = store.key.values, chain.following.values
    if not key.size:
        return rows
    todo = ((rows >= 0) & (key[rows] != keys)).nonzero()[0]
    while todo.size:
        row = following[rows[todo]]
        rows[todo] = row
        todo = todo[(row >= 0) & (key[row] != keys[todo])]
    return rows


def _distinct(parents: Numbers, keys: Numbers) -> tuple[Numbers, Numbers]:
    """Return the index of each distinct (parent, key)'s first mention, and the pair of every one.

    Pairs are numbered in the order in which they are first mentioned, and told apart by one number
    made of both hashes, which sorts twice as fast as the two.
    """
    pairs = keys ^ parents * SPREADING
    order = pairs.argsort()
    pair = pairs[order]
    starts = np.ones(order.size, np.bool_)
    np.not_equal(pair[1:], pair[:-1], out=starts[1:])
    first = np.minimum.reduceat(order, starts.nonzero()[0])
    rank = np.empty(first.size, np.int64)
    rank[first.argsort()] = np.arange(first.size)
    which = np.empty(order.size, np.int64)
    which[order] = rank[starts.cumsum() - 1]
    return np.sort(first), which
