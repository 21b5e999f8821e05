"""The royalty engine: pure functions on cumulative amounts, whose differences give each period.

Rounding throughout: half up, away from zero, to the currency's minor unit, once per statement line (licence, period,
rate); a cumulative method differences cumulative amounts that are already rounded; shares are split by largest
remainder in contract order. Returns and credits therefore mirror the sales they undo, to the cent.
"""
