"""Memory that the prepared rows of several groups of units share."""

from __future__ import annotations

from typing import Protocol
from weakref import ref


class Kept(Protocol):
    """What keeps something that it can make anew; `kept_bytes` is what it keeps when it is in use."""

    kept_bytes: float

    def release(self) -> None: ...


class Room:
    """What is kept in at most so much memory: that which was used longest ago is released for what is used now.

    A population whose units have columns of their own is fitted group by group, and the errors of each group ask for its rows again: each by itself
    would keep within the memory, and all of them not.

    Parameters
    ----------
    memory : float
        Bytes. What is used now is kept even if it takes more by itself.
    """

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self._users: list[ref[Kept]] = []

    def enter(self, user: Kept) -> None:
        """Make room for what is used from now on."""
        if self._users and self._users[-1]() is user:
            return
        users = [one for known in self._users if (one := known()) is not None and one is not user]
        left = self.memory - user.kept_bytes - sum(one.kept_bytes for one in users)
        while users and left < 0:
            oldest = users.pop(0)
            left += oldest.kept_bytes
            oldest.release()
        self._users = [ref(one) for one in (*users, user)]

    def __getstate__(self) -> dict[str, float]:
        """Without its users: those that are copied or stored with it enter when they are used."""
        return {"memory": self.memory}

    def __setstate__(self, state: dict[str, float]) -> None:
        self.memory, self._users = state["memory"], []
