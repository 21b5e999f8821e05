"""A customs office in memory: it looks at what it must, samples what it may, and sees what the test put in the bag."""

import hashlib
import threading
from collections.abc import Mapping

from souvenir.taxrefund.customs import CustomsAnswer, Presented

REASONS = ("goods_differ", "other_traveller", "goods_used", "not_presented")


class SimulatedCustoms:
    """Confirms what is listed, unless told what is really in the bag, or to refuse."""

    def __init__(self, sampled_percent: int = 20) -> None:
        self.sampled_percent = sampled_percent
        self._answers: dict[str, CustomsAnswer] = {}
        self._bags: dict[str, Mapping[int, int]] = {}
        self._refusals: dict[str, str] = {}
        self._mutex = threading.Lock()

    def pack(self, claim_no: str, units: Mapping[int, int]) -> None:
        """Say what an inspection of this form will find, by line."""
        self._bags[claim_no] = units

    def refuse(self, claim_no: str, reason: str) -> None:
        """Make the office refuse this form."""
        assert reason in REASONS, f"one of {REASONS}"
        self._refusals[claim_no] = reason

    def verify(self, presented: Presented) -> CustomsAnswer:
        """Verify a form; the first answer stands. A form not chosen for inspection is confirmed as listed."""
        with self._mutex:
            if presented.claim_no not in self._answers:
                self._answers[presented.claim_no] = self._decide(presented)
            return self._answers[presented.claim_no]

    def answer_to(self, claim_no: str) -> CustomsAnswer | None:
        """The answer once given."""
        return self._answers.get(claim_no)

    def inspects(self, presented: Presented) -> bool:
        """Whether the office looks into the bag: always, or for a sample that the form's number decides."""
        drawn = int.from_bytes(hashlib.sha256(presented.claim_no.encode()).digest()[:4], "big") % 100
        return presented.sampling == "every_form" or drawn < self.sampled_percent

    def _decide(self, presented: Presented) -> CustomsAnswer:
        inspected = self.inspects(presented)
        reason = self._refusals.get(presented.claim_no, "")
        found = self._bags.get(presented.claim_no, presented.listed) if inspected else presented.listed
        confirmed = {
            line_no: 0 if reason else min(listed, found.get(line_no, 0)) for line_no, listed in presented.listed.items()
        }
        return CustomsAnswer(presented.claim_no, presented.port, presented.on, confirmed, inspected, reason)
