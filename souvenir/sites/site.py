"""A site: the factory, museum or heritage park whose story its souvenirs carry home."""

from typing import Final, Literal
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.localized import LocalizedText
from souvenir.sites.place import checked_code, checked_region, checked_time_zone

SiteKind = Literal["factory", "museum", "heritage_park"]
SITE_KINDS: Final[tuple[SiteKind, ...]] = ("factory", "museum", "heritage_park")


class SiteCodeTaken(SouvenirError):
    message = "The code {site_code} already names another site. Choose a new code: codes are never reused."
    site_code: str
    site_id: UUID


class Site(Aggregate):
    """One place that visitors come to see, and that products come from."""

    TOPIC = "sites.Site"

    class Registered(Created):
        TOPIC = "sites.SiteRegistered"
        code: str
        kind: SiteKind
        name: LocalizedText
        story: LocalizedText
        region: str
        time_zone: str

    class StoryRetold(Aggregate.Event):
        TOPIC = "sites.SiteStoryRetold"
        story: LocalizedText

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def register(
        cls, *, code: str, kind: str, name: LocalizedText, story: LocalizedText, region: str, time_zone: str
    ) -> "Site":
        """Put a place on the register of sites; the code gives it its id, for ever."""
        if kind not in SITE_KINDS:
            raise MalformedInput(expected=f"kind of site ({', '.join(SITE_KINDS)})", value=kind[:40])
        return cls._create(
            cls.Registered,
            id=site_id(code),
            code=checked_code(code),
            kind=kind,
            name=name,
            story=story,
            region=checked_region(region),
            time_zone=checked_time_zone(time_zone),
        )

    def retell(self, story: LocalizedText) -> None:
        """Tell the story of the place anew; products listed later, and pages read later, carry it."""
        if story != self.story:
            self._story_retold(story=story)

    # Evolve: assigns only.

    @event(Registered)
    def __init__(
        self, code: str, kind: SiteKind, name: LocalizedText, story: LocalizedText, region: str, time_zone: str
    ) -> None:
        self.code, self.kind, self.name, self.story = code, kind, name, story
        self.region, self.time_zone = region, time_zone
        self.registered_as = (kind, name, story, region, time_zone)

    @event(StoryRetold)
    def _story_retold(self, story: LocalizedText) -> None:
        self.story = story


def site_id(code: str) -> UUID:
    """The id of the site with this code."""
    return derived_id("site", code)
