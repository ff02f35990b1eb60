"""Turn windows that repeat each other's events back into offsets into one event table."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["merge_windows"]

Ints = NDArray[np.int64]


def merge_windows(times: Ints, kinds: Ints, counts: Ints, rank: NDArray[np.intp]) -> tuple[Ints, Ints, Ints]:
    """Lay overlapping windows over each other: (first event of each window, table times, table kinds).

    Windows are taken by resident and start, so that each either continues the table or overlaps its
    tail. One step per window, none per event.
    """
    begins = np.cumsum(counts) - counts
    order = np.lexsort((times[begins + counts - 1], times[begins], rank[kinds[begins]]))
    out_times, out_kinds = np.empty_like(times), np.empty_like(kinds)
    first = np.empty(len(counts), dtype=np.int64)
    size = chain = 0
    for window in order:
        part = slice(int(begins[window]), int(begins[window] + counts[window]))
        new_times, new_kinds = times[part], kinds[part]
        place = size
        if size and new_times[0] <= out_times[size - 1]:
            tail = out_times[chain:size]
            low, high = np.searchsorted(tail, new_times[0]), np.searchsorted(tail, new_times[0], "right")
            for candidate in range(chain + int(low), chain + int(high)):
                shared = min(size - candidate, len(new_times))
                stop = candidate + shared
                if np.array_equal(out_times[candidate:stop], new_times[:shared]) and np.array_equal(
                    out_kinds[candidate:stop], new_kinds[:shared]
                ):
                    place = candidate
                    break
            else:
                # Another stream, or windows that disagree about the same moment: begin a stretch of its own.
                chain = size if new_times[0] < out_times[size - 1] else chain
        first[window] = place
        end = max(size, place + len(new_times))
        fresh = end - size
        if fresh:
            out_times[size:end] = new_times[-fresh:]
            out_kinds[size:end] = new_kinds[-fresh:]
        size = end
    return first, out_times[:size], out_kinds[:size]
