"""What the pictures show: one motif for each main topic of the demo."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image

from .canvas import RATIO, Canvas, mix

# From the background to the accent.
PALETTES = {
    "climate": ("#17324a", "#2b6c86", "#8fc0c4", "#f2d9a6", "#d9542f"),
    "mobility": ("#f1ead9", "#21304f", "#c8402f", "#e0a33a", "#3f7f79"),
    "space": ("#0e1330", "#2a2a63", "#7a5aa8", "#e9c8a0", "#f3efe2"),
    "health": ("#f6e6dc", "#e7b3a1", "#c9574f", "#7d2740", "#3e6f73"),
    "technology": ("#12211f", "#1f4a43", "#4fae8c", "#d9e7b8", "#f08a4b"),
    "food": ("#f3e3c4", "#d99a3d", "#a5402a", "#4d2a23", "#7f8c4a"),
    "culture": ("#2a1a33", "#7b2450", "#d4583c", "#f0b84a", "#f6ead2"),
    "cities": ("#f4d9bd", "#e08e6d", "#8a4b5d", "#3b3350", "#f7efe0"),
    "nature": ("#dfe8d0", "#a9c29a", "#5d8a66", "#2b5546", "#f2b84b"),
    "history": ("#efe1c6", "#cda56b", "#9c6a43", "#5b4036", "#2f5566"),
}


def climate(canvas: Canvas) -> None:
    deep, sea, ice, sand, sun = canvas.palette
    canvas.sky(sand, mix(sand, sun, 0.55))
    canvas.disc((canvas.chance.uniform(0.35, 1.15), canvas.chance.uniform(0.3, 0.45)), 0.2, sun)
    for step in range(6):
        share = step / 5
        colour = mix(mix(ice, sea, share), deep, share * 0.75)
        canvas.wave(0.5 + 0.095 * step, 0.026 + 0.006 * step, colour)


def mobility(canvas: Canvas) -> None:
    paper, *inks = canvas.palette
    canvas.sky(paper, mix(paper, inks[2], 0.12))
    for number, ink in enumerate([*inks, mix(inks[0], inks[3], 0.5)]):
        rise = canvas.chance.choice((-1, 1)) * canvas.chance.uniform(0.12, 0.3)
        start, bend = 0.14 + 0.18 * number, canvas.chance.uniform(0.3, 1.0)
        track = [(-0.1, start), (bend, start), (bend + abs(rise), start + rise), (RATIO + 0.1, start + rise)]
        canvas.line(track, ink, 0.034)
        for x in (bend - 0.16, bend + abs(rise) + 0.14):
            y = start if x < bend else start + rise
            canvas.disc((x, y), 0.036, ink)
            canvas.disc((x, y), 0.021, paper)


def space(canvas: Canvas) -> None:
    night, dusk, violet, sand, white = canvas.palette
    canvas.sky(night, dusk)
    for _ in range(130):
        star = (canvas.chance.uniform(0, RATIO), canvas.chance.uniform(0, 1))
        canvas.disc(star, canvas.chance.choice((0.0012, 0.002, 0.0032)), mix(dusk, white, canvas.chance.random()))
    centre = (canvas.chance.uniform(0.35, 1.15), canvas.chance.uniform(0.75, 1.0))
    radius = canvas.chance.uniform(0.34, 0.5)
    for orbit in (1.25, 1.55, 1.95):
        canvas.ring(centre, radius * orbit, mix(dusk, violet, 0.7), 0.003)
        angle = canvas.chance.uniform(1.1 * math.pi, 1.9 * math.pi)
        moon = (centre[0] + radius * orbit * math.cos(angle), centre[1] + radius * orbit * math.sin(angle))
        canvas.disc(moon, 0.012 + 0.02 * canvas.chance.random(), sand)
    for share in (0.0, 0.3, 0.6, 0.9):
        shift = radius * 0.22 * share
        canvas.disc((centre[0] - shift, centre[1] - shift), radius * (1 - share * 0.3), mix(violet, sand, share))


def health(canvas: Canvas) -> None:
    skin, rose, red, wine, teal = canvas.palette
    canvas.sky(skin, mix(skin, rose, 0.5))
    for row in range(-1, 5):
        for column in range(-1, 7):
            x = 0.27 * column + 0.135 * (row % 2) + canvas.chance.uniform(-0.02, 0.02)
            y = 0.25 * row + 0.08 + canvas.chance.uniform(-0.02, 0.02)
            size = canvas.chance.uniform(0.095, 0.135)
            body, heart = canvas.chance.choice(((rose, red), (red, wine), (rose, wine), (mix(skin, teal, 0.45), teal)))
            canvas.disc((x, y), size, body)
            canvas.disc((x + size * 0.2, y - size * 0.15), size * 0.45, heart)


def technology(canvas: Canvas) -> None:
    dark, green, mint, lime, orange = canvas.palette
    canvas.sky(dark, mix(dark, green, 0.6))
    focus = (canvas.chance.uniform(0.4, 1.1), canvas.chance.uniform(0.3, 0.7))
    twist = canvas.chance.uniform(8, 13)
    for row in range(21):
        for column in range(31):
            x, y = 0.05 * column + 0.01, 0.05 * row
            distance = math.dist((x, y), focus)
            pulse = 0.5 + 0.5 * math.cos(twist * distance - 1)
            colour = mix(green, mint if distance > 0.35 else lime, pulse)
            canvas.disc((x, y), 0.004 + 0.017 * pulse, orange if distance < 0.06 else colour)


def food(canvas: Canvas) -> None:
    cream, honey, brick, cocoa, herb = canvas.palette
    canvas.sky(mix(cream, honey, 0.25), cream)
    canvas.rectangle((0, 0.72), (RATIO, 1), mix(honey, brick, 0.35))
    fillings = (brick, herb, honey, cocoa)
    for number in range(3):
        x, radius = 0.28 + 0.48 * number, canvas.chance.uniform(0.17, 0.23)
        bowl = canvas.chance.choice((cocoa, brick, mix(cocoa, herb, 0.6)))
        for _ in range(5):
            fruit = (x + canvas.chance.uniform(-0.6, 0.6) * radius, 0.585 - canvas.chance.uniform(-0.01, 0.05))
            canvas.disc(fruit, canvas.chance.uniform(0.045, 0.075), canvas.chance.choice(fillings))
        canvas.pie((x, 0.6), radius, 0, 180, bowl)
        canvas.rectangle((x - radius * 0.35, 0.6 + radius * 0.88), (x + radius * 0.35, 0.6 + radius * 1.08), bowl)
        for drift in (-0.05, 0.05):
            steam = [(x + drift + 0.018 * math.sin(14 * t), 0.43 - 0.27 * t) for t in (i / 24 for i in range(25))]
            canvas.line(steam, mix(cream, (255, 255, 255), 0.55), 0.012)


def culture(canvas: Canvas) -> None:
    colours = canvas.palette
    side = 0.25
    for row in range(4):
        for column in range(6):
            x, y = column * side, row * side
            ground, *rest = canvas.chance.sample(colours, 4)
            canvas.rectangle((x, y), (x + side, y + side), ground)
            corner, start = canvas.chance.choice(
                (((x, y), 0), ((x + side, y), 90), ((x + side, y + side), 180), ((x, y + side), 270))
            )
            for size, colour in zip((1.0, 0.68, 0.36), rest, strict=True):
                canvas.pie(corner, side * size, start, start + 90, colour)


def cities(canvas: Canvas) -> None:
    sky, coral, plum, ink, light = canvas.palette
    canvas.sky(sky, coral)
    canvas.disc((canvas.chance.uniform(0.3, 1.2), 0.42), 0.19, light)
    for depth, colour in enumerate((mix(coral, plum, 0.4), plum, ink)):
        x = -0.05
        while x < RATIO:
            width = canvas.chance.uniform(0.08, 0.17)
            top = canvas.chance.uniform(0.32, 0.6) + 0.13 * depth
            canvas.rectangle((x, top), (x + width, 1.1), colour)
            if canvas.chance.random() < 0.35:
                canvas.polygon([(x, top), (x + width / 2, top - 0.08), (x + width, top)], colour)
            if depth:
                windows(canvas, x, top, width, mix(colour, light, 0.75))
            x += width + canvas.chance.choice((0, 0, 0.03))


def windows(canvas: Canvas, left: float, top: float, width: float, colour: tuple[int, int, int]) -> None:
    for row in range(1, 16):
        for column in range(1, int(width / 0.032)):
            if canvas.chance.random() < 0.28:
                x, y = left + 0.032 * column, top + 0.042 * row
                canvas.rectangle((x - 0.005, y), (x + 0.007, y + 0.02), colour)


def nature(canvas: Canvas) -> None:
    mist, sage, leaf, pine, sun = canvas.palette
    canvas.sky(mix(mist, sun, 0.25), mist)
    canvas.disc((canvas.chance.uniform(0.3, 1.2), canvas.chance.uniform(0.22, 0.36)), 0.11, sun)
    for step in range(5):
        share = step / 4
        colour = mix(mix(sage, leaf, min(1, share * 2)), pine, max(0, share * 2 - 1))
        canvas.wave(0.46 + 0.12 * step, 0.05, colour, roughness=0.05)
        if step in (2, 3):
            trees(canvas, 0.5 + 0.12 * step, mix(colour, pine, 0.5), 14 + 5 * step)


def trees(canvas: Canvas, level: float, colour: tuple[int, int, int], count: int) -> None:
    for _ in range(count):
        x, foot = canvas.chance.uniform(0, RATIO), level + canvas.chance.uniform(0.0, 0.1)
        height = canvas.chance.uniform(0.07, 0.14)
        for part in (0.0, 0.3, 0.6):
            base, half = foot - height * part, height * 0.26 * (1 - part * 0.8)
            canvas.polygon([(x - half, base), (x, base - height * 0.55), (x + half, base)], colour)


def history(canvas: Canvas) -> None:
    sand, ochre, clay, umber, slate = canvas.palette
    canvas.sky(mix(slate, sand, 0.55), sand)
    canvas.disc((canvas.chance.uniform(0.3, 1.2), 0.3), 0.12, mix(sand, (255, 255, 255), 0.5))
    arches = canvas.chance.choice((4, 5, 6))
    width, top = RATIO / arches, canvas.chance.uniform(0.3, 0.4)
    canvas.rectangle((0, top), (RATIO, 0.8), mix(ochre, clay, 0.35))
    canvas.rectangle((0, top), (RATIO, top + 0.03), umber)
    for number in range(arches):
        centre, radius = (width * (number + 0.5), top + 0.08 + width * 0.34), width * 0.34
        canvas.pie(centre, radius, 180, 360, mix(slate, sand, 0.3))
        canvas.rectangle((centre[0] - radius, centre[1]), (centre[0] + radius, 0.8), mix(slate, sand, 0.3))
    for step, colour in enumerate((clay, umber, mix(umber, slate, 0.4), slate, mix(slate, umber, 0.6))):
        canvas.wave(0.74 + 0.065 * step, 0.013, colour, roughness=0.12)


MOTIFS: dict[str, Callable[[Canvas], None]] = {
    "climate": climate,
    "mobility": mobility,
    "space": space,
    "health": health,
    "technology": technology,
    "food": food,
    "culture": culture,
    "cities": cities,
    "nature": nature,
    "history": history,
}

ALT_TEXTS = {
    "climate": "Illustration: an orange sun above layered blue waves.",
    "mobility": "Illustration: coloured transit lines with stations, as on a network map.",
    "space": "Illustration: a pale planet with moons on their orbits in a night sky.",
    "health": "Illustration: rows of round cells in red, rose and teal.",
    "technology": "Illustration: a grid of green dots that swell like ripples round an orange centre.",
    "food": "Illustration: three steaming bowls full of fruit on a table.",
    "culture": "Illustration: a mosaic of quarter circles in purple, orange and gold.",
    "cities": "Illustration: a skyline in three layers before a low sun.",
    "nature": "Illustration: misty green hills with fir trees.",
    "history": "Illustration: a row of stone arches above layers of earth.",
}


def draw(motif: str, seed: str) -> Image.Image:
    """A picture of the topic `motif`, a key of `ALT_TEXTS`; the same seed gives the same picture."""
    canvas = Canvas(PALETTES[motif], seed)
    MOTIFS[motif](canvas)
    return canvas.finished()
