"""A rosette of fine lines as banknotes have them, drawn from a certificate's serial: no two certificates share one."""

import hashlib
from collections.abc import Iterator
from math import cos, pi, sin

from souvenir.documents.drawing import Stroke

LINES, POINTS_A_PETAL = 14, 6


def rosette(serial: str, x: float, y: float, radius: float, colour: str) -> Iterator[Stroke]:
    """The lines of a serial's rosette around a centre; the same serial gives the same lines."""
    chance = hashlib.sha256(serial.encode("ascii")).digest()
    petals, lean = 10 + 2 * (chance[0] % 4), 1 + chance[1] % 3
    swing = 0.045 + 0.03 * chance[2] / 255
    for ring in range(LINES):
        turn = 2 * pi * lean * ring / LINES / petals
        yield _wave(x, y, radius * (1 - swing - 0.2 * ring / LINES), radius * swing, petals, turn, colour)
    inner = 3 * petals
    for ring in range(4):
        yield _wave(x, y, radius * 0.62, radius * 0.025, inner, pi * ring / 2 / inner, colour)


def _wave(x: float, y: float, middle: float, swing: float, petals: int, turn: float, colour: str) -> Stroke:
    count = petals * POINTS_A_PETAL
    angles = [2 * pi * at / count for at in range(count)]
    reach = [middle + swing * cos(petals * (angle + turn)) for angle in angles]
    points = [(x + r * sin(a), y - r * cos(a)) for r, a in zip(reach, angles, strict=True)]
    return Stroke(tuple(points), 0.1, colour, smooth=True)
