"""What a scrape says, read by prometheus-client's own parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    import aiohttp

PREFIX = "partyfinder_"


class Scrape:
    """One scrape.

    Attributes:
        text: as it came.
        names: of the metrics, as documentation has them.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        families = list(text_string_to_metric_families(text))
        self.names = {each.name + ("_total" if each.type == "counter" else "") for each in families}
        self.samples = [sample for each in families for sample in each.samples]

    def sum(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == PREFIX + name and labels.items() <= sample.labels.items()
        )

    def values(self, name: str, label: str) -> set[str]:
        """What a label of a metric has for values."""
        return {each.labels[label] for each in self.samples if each.name == PREFIX + name}


async def scrape(session: aiohttp.ClientSession, url: str) -> Scrape:
    """Scrape a server."""
    async with session.get(f"{url}/metrics") as response:
        assert response.status == 200, response.status
        assert response.content_type == "text/plain"
        return Scrape(await response.text())
