"""The figures of a post, each with its curve, drawn here as SVG: no script, nothing fetched."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from integrations.admin_tools.display import short_date
from social.connectors.base import METRICS
from social.models import Publication

WIDTH, HEIGHT, MARGIN = 240, 56, 4
WORDS = {
    "impressions": _("Affichages"),
    "reach": _("Personnes touchées"),
    "likes": _("J'aime"),
    "comments": _("Commentaires"),
    "shares": _("Partages"),
    "saves": _("Enregistrements"),
    "clicks": _("Clics"),
    "video_views": _("Lectures de la vidéo"),
}


@dataclass(frozen=True)
class Curve:
    """One figure: its total, and where its line goes."""

    name: str
    label: str
    value: int
    points: list[tuple[float, float, str]]
    since: str
    until: str

    @property
    def line(self) -> str:
        return " ".join(f"{x},{y}" for x, y, _said in self.points)

    @property
    def area(self) -> str:
        if not self.points:
            return ""
        first, last = self.points[0][0], self.points[-1][0]
        return f"{first},{HEIGHT} {self.line} {last},{HEIGHT}"


def curves(publication: Publication) -> list[Curve]:
    """A curve for each figure that the network gave; one that it never gave is not shown as zero."""
    snapshots = list(publication.snapshots.values_list("taken_at", "values"))
    known = set(publication.metrics).union(*(values for _at, values in snapshots))
    found = []
    for name in METRICS:
        if name not in known:
            continue
        series = [(at, values[name]) for at, values in snapshots if name in values]
        value = publication.metrics.get(name, series[-1][1] if series else 0)
        found.append(_curve(name, value, series))
    return found


def _curve(name: str, value: int, series: list[tuple[datetime, int]]) -> Curve:
    points = []
    if len(series) > 1:
        start, seconds = series[0][0], (series[-1][0] - series[0][0]).total_seconds() or 1
        highest = max(number for _at, number in series) or 1
        for at, number in series:
            x = (at - start).total_seconds() / seconds * WIDTH
            y = HEIGHT - MARGIN - number / highest * (HEIGHT - 2 * MARGIN)
            points.append((round(x, 1), round(y, 1), f"{short_date(at)} : {number}"))
    ends = (short_date(series[0][0]), short_date(series[-1][0])) if points else ("", "")
    return Curve(name, str(WORDS.get(name, name)), value, points, *ends)
