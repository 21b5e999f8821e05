"""The event log: one log for the whole shop, what is decided with it in one transaction, and what follows it."""

from souvenir.eventlog.ahead import Ahead
from souvenir.eventlog.command import CommandKey, IdempotencyConflict, keyed
from souvenir.eventlog.followers import Followers
from souvenir.eventlog.log import Busy, Committed, Contended, EventLog
from souvenir.eventlog.projection import Process, Register, View, when
from souvenir.eventlog.stores.store import DamagedDatabase, DatabaseNotReached, ForeignDatabase, Session, UnknownStore
from souvenir.eventlog.transaction import Recorded, Transaction

__all__ = [
    "Ahead",
    "Busy",
    "CommandKey",
    "Committed",
    "Contended",
    "DamagedDatabase",
    "DatabaseNotReached",
    "EventLog",
    "Followers",
    "ForeignDatabase",
    "IdempotencyConflict",
    "Process",
    "Recorded",
    "Register",
    "Session",
    "Transaction",
    "UnknownStore",
    "View",
    "keyed",
    "when",
]
