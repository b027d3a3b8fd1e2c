"""Prepared rows: chunks of one shape, columns centred and scaled, padded to a size that is met again.

The shape of a chunk depends on a few powers of two only, never on the number of rows, so a step compiled for one recording serves
the next. A design that fits the memory limit is prepared once and kept; a larger one is read and prepared again in each pass.

Most columns are shared by all units. Beside them each unit may have own ones (its history): as many places for all units, filled
with other columns of the design for each, so that a population with histories is still one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from glmengine.backend import jax_runtime as runtime
from glmengine.backend.chunks import NO_FOLD, Chunk, bucket, power_of_two, rechunked
from glmengine.backend.column_preparation import ColumnPreparation, OwnColumns
from glmengine.backend.column_scales import centre_and_scale
from glmengine.backend.observations import Observations
from glmengine.backend.room import Room
from glmengine.backend.row_samples import chosen_in_place, chosen_of_chunks
from glmengine.backend.turned_rows import TurnedRows
from glmengine.basis.supports import Placed, of_columns
from glmengine.context import SILENT, Context
from glmengine.threads import ONE_THREAD, workers

Made = TypeVar("Made")

CHUNK_NUMBERS = 2**22
"""Numbers in a chunk, design and per-column work together: 32 MB, so that the work of a chunk is far more than handing it over."""

LARGEST_CHUNK = 2**16
"""Rows in a chunk of a narrow design."""

DEVICE_NUMBERS, LARGEST_DEVICE_CHUNK = 2**26, 2**20
"""The same on a device of its own, which is given more to do at a time."""

FEW_READS, FEW_READS_NEAR = 8, 60
"""Passes in float64 that prepare the rows of an array anew, block by block in the cache, or multiply them as they are where columns are near their
centre: to keep them prepared costs about as much (measured), most of it for memory that is met for the first time."""

NEAR_CENTRE = 4.0
"""Columns whose centre lies within so many of their scales from 0 need not be centred before they are multiplied."""

PREPARED_TOGETHER = 8
"""Parts of a chunk that threads prepare side by side."""

SAMPLE_ROWS, SAMPLE_NUMBERS = 16384, 2**21
"""Rows looked at for a column's centre and scale, which only condition the problem; fewer of a wide design."""


class Rows:
    """The rows of a problem.

    Parameters
    ----------
    source : object with `shape` and `chunk(start, stop)`
        The design, (T, P) float64.
    index : (n,) int array or None
        Rows that are used, in order; all where None.
    observations : Observations
        Of the used rows only, n of them.
    columns : int
        Columns of the problem that are worked on at a time, for the size of a chunk.
    memory : float
        Bytes that the prepared design may take.
    centred : bool
        Subtract each column's centre (a model with an intercept).
    own : OwnColumns, optional
        Without it all columns are shared.
    platform : str
        What computes on them: ``"auto"``, ``"cpu"`` or ``"gpu"``.
    piece_rows : int, optional
        For columns that the source makes anew in each pass and that are taken as they are, neither centred nor scaled: on a CPU so many rows
        at a time are read by the thread that takes a product of them.
    room : Room, optional
        Shared with other rows, of which no more than this is kept in all.

    Attributes
    ----------
    n_features : int
        Coefficients of a unit: P shared and H own ones, in this order.
    padded, own_padded : int
        Places of the shared and of the own columns in the parameters of the prepared columns, the intercept after them.
    preparation : ColumnPreparation
        Centres and scales, and where columns stand among the parameters.
    maybe_constant : (j,) int array
        Shared columns that do not vary (without an intercept: are zero) in a sample of the rows; the others do.
    supports : list of (columns, Supports), or None
        Which shared columns may be other than zero in which rows, as blocks of a design know; None for plain matrices.
    density : (P,) float array
        Share of the rows in which each shared column is not zero, for plain matrices that of the sample.
    kept_bytes : float
        What is kept of them once they have been gone through, 0 where they are made anew each time.
    at_hand : bool
        They are rows of an array, which may be read again by any thread at next to no cost.
    near_centre : bool
        Products with the columns as the array has them are as exact as those with the prepared ones.
    statistics : dict
        Sums of observations times rows, by unit, fold, and whether of the rows held out, as `NumpyOperations` keeps them.
    """

    def __init__(
        self,
        source: Any,
        index: np.ndarray | None,
        observations: Observations,
        *,
        columns: int,
        memory: float,
        centred: bool,
        own: OwnColumns | None = None,
        platform: str = "auto",
        piece_rows: int | None = None,
        room: Room | None = None,
    ) -> None:
        self.source, self.index, self.observations = source, index, observations
        self.centred, self.columns = centred, columns
        self.n = source.shape[0] if index is None else index.size
        self.division, self.platform = own, platform
        self.on_cpu = runtime.serves_from_cpu(platform)
        units, n_own = (0, 0) if own is None else own.own.shape
        self.n_shared = source.shape[1] if own is None else own.shared.size
        self.n_features = self.n_shared + n_own
        self.piece_rows = piece_rows if self.on_cpu else None
        self.padded = self.n_shared if self.piece_rows else bucket(self.n_shared)
        self.own_padded = bucket(n_own) if n_own else 0
        per_row = self.padded + 3 * bucket(columns) + units * self.own_padded
        numbers, most = (CHUNK_NUMBERS, LARGEST_CHUNK) if self.on_cpu else (DEVICE_NUMBERS, LARGEST_DEVICE_CHUNK)
        largest = min(max(numbers // per_row, 1024), most)
        self.chunk_rows = min(2 ** int(np.log2(largest)), power_of_two(self.n))
        self.n_chunks = -(-self.n // self.chunk_rows)
        self.supports = None
        if piece_rows is None:
            self.supports = self._known_supports()
            self._look_at(self.sample())
        else:
            self._take_as_they_are()
        self.memory = memory
        observed = (observations.y, observations.weights, () if observations.offset is None else observations.offset)
        numbers = self.padded + bucket(units) * self.own_padded + sum(bucket(max(len(values), 1)) for values in observed)
        size = 8.0 * self.n_chunks * self.chunk_rows * numbers
        self.resident, self._has_room = size <= memory, 1.5 * size <= memory
        self.kept_bytes = (1.5 if self._has_room else 1.0) * size if self.resident else 0.0
        self.room = room or Room(memory)
        self._kept: list[Chunk] = []
        self._single: dict[int, Chunk] = {}
        self.at_hand = self.on_cpu and own is None and piece_rows is None and getattr(source, "at_hand", False)
        preparation = self.preparation
        # what is subtracted from a product with columns as they are takes few digits of it
        self.near_centre = (
            self.at_hand and float(np.max(np.abs(preparation.centre / preparation.scale), initial=0.0)) <= NEAR_CENTRE
        )
        self._turned: TurnedRows | None = None
        self._reads = 0
        self._layouts: dict[Callable[[Rows], Any], tuple[bool, Any]] = {}
        self.statistics: dict[tuple[int, int, bool], np.ndarray] = {}

    @property
    def size(self) -> int:
        """Parameters of a column of the problem: Q."""
        return self.preparation.size

    @property
    def places(self) -> np.ndarray:
        """(n_features,) where the coefficients stand among the parameters."""
        return self.preparation.places

    def layout(self, make: Callable[[Rows], Made], *, observed: bool = False) -> Made:
        """What `make` makes of these rows, made once; anew for other observations where it looks at them, `observed`.

        It is given, and may hold on to, rows that do not know of it: in a circle both would lie in memory until garbage is collected.
        """
        self.room.enter(self)
        if make not in self._layouts:
            self._layouts[make] = observed, make(self._bare())
        return self._layouts[make][1]

    def _bare(self) -> Rows:
        """The same rows, without anything that is kept of them."""
        other = copy(self)
        other._layouts, other._kept, other._single, other.statistics = {}, [], {}, {}
        other._turned, other._reads = None, 0
        other.room = Room(self.memory)  # in the other those that it was made from are counted
        return other

    def __iter__(self) -> Iterator[Chunk]:
        """Chunks on the device that computes."""
        for number in range(self.n_chunks):
            yield self.on_device(number)

    def on_device(self, number: int) -> Chunk:
        """One chunk on the device that computes; it stays there where all fit in memory."""
        import jax

        chunk = self._chunk(number)
        if isinstance(chunk.X, np.ndarray):
            chunk = jax.device_put(chunk, runtime.device(self.platform))
            if self.resident:
                self._kept[number] = chunk
        return chunk

    def in_single(self, number: int) -> Chunk:
        """The same for passes in float32, which then need not convert it each time; in float64 where there is no room for both."""
        chunk = self.on_device(number)
        self._turned = None  # they would be there twice
        return self._single_of(number, chunk) if self._has_room else chunk

    def _single_of(self, number: int, chunk: Chunk) -> Chunk:
        if number not in self._single:
            # what is counted through, folds, stays as it is
            self._single[number] = Chunk(
                *(part if part is None or part.dtype.kind != "f" else part.astype(np.float32) for part in chunk)
            )
        return self._single[number]

    @property
    def has_single(self) -> bool:
        """Whether the rows are kept in float32 too once they are asked for."""
        return self._has_room and self.piece_rows is None

    def here(self, precision: str = "float64") -> Iterator[Chunk]:
        """Chunks as NumPy arrays, those in float32 where there is room for them; on a CPU the memory of those on the device is looked at,
        not copied."""
        single = precision == "float32" and self.has_single
        for number in range(self.n_chunks):
            chunk = self._single_of(number, self._chunk(number)) if single else self._chunk(number)
            if not isinstance(chunk.X, np.ndarray):
                chunk = Chunk(*(None if part is None else np.asarray(part) for part in chunk))
            yield chunk

    @property
    def turned(self) -> TurnedRows | None:
        """The rows in float32, lying columns x rows, for NumPy on a CPU; None where there is no room, own columns stand beside the shared ones, or
        compiled steps keep them in float32 already."""
        if not self.on_cpu or not self.has_single or self.division is not None or self._single:
            return None
        self.room.enter(self)
        if self._turned is None:
            self._turned = TurnedRows(self.n, self.padded, self.chunk_rows)
        return self._turned

    def begin_pass(self) -> bool:
        """Count a pass in float64, and say whether it reads an array once more, in place of rows that are kept prepared."""
        if not self.at_hand or self._kept:
            return False
        self._reads += 1
        return self._reads <= (FEW_READS_NEAR if self.near_centre else FEW_READS) or not self.resident

    def _chunk(self, number: int) -> Chunk:
        if not self.resident:
            return self._prepare(number)
        self.room.enter(self)
        while number >= len(self._kept):
            self._kept.append(self._prepare(len(self._kept)))
        return self._kept[number]

    def release(self) -> None:
        """Keep nothing of what can be made anew."""
        self._kept, self._single, self._turned, self._layouts = [], {}, None, {}

    def observing(self, observations: Observations) -> Rows:
        """The same rows of the design with other observations."""
        other = self._bare()
        other.observations = observations
        other._layouts = {make: made for make, made in self._layouts.items() if not made[0]}
        return other

    def thinned(self, stride: int, *, single: bool = False, context: Context = SILENT) -> Rows:
        """So many of the rows of a design that is kept, one in `stride`, with the weights of those that they stand for; `single` says that all
        rows will be needed in float32 next.

        Their chunks are as large as those of all rows, so that the steps compiled for these serve them too.
        """
        other, observed = self._bare(), self.observations
        # what all rows have no use for, such as cells, some of them have none for either
        other._layouts = {make: made for make, made in self._layouts.items() if made[1] is None}
        in_place = self.at_hand and not self._kept
        taken, stand_for, parts = (
            (*chosen_in_place(self, stride, context, single=single), []) if in_place else chosen_of_chunks(self, stride, context)
        )
        other.index, other.n = taken if self.index is None else self.index[taken], taken.size
        other.chunk_rows = min(self.chunk_rows, power_of_two(other.n))
        other.n_chunks = -(-other.n // other.chunk_rows)
        with runtime.float64():
            other._kept = list(rechunked(parts, other.chunk_rows)) if parts else []
        other.observations = Observations(
            observed.y[:, taken],
            observed.weights[:, taken] * stand_for,
            None if observed.offset is None else observed.offset[:, taken],
            None if observed.fold is None else observed.fold[taken],
        )
        return other

    def prepared(self, columns: np.ndarray) -> Iterator[np.ndarray]:
        """(c, j) some of the shared columns, prepared, chunk by chunk as the source gives them."""
        source = columns if self.division is None else self.division.shared[columns]
        for raw in self.raw():
            yield (raw[:, source] - self.preparation.centre[columns]) / self.preparation.scale[columns]

    def prepared_own(self) -> Iterator[np.ndarray]:
        """(U, H, c) own columns, prepared, likewise."""
        units, places = self.preparation.own_scale.shape
        for raw in self.raw():
            yield self.preparation.own(raw)[:units, :places]

    def raw_shared(self) -> Iterator[np.ndarray]:
        """(c, P) shared columns chunk by chunk as the source gives them."""
        for start in range(0, self.n, self.chunk_rows):
            yield self.read_shared(start, min(start + self.chunk_rows, self.n))

    def read_shared(self, start: int, stop: int) -> np.ndarray:
        """The shared columns of used rows `start` to `stop`, as the source gives them."""
        part = self.read(start, stop)
        return part if self.division is None else part[:, self.division.shared]

    def raw(self) -> Iterator[np.ndarray]:
        """(c, S) all columns chunk by chunk as the source gives them."""
        for start in range(0, self.n, self.chunk_rows):
            yield self.read(start, min(start + self.chunk_rows, self.n))

    def gram(self) -> np.ndarray | None:
        """Sum of x x' over the prepared rows with a constant as their last column, (padded + 1,) * 2; None unless the design's structure
        makes it faster than going through the rows."""
        valid = getattr(self.source, "valid", None)
        if valid is None or not hasattr(self.source, "moments") or self.division is not None:
            return None
        index = np.arange(valid.size) if self.index is None else self.index
        if np.count_nonzero(valid) != index.size or not valid[index].all() or (found := self.source.moments()) is None:
            return None
        (products, sums), n = found, self.n_features
        centre, scale = self.preparation.centre, self.preparation.scale
        total = np.zeros((self.padded + 1, self.padded + 1))
        cross = np.outer(centre, sums)
        total[:n, :n] = products - cross - cross.T + self.n * np.outer(centre, centre)
        total[:n, :n] /= np.outer(scale, scale)
        total[:n, -1] = total[-1, :n] = (sums - self.n * centre) / scale
        total[-1, -1] = self.n
        return total

    def read(self, start: int, stop: int) -> np.ndarray:
        """Used rows `start` to `stop`, as the source gives them."""
        if self.index is None:
            return self.source.chunk(start, stop)
        rows = self.index[start:stop]
        first, last = int(rows[0]), int(rows[-1]) + 1
        part = self.source.chunk(first, last)
        return part if last - first == rows.size else part[rows - first]

    def _look_at(self, sample: np.ndarray) -> None:
        """Take centres, scales and densities of the columns from a sample of the rows."""
        density = np.ones(sample.shape[1])
        if self.supports is None and np.count_nonzero(sample) < sample.size:  # column by column takes ten times as long
            density = np.count_nonzero(sample, axis=0) / len(sample)
        centre, scale, constant = centre_and_scale(sample, self.centred)
        shared = slice(None) if self.division is None else self.division.shared
        self.preparation = ColumnPreparation.of(centre, scale, self.division, self.padded, self.own_padded)
        self.density, self.maybe_constant = density[shared], np.flatnonzero(constant[shared])
        for where, part in self.supports or []:  # what blocks know
            self.density[where] = part.shares

    def _take_as_they_are(self) -> None:
        centre, scale = np.zeros(self.n_shared), np.ones(self.n_shared)
        self.preparation = ColumnPreparation.of(centre, scale, None, self.padded, self.own_padded)
        self.maybe_constant, self.density = np.zeros(0, int), np.ones(self.n_shared)

    def _known_supports(self) -> list[Placed] | None:
        known = self.source.supports(self.index) if hasattr(self.source, "supports") else None
        return known if known is None or self.division is None else of_columns(known, self.division.shared)

    def sample(self) -> np.ndarray:
        """At most `SAMPLE_ROWS` rows in a few blocks spread over the recording."""
        width = self.source.shape[1]
        most = int(np.clip(SAMPLE_NUMBERS // max(width, 1), SAMPLE_ROWS // 8, SAMPLE_ROWS))
        if self.n <= most:
            return self.read(0, self.n) if self.n else np.zeros((0, width))
        blocks = 16
        size = most // blocks
        starts = np.linspace(0, self.n - size, blocks).astype(int)
        return np.concatenate([self.read(int(start), int(start) + size) for start in starts])

    def _prepare(self, number: int) -> Chunk:
        start, stop = number * self.chunk_rows, min((number + 1) * self.chunk_rows, self.n)
        raw, own = self.read(start, stop), None
        if self.division is not None:
            own = self.preparation.own(raw, self.chunk_rows)
            raw = raw[:, self.division.shared]
        X = np.zeros((self.chunk_rows, self.padded))
        n = stop - start
        if n * self.n_shared < ONE_THREAD:
            self.preparation.place(raw, X[:n])
        else:
            with workers(n * self.n_shared) as pool:  # most of the time goes into memory that is met for the first time
                edges = np.linspace(0, n, PREPARED_TOGETHER + 1).astype(int).tolist()
                for _ in pool.map(
                    lambda part: self.preparation.place(raw[part], X[part]), [slice(*ends) for ends in pairwise(edges)]
                ):
                    pass
        rows = self.observations
        fold = np.full(self.chunk_rows, NO_FOLD, np.int32)
        if rows.fold is not None:
            fold[: stop - start] = rows.fold[start:stop]
        offset = np.zeros((1, self.chunk_rows)) if rows.offset is None else self._columns(rows.offset, start, stop)
        return Chunk(X, own, self._columns(rows.y, start, stop), self._columns(rows.weights, start, stop), offset, fold)

    def prepared_rows(self, raw: np.ndarray) -> np.ndarray:
        """(c, padded) shared columns of rows (c, n_shared) as the source gives them; as they are where `piece_rows` says so."""
        return raw if self.piece_rows is not None else self.preparation.shared(raw)

    def reader(self, part: slice) -> Callable[[int, int], np.ndarray]:
        """What gives any thread the prepared shared columns (c, padded) of some rows of a part that lies in one chunk, counted from its first."""
        if self.at_hand:
            return lambda start, stop: self.prepared_rows(self.read_shared(part.start + start, part.start + stop))
        number, begin = divmod(part.start, self.chunk_rows)
        X = self._chunk(number).X
        return lambda start, stop: np.asarray(X)[begin + start : begin + stop]

    def _columns(self, values: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Rows `start` to `stop` of (U, T) values, padded with zeros to a chunk and to a bucket of units."""
        padded = np.zeros((bucket(len(values)), self.chunk_rows))
        padded[: len(values), : stop - start] = values[:, start:stop]
        return padded
