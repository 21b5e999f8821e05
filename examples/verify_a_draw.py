"""A draw is held, and whoever doubts it checks the published file without the shop; a changed byte is found.

Run it: python examples/verify_a_draw.py
"""

import hashlib
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from souvenir import Shop
from souvenir.draws import verify
from souvenir.draws.beacon import QUICKNET, round_after, round_at
from souvenir.draws.draw import Rules
from souvenir.draws.ranking import commitment_to
from souvenir.testing import clock_at

MORNING = datetime(2023, 9, 15, 7, 50, tzinfo=UTC)
CLOSES = MORNING + timedelta(hours=3)
ROUND = round_after(CLOSES + timedelta(minutes=10))
SECRET = bytes(range(32))
"""Drawn at random and kept safe until the draw, in a real one: `secrets.token_bytes(32)`."""

SIGNATURE = bytes.fromhex(
    "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
)
"""What the beacon published for that round."""


def main() -> None:
    with clock_at(MORNING) as now, Shop.in_memory() as shop:
        web, edition = declare(shop)
        rules = Rules(
            text="One entry for each passport. Collect in person.",
            edition_id=edition,
            pieces=3,
            opens_at=MORNING,
            closes_at=CLOSES,
            commitment=commitment_to(SECRET),
            reveal_by=round_at(ROUND) + timedelta(hours=1),
            beacon_chain=QUICKNET,
            beacon_round=ROUND,
            beacon_at=round_at(ROUND),
            offer_minutes=60,
        )
        draw = shop.draws.announce(rules, web).result
        print("Announced, rules hash", rules.hash[:16])
        for n in range(12):
            shop.draws.enter(draw, f"keyed hash of passport {n}")
        now.move_to(CLOSES + timedelta(minutes=1))
        print("Frozen under the root", shop.draws.freeze(draw).result[:16])
        now.move_to(round_at(ROUND))
        beacon = hashlib.sha256(SIGNATURE).hexdigest()
        shop.draws.draw(draw, SECRET.hex(), beacon, SIGNATURE.hex())
        print("Offers made:", shop.draws.make_offers(draw).result)
        check(shop.draws.published(draw))


def check(published: dict[str, object]) -> None:
    """As anybody would: python -m souvenir.draws.verify published.json."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "published.json"
        file.write_text(json.dumps(published), encoding="utf-8")
        assert verify.main(str(file)) == 0
        ranking = published["ranking"]
        assert isinstance(ranking, list)
        published["ranking"] = ranking[::-1]
        file.write_text(json.dumps(published), encoding="utf-8")
        assert verify.main(str(file)) == 1


def declare(shop: Shop) -> tuple[UUID, UUID]:
    """Three pieces, given by draw on the web."""
    name = {"en": "Crane vase, gold", "zh-Hans": "仙鹤瓶·金"}
    site = shop.sites.register_site(
        code="ENAMEL", kind="factory", name=name, story=name, region="CN-BJ", time_zone="Asia/Shanghai"
    ).result
    web = shop.sites.open_outlet(
        code="WEB", kind="online", name=name, region="CN-BJ", time_zone="Asia/Shanghai", currency="CNY", site_id=site
    ).result
    edition = shop.editions.declare(
        product_id=UUID(int=1), gtin="6901234567892", title=name, size=3, numbering="draw"
    ).result
    shop.editions.allot(edition, web, 1, 3)
    shop.editions.release(edition)
    return web, edition


if __name__ == "__main__":
    main()
