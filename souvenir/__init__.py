"""souvenir: sell limited-edition souvenirs, honour IP licences, pay travellers their tax refund on the spot."""

__version__ = "0.1.0"
