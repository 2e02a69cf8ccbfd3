"""The choices of one request: the first computes their prompt, the others wait to share its blocks."""

from tampu.engine.sequence import Sequence, SequenceStatus


class Groups:
    """Whose prompt is being computed by one member, and who waits for it."""

    def __init__(self) -> None:
        self._leaders: dict[int, Sequence] = {}
        self._siblings: dict[int, list[Sequence]] = {}

    def leads(self, sequence: Sequence) -> bool:
        """Whether the sequence goes ahead and computes its prompt; if not, it waits here for the one that does."""
        group = sequence.spec.group
        if group is None:
            return True
        if group in self._leaders:
            self._siblings[group].append(sequence)
            return False
        self._leaders[group] = sequence
        self._siblings[group] = []
        return True

    def release(self, sequence: Sequence) -> list[Sequence]:
        """Those who waited for this sequence's prompt, now that it is computed or never will be."""
        group = sequence.spec.group
        if group is None or self._leaders.get(group) is not sequence:
            return []
        del self._leaders[group]
        return [sibling for sibling in self._siblings.pop(group) if sibling.status is not SequenceStatus.FINISHED]
