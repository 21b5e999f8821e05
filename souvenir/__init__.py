"""souvenir: sell limited-edition souvenirs, honour IP licences, pay travellers their tax refund on the spot."""

from typing import TYPE_CHECKING

from souvenir.kernel.collector import at_rest
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money

if TYPE_CHECKING:
    from souvenir.shop import Shop

__version__ = "0.1.0"
__all__ = ["Money", "Shop", "SouvenirError", "__version__"]


def __getattr__(name: str) -> object:
    """`Shop` brings every room with it, so it is imported when it is asked for."""
    if name == "Shop":
        with at_rest():
            from souvenir.shop import Shop
        return Shop
    raise AttributeError(f"module 'souvenir' has no attribute {name!r}")
