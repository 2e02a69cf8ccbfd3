"""Finding stop strings in a text that comes in pieces.

All stop strings are matched at once by one automaton (Aho and Corasick, "Efficient string matching", 1975), so that
the time is linear in the text, whatever the strings.
"""

from collections import deque
from collections.abc import Sequence


class StopMatcher:
    """Passes text through up to the first stop string.

    The first is the one that is complete first, and of two complete at the same character the longer one. So the
    result is the same however the text was cut into pieces. With `keep` the stop string itself is passed through, too.
    """

    def __init__(self, stops: Sequence[str], keep: bool = False) -> None:
        self._keep = keep
        # Node 0 is the empty beginning. Per node: which node each next character leads to, how many characters it has,
        # the node of its longest proper ending that is a beginning too, and how long the stop string is that ends here.
        self._next: list[dict[str, int]] = [{}]
        self._depth = [0]
        self._shorter = [0]
        self._stop_length = [0]
        for stop in stops:
            self._add(stop)
        self._link()
        self._node = 0
        self._held = ""
        self.stopped = False

    def _add(self, stop: str) -> None:
        node = 0
        for character in stop:
            if character not in self._next[node]:
                self._next[node][character] = len(self._next)
                self._next.append({})
                self._depth.append(self._depth[node] + 1)
                self._shorter.append(0)
                self._stop_length.append(0)
            node = self._next[node][character]
        self._stop_length[node] = len(stop)

    def _link(self) -> None:
        """Fill in `_shorter` breadth first, and let a node end the stop string that its endings end."""
        waiting = deque(self._next[0].values())
        while waiting:
            node = waiting.popleft()
            for character, child in self._next[node].items():
                self._shorter[child] = self._step(self._shorter[node], character)
                self._stop_length[child] = self._stop_length[child] or self._stop_length[self._shorter[child]]
                waiting.append(child)

    def _step(self, node: int, character: str) -> int:
        while node and character not in self._next[node]:
            node = self._shorter[node]
        return self._next[node].get(character, 0)

    def push(self, text: str) -> tuple[str, bool]:
        """The text that is certain not to be part of a stop string, and whether one was found.

        Nothing comes after a stop string: what follows it is never given.
        """
        if self.stopped:
            return "", True
        seen = self._held + text
        for end, character in enumerate(text, start=len(self._held) + 1):
            self._node = self._step(self._node, character)
            if length := self._stop_length[self._node]:
                self.stopped, self._held = True, ""
                return seen[: end if self._keep else end - length], True
        safe = len(seen) - self._depth[self._node]
        self._held = seen[safe:]
        return seen[:safe], False

    def flush(self) -> str:
        """What was held back, now that no more text comes."""
        held, self._held = self._held, ""
        return held
