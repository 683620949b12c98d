"""A canvas with smooth edges, measured in units of its height."""

from __future__ import annotations

import colorsys
import math
import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageOps

WIDTH, HEIGHT = 1500, 1000
SMOOTHING = 2
RATIO = WIDTH / HEIGHT

Colour = tuple[int, int, int]
Point = tuple[float, float]


class Canvas:
    """Coordinates run from (0, 0) top left to (RATIO, 1) bottom right. `chance` decides all that varies."""

    def __init__(self, palette: Sequence[str], seed: str) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a drawing, the same each time
        turn = self.chance.uniform(-0.05, 0.05)
        self.palette = [turned(rgb(colour), turn) for colour in palette]
        self.is_mirrored = self.chance.random() < 0.5
        self.scale = HEIGHT * SMOOTHING
        self.image = Image.new("RGB", (WIDTH * SMOOTHING, HEIGHT * SMOOTHING), self.palette[0])
        self.pen = ImageDraw.Draw(self.image)

    def sky(self, top: Colour, bottom: Colour) -> None:
        """Fill everything with a gradient from `top` to `bottom`."""
        steps = np.linspace(0.0, 1.0, self.image.height)[:, None]
        column = np.asarray(top) * (1 - steps) + np.asarray(bottom) * steps
        strip = Image.fromarray(column.astype(np.uint8)[:, None, :], "RGB")
        self.image.paste(strip.resize(self.image.size))

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        self.pen.ellipse(self.box(centre, radius), fill=colour)

    def ring(self, centre: Point, radius: float, colour: Colour, width: float) -> None:
        self.pen.ellipse(self.box(centre, radius), outline=colour, width=self.pixels(width))

    def pie(self, centre: Point, radius: float, start: float, end: float, colour: Colour) -> None:
        self.pen.pieslice(self.box(centre, radius), start, end, fill=colour)

    def rectangle(self, top_left: Point, bottom_right: Point, colour: Colour) -> None:
        self.pen.rectangle([self.at(top_left), self.at(bottom_right)], fill=colour)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        self.pen.polygon([self.at(point) for point in points], fill=colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A line with round joints and ends."""
        self.pen.line([self.at(point) for point in points], fill=colour, width=self.pixels(width), joint="curve")
        for end in (points[0], points[-1]):
            self.disc(end, width / 2, colour)

    def wave(self, level: float, height: float, colour: Colour, *, roughness: float = 0.0) -> None:
        """Fill everything below a wavy line at `level`; `roughness` adds short waves to the long ones."""
        phases = [self.chance.uniform(0, 2 * math.pi) for _ in range(4)]
        stretch = self.chance.uniform(0.8, 1.3)
        points: list[Point] = []
        for step in range(241):
            x = RATIO * step / 240
            y = math.sin(2.1 * stretch * x + phases[0]) + 0.45 * math.sin(4.7 * x + phases[1])
            y += roughness * (math.sin(13 * x + phases[2]) + 0.6 * math.sin(29 * x + phases[3]))
            points.append((x, level + height * y))
        self.polygon([*points, (RATIO, 1.1), (0, 1.1)], colour)

    def finished(self) -> Image.Image:
        """The picture at its final size, with a little grain against banding."""
        small = self.image.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
        grain = np.random.default_rng(7).normal(0, 2.2, (HEIGHT, WIDTH, 1))
        picture = Image.fromarray(np.clip(np.asarray(small) + grain, 0, 255).astype(np.uint8), "RGB")
        return ImageOps.mirror(picture) if self.is_mirrored else picture

    def at(self, point: Point) -> Point:
        return point[0] * self.scale, point[1] * self.scale

    def box(self, centre: Point, radius: float) -> list[Point]:
        x, y = centre
        return [self.at((x - radius, y - radius)), self.at((x + radius, y + radius))]

    def pixels(self, length: float) -> int:
        return max(1, round(length * self.scale))


def rgb(colour: str) -> Colour:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue


def turned(colour: Colour, turn: float) -> Colour:
    """The colour with its hue turned by a share of the colour circle."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in colour))
    red, green, blue = (round(part * 255) for part in colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value))
    return red, green, blue


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of `other`, the rest of `one`."""
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
