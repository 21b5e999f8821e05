"""A site is registered once, keeps its story, and replays to itself."""

import pytest

from souvenir.kernel.errors import MalformedInput
from souvenir.sites.site import Site, site_id


def enamel_factory(**changes: object) -> Site:
    facts = {
        "code": "jingfalan",
        "kind": "factory",
        "name": {"zh-Hans": "京坊珐琅厂", "en": "Jingfang Enamel Factory"},
        "story": {"zh-Hans": "老师傅与炉火。", "en": "Old masters and the kiln."},
        "region": "CN-BJ",
        "time_zone": "Asia/Shanghai",
    }
    return Site.register(**(facts | changes))


def replayed(aggregate: Site) -> Site:
    copy = None
    for happened in aggregate.collect_events():
        copy = happened.mutate(copy)
    assert copy is not None
    return copy


def test_a_registered_site_has_the_id_of_its_code():
    assert enamel_factory().id == site_id("jingfalan")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "casino"),
        ("region", "Beijing"),
        ("time_zone", "Beijing/Time"),
        ("time_zone", "../etc/passwd"),
        ("time_zone", ""),
        ("code", "two words"),
        ("name", {}),
        ("story", {"en": "  "}),
    ],
)
def test_malformed_facts_are_refused(field: str, value: object):
    with pytest.raises(MalformedInput):
        enamel_factory(**{field: value})


def test_retelling_the_story_is_recorded_once():
    site = enamel_factory()
    site.retell({"en": "The kiln was lit in 1956."})
    site.retell({"en": "The kiln was lit in 1956."})
    assert site.version == 2
    assert site.story == {"en": "The kiln was lit in 1956."}
    assert replayed(site).story == {"en": "The kiln was lit in 1956."}
