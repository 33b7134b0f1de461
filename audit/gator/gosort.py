"""Go's `sort.Slice`: not stable, but always the same, so that what is equal stands where gator has it.

It is a pattern-defeating quicksort, of which every step that moves something counts here. Where no two items are equal,
or there are few, Python's sort gives the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

T = TypeVar("T")

_FEW: Final = 12  # so many are sorted by insertion, which keeps the order of equal ones
_SHORT: Final = 50
_STEPS: Final = 5
_WORD: Final = (1 << 64) - 1


def go_sorted(items: Sequence[T], key: Callable[[T], Any]) -> list[T]:
    """`items` in the order that `sort.Slice` leaves them in."""
    if len(items) <= _FEW:
        return sorted(items, key=key)
    counts = Counter(map(key, items))
    if len(counts) == len(items):
        return sorted(items, key=key)
    size, repeated = len(items), [0]
    for rank, found in enumerate(sorted(counts)):
        repeated.append(repeated[-1] + (counts[found] > 1))
        counts[found] = rank * size
    cells = [counts[key(item)] + at for at, item in enumerate(items)]  # asked twice: all keys at once take much memory
    del counts
    _Cells(cells, size, repeated).sort(0, size, size.bit_length())
    return [items[cell % size] for cell in cells]


class _Cells:
    """Numbers that are equal when they are in one stretch of `size`: the rank of an item and where it stood.

    `repeated` tells of each rank, and of one behind the last, how many lower ones several items have.
    """

    def __init__(self, cells: list[int], size: int, repeated: list[int]) -> None:
        self._cells = cells
        self._size = size
        self._repeated = repeated

    def sort(self, low: int, high: int, patience: int) -> None:
        """Sort the cells from `low` to below `high`; after `patience` bad pivots by a heap."""
        balanced = whole = True
        while (length := high - low) > _FEW:
            if self._is_distinct(low, high):
                self._cells[low:high] = sorted(self._cells[low:high])
                return
            if patience == 0:
                self._by_heap(low, high)
                return
            if not balanced:
                self._scatter(low, length)
                patience -= 1
            pivot, rises, falls = self._pivot(low, length)
            if falls:
                self._cells[low:high] = self._cells[low:high][::-1]
                pivot, rises = high - 1 - (pivot - low), True
            if balanced and whole and rises and self._nearly_sorted(low, high):
                return
            if low > 0 and not self._less(low - 1, pivot):
                low = self._behind_equal(low, high, pivot)
                continue
            middle, whole = self._parted(low, high, pivot)
            left, right = middle - low, high - middle
            balanced = min(left, right) >= length // 8
            if left < right:
                self.sort(low, middle, patience)
                low = middle + 1
            else:
                self.sort(middle + 1, high, patience)
                high = middle
        self._by_insertion(low, high)

    def _is_distinct(self, low: int, high: int) -> bool:
        """Whether no two of these cells are equal: none is less than the one before them, and all than the one
        behind.
        """
        first = self._cells[low - 1] // self._size if low else 0
        last = self._cells[high] // self._size if high < len(self._cells) else len(self._repeated) - 1
        return self._repeated[first] == self._repeated[last]

    def _less(self, one: int, other: int) -> bool:
        return self._cells[one] // self._size < self._cells[other] // self._size

    def _swap(self, one: int, other: int) -> None:
        cells = self._cells
        cells[one], cells[other] = cells[other], cells[one]

    def _by_insertion(self, low: int, high: int) -> None:
        size = self._size
        self._cells[low:high] = sorted(self._cells[low:high], key=lambda cell: cell // size)

    def _by_heap(self, low: int, high: int) -> None:
        length = high - low
        for root in range((length - 1) // 2, -1, -1):
            self._sink(root, length, low)
        for last in range(length - 1, -1, -1):
            self._swap(low, low + last)
            self._sink(0, last, low)

    def _sink(self, root: int, length: int, low: int) -> None:
        while (child := 2 * root + 1) < length:
            if child + 1 < length and self._less(low + child, low + child + 1):
                child += 1
            if not self._less(low + root, low + child):
                return
            self._swap(low + root, low + child)
            root = child

    def _scatter(self, low: int, length: int) -> None:
        """Move three cells to places that depend on nothing but the length."""
        word, places = length, (1 << length.bit_length()) - 1
        middle = low + length // 4 * 2
        for at in range(middle - 1, middle + 2):
            word ^= word << 13 & _WORD
            word ^= word >> 7
            word ^= word << 17 & _WORD
            other = word & places
            self._swap(at, low + (other - length if other >= length else other))

    def _pivot(self, low: int, length: int) -> tuple[int, bool, bool]:
        """A pivot; whether what was looked at for it rises, and whether it falls."""
        quarter = length // 4
        places, swaps = [low + quarter, low + quarter * 2, low + quarter * 3], 0
        if length >= _SHORT:
            for at, place in enumerate(places):
                places[at], swapped = self._median(place - 1, place, place + 1)
                swaps += swapped
        pivot, swapped = self._median(*places)
        swaps += swapped
        return pivot, swaps == 0, swaps == 12

    def _median(self, one: int, two: int, three: int) -> tuple[int, int]:
        swaps = 0
        if self._less(two, one):
            one, two, swaps = two, one, swaps + 1
        if self._less(three, two):
            two, three, swaps = three, two, swaps + 1
        if self._less(two, one):
            one, two, swaps = two, one, swaps + 1
        return two, swaps

    def _nearly_sorted(self, low: int, high: int) -> bool:
        """Mend a few pairs; whether that was enough."""
        at = low + 1
        for _ in range(_STEPS):
            while at < high and not self._less(at, at - 1):
                at += 1
            if at == high:
                return True
            if high - low < _SHORT:
                return False
            self._swap(at, at - 1)
            self._shift(range(at - 1, 0, -1) if at - low >= 2 else range(0))
            self._shift(range(at + 1, high) if high - at >= 2 else range(0))
        return False

    def _shift(self, places: range) -> None:
        for at in places:
            if not self._less(at, at - 1):
                return
            self._swap(at, at - 1)

    def _parted(self, low: int, high: int, pivot: int) -> tuple[int, bool]:
        """Where the pivot ends, smaller cells before it; whether they were so already."""
        self._swap(low, pivot)
        cells = self._cells
        bound = cells[low] // self._size * self._size
        left, right, moved = low + 1, high - 1, False
        while True:
            while left <= right and cells[left] < bound:
                left += 1
            while left <= right and cells[right] >= bound:
                right -= 1
            if left > right:
                self._swap(right, low)
                return right, not moved
            cells[left], cells[right] = cells[right], cells[left]
            left, right, moved = left + 1, right - 1, True

    def _behind_equal(self, low: int, high: int, pivot: int) -> int:
        """Where the cells begin that are larger than the pivot; the others are equal to it and stand before."""
        self._swap(low, pivot)
        cells = self._cells
        bound = (cells[low] // self._size + 1) * self._size
        left, right = low + 1, high - 1
        while True:
            while left <= right and cells[left] < bound:
                left += 1
            while left <= right and cells[right] >= bound:
                right -= 1
            if left > right:
                return left
            cells[left], cells[right] = cells[right], cells[left]
            left, right = left + 1, right - 1
