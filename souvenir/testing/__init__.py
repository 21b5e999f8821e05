"""For your tests and ours: given/when/then for aggregates, a clock that stands still, a shop, races on your database."""

from souvenir.testing.drop import Drop, drop
from souvenir.testing.given import Given, Outcome, clock_at, given, shop_in_memory
from souvenir.testing.race import Race, race

__all__ = ["Drop", "Given", "Outcome", "Race", "clock_at", "drop", "given", "race", "shop_in_memory"]
