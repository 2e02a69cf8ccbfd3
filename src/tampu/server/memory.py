"""What later requests may refer to, in memory only: by tenant and id, what was not asked for longest goes first."""

import contextlib
import json
from collections import OrderedDict
from collections.abc import Mapping

from tampu.dialects.base import dumps
from tampu.dialects.kinds import JSON


class Memory:
    """Values of at most so many bytes in JSON together; with 0 nothing is kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._values: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def keep(self, tenant: str, values: Mapping[str, JSON]) -> None:
        """Keep these values, and let go of the oldest ones when they are too many."""
        for key, value in values.items():
            self.forget(tenant, key)
            self._values[tenant, key] = data = dumps(value)
            self._size += len(data)
        while self._size > self._limit:
            _, data = self._values.popitem(last=False)
            self._size -= len(data)

    def recall(self, tenant: str, key: str) -> JSON:
        """The value, None where it is not here (any more), or another tenant's."""
        data = self._values.get((tenant, key))
        if data is None:
            return None
        with contextlib.suppress(KeyError):  # another thread, which reads a large body, may ask
            self._values.move_to_end((tenant, key))
        return json.loads(data)

    def forget(self, tenant: str, key: str) -> bool:
        """Whether there was such a value; there is none now."""
        data = self._values.pop((tenant, key), b"")
        self._size -= len(data)
        return bool(data)
