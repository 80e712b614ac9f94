"""What leaves the house: the stages that deliver files and tell webhooks."""

from collections.abc import Callable, Mapping

from streamproc.app.play import Tools
from streamproc.catalogue.findings import FOUND
from streamproc.catalogue.rows import EventRow
from streamproc.catalogue.store import Catalogue
from streamproc.config import Settings
from streamproc.stage import Stage
from streamproc.stages.deliver import DeliverStage, OfferStage
from streamproc.stages.expire import ExpireStage
from streamproc.stages.notify import Json, NotifyStage
from streamproc.web.events import describe

LINKS = {
    "clip": "/api/v1/clips/{}",
    "delivery": "/api/v1/deliveries/{}",
    "finding": "/api/v1/findings/{}",
    FOUND: "/api/v1/findings/{}",
    "segment": "/api/v1/segments/{}",
}
"""Where the API shows what an event is about, for those kinds that have an address of their own."""


def outbound(settings: Callable[[], Settings], catalogue: Catalogue, tools: Tools) -> Mapping[str, Stage]:
    """Return the stages; ``settings`` gives the newest, of which targets and webhooks are taken at the start."""
    now = settings()
    telemetry, clock = tools.telemetry, tools.clock
    stages: dict[str, Stage] = {
        "offer": OfferStage(settings, catalogue, telemetry, clock),
        "expire": ExpireStage(settings, catalogue, telemetry, clock),
    }
    for target in now.targets:
        stages[f"deliver:{target.name}"] = DeliverStage(target, catalogue, now.clip_dir, telemetry, clock)
    for webhook in now.webhooks:
        stages[f"notify:{webhook.name}"] = NotifyStage(webhook, catalogue, shown(catalogue), telemetry, clock)
    return stages


def shown(catalogue: Catalogue) -> Callable[[EventRow], Json]:
    """Return what gives an event as the live events do, with a link to what it is about."""

    def show(row: EventRow) -> Json:
        link = LINKS.get(row.type)
        seen = describe(catalogue, row).model_dump(mode="json")
        return {**seen, "link": None if link is None else link.format(row.subject_id)}

    return show
