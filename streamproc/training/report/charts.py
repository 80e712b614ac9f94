"""The reports' charts, as SVG that takes its colours and its language from the page.

matplotlib draws with stand-in colours, and labels that name an entry of the table of texts between two signs ``@``.
What it writes is then trimmed: the colours become the page's CSS variables, the labels an element a language.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from streamproc.training.report.texts import LANGUAGES, TEXTS
from streamproc.training.scores import Bin, Roc, clear

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {
    "#a0000a": "var(--ink)",
    "#a0000b": "var(--soft)",
    "#a0000c": "var(--line)",
    "#a0000d": "var(--with)",
    "#a0000e": "var(--without)",
    "#a0000f": "var(--card)",
}
INK, SOFT, LINE, WITH, WITHOUT, CARD = _COLOURS
_SIZE = (5.4, 3.5)  # inches of 72 points: what an SVG unit is
_STYLE = {
    "svg.fonttype": "none",
    "font.size": 10.5,
    "text.color": SOFT,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "legend.frameon": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.unicode_minus": True,
}


class _Drawing:
    """A chart under way; ``svg`` is there once it is finished."""

    def __init__(self, axes: "Axes") -> None:
        self.axes = axes
        self.svg = Markup()


@contextmanager
def _drawing(name: str, labels: tuple[str, str], size: tuple[float, float] = _SIZE) -> Iterator[_Drawing]:
    import matplotlib
    from matplotlib.figure import Figure  # only here: a report is rare, and matplotlib is large

    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        drawing = _Drawing(figure.subplots())
        drawing.axes.set(xlabel=f"@{labels[0]}@", ylabel=f"@{labels[1]}@")
        yield drawing
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawing.svg = _trimmed(written.getvalue(), name)


def learning_curve(history: Sequence[tuple[int, float]]) -> Markup:
    """Draw the loss at each step, and its running mean. history: (step, loss), at least one."""
    steps, losses = (np.array(column, float) for column in zip(*history, strict=True))
    width = min(len(losses), max(8, len(losses) // 10))  # one batch says little
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    with _drawing("learning", ("axis_step", "axis_loss")) as chart:
        chart.axes.plot(steps, losses, color=WITH, alpha=0.35, linewidth=1)
        chart.axes.plot(steps[width - 1 :], smooth, color=WITH, linewidth=2)
        chart.axes.set_ylim(bottom=0)
    return chart.svg


def histogram(odds: NDArray[np.float64], targets: NDArray[np.float32]) -> Markup:
    """Draw how many pictures of each class get which log odds; fades are left out. Both (N,)."""
    plain, limit = clear(targets), 16.0
    edges = np.linspace(-limit, limit, 49)
    shown = np.clip(odds, -limit + 1e-6, limit - 1e-6)
    with _drawing("histogram", ("axis_log_odds", "axis_pictures")) as chart:
        for true, colour, label in ((True, WITH, "legend_with"), (False, WITHOUT, "legend_without")):
            chosen = shown[plain & ((targets > 0.5) == true)]
            chart.axes.hist(chosen, edges.tolist(), color=colour, alpha=0.75, label=f"@{label}@", linewidth=0)
        chart.axes.axvline(0, color=INK, linewidth=1)
        chart.axes.set_yscale("log")
        chart.axes.set_ylim(bottom=0.7)
        chart.axes.yaxis.set_major_formatter(lambda count, _: f"{count:g}")
        chart.axes.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.12))
    return chart.svg


def roc_curve(roc: Roc, in_use: tuple[float, float], counts: tuple[int, int]) -> Markup:
    """Draw the curve with both axes stretched near the perfect corner.

    in_use: share of false alarms and share found at the threshold in use. counts: pictures with and without the bug.
    """
    least = 0.5 / max(counts)  # stands for none, which a logarithm does not know

    def stretched(share: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(-np.log10(np.maximum(share, least)))

    with _drawing("roc", ("axis_false_alarms", "axis_found")) as chart:
        axes = chart.axes
        x, y = -stretched(roc.false_alarms), stretched(1 - roc.found)
        axes.step(x, y, where="post", color=WITH, linewidth=2)
        axes.plot(-stretched(in_use[0]), stretched(1 - in_use[1]), "o", color=INK, markersize=7)
        end = -float(np.log10(least))
        powers = np.arange(int(end - 0.3) + 1)
        axes.set_xticks([-end, *-powers[::-1]], [_percent(0), *(_percent(10.0**-power) for power in powers[::-1])])
        axes.set_yticks([*powers, end], [*(_percent(1 - 10.0**-power) for power in powers), _percent(1)])
        axes.set(xlim=(-end - 0.15, 0.05), ylim=(-0.05, end + 0.15))
    return chart.svg


def reliability_diagram(bins: Sequence[Bin]) -> Markup:
    """Draw what is said against what is so, in per cent."""
    with _drawing("reliability", ("axis_said", "axis_so"), (4.4, 3.9)) as chart:
        axes = chart.axes
        axes.plot([0, 100], [0, 100], color=SOFT, linewidth=1, linestyle=(0, (4, 4)))
        most = max(bin_.count for bin_ in bins)
        for one in bins:
            said = 100 * one.said
            axes.plot([said, said], [100 * one.low, 100 * one.high], color=WITH, linewidth=1.5, alpha=0.6)
            size = 4 + 8 * (one.count / most) ** 0.5
            axes.plot(said, 100 * one.so, "o", color=WITH, markersize=size, clip_on=False)
        axes.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    return chart.svg


def timeline(
    times: NDArray[np.float64], probability: NDArray[np.float64], stretches: Sequence[tuple[float, float, bool]]
) -> Markup:
    """Draw the probability along some footage over bands of what is true. stretches: start s, end s, has the bug."""
    keep = _telling(probability, 4000)
    with _drawing("timeline", ("axis_time_s", "axis_probability"), (11.0, 2.6)) as chart:
        axes = chart.axes
        for start, end, has_bug in stretches:
            axes.axvspan(start, end, color=WITH if has_bug else WITHOUT, alpha=0.16, linewidth=0)
        for colour, label in ((WITH, "legend_programme"), (WITHOUT, "legend_advert")):
            axes.fill_between([], [], color=colour, alpha=0.3, linewidth=0, label=f"@{label}@")
        axes.plot(times[keep], 100 * probability[keep], color=INK, linewidth=0.9)
        axes.set(ylim=(-4, 104), xlim=(times[0], times[-1]))
        axes.legend(loc="upper right", ncols=2, bbox_to_anchor=(1.0, 1.22))
    return chart.svg


def _telling(values: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Return which points to draw so that no short dip is lost: of each stretch its least and its greatest."""
    if len(values) <= most:
        return np.arange(len(values))
    parts = np.array_split(np.arange(len(values)), most // 2)
    chosen = [part[[int(values[part].argmin()), int(values[part].argmax())]] for part in parts]
    return np.unique(np.concatenate(chosen))


def _percent(share: float) -> str:
    return f"{100 * share:.6g}\u00a0%"


def _trimmed(svg: str, name: str) -> Markup:
    """Make of matplotlib's document an element of a page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->| xmlns(:xlink)?=\"[^\"]*\"", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1))
    svg = svg.replace("xlink:href", "href")
    # Several charts stand on one page: what each refers to must be its own.
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\1{name}-", svg)
    svg = re.sub(r"font: ([\d.]+)px[^;\"]*", r"font-size: \1px", svg)
    for stand_in, colour in _COLOURS.items():
        svg = svg.replace(stand_in, colour)
    svg = re.sub(r">@(\w+)@<", lambda found: f">{_spans(*TEXTS[found[1]])}<", svg)
    svg = re.sub(r">([\d.−]*\d\.\d+[^<]*)<", lambda found: f">{_spans(found[1], found[1].replace('.', ','))}<", svg)
    described = f'<svg role="img" aria-labelledby="{name}-caption"'
    return Markup(svg.replace("<svg", described, 1).strip())


def _spans(*words: str) -> str:
    return "".join(
        f'<tspan class="t" lang="{language}">{escape(word)}</tspan>'
        for language, word in zip(LANGUAGES, words, strict=True)
    )
