"""The garbage collector, told when there is nothing for it to find."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_rest() -> Iterator[None]:
    """Leave the collector out of a block whose objects all stay: it would look through them again and again.

    Afterwards they count as old, so that its next round, which is for the young, does not look through them either.
    """
    working = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if working:
            if not gc.get_freeze_count():  # else the program has frozen objects of its own, which stay so
                gc.freeze()
                gc.unfreeze()
            gc.enable()
