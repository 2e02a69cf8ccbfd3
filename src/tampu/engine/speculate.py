"""Guesses at the tokens to come, so that one step can check several: text that repeats earlier text comes fast.

A guess is what followed when the latest tokens stood there before (Saxena, "Prompt Lookup Decoding", 2023). The step
draws the token of every guessed position as it would without the guess, and keeps them for as long as the guesses were
right: a wrong one costs time and nothing else (idea: Leviathan et al., ICML 2023, arXiv 2211.17192).
"""

from array import array

MIN_MATCH = 3  # tokens that must have stood there before
MAX_MATCH = 16  # longer matches are as good as this
MAX_PLACES = 8  # earlier places that are compared, latest first
MAX_READ = 4096  # tokens of a long prompt that a step takes in: 2 ms
MAX_GUESS = 15  # tokens: with the last one generated, 16 rows of a linear
# The part of a step's time that is there before its first token, in tokens. Measured: 5 for cria, 11 for 300 million
# parameters; the more of the weights must come from memory, the more.
FREE_TOKENS = 4
ALLOWANCE = 1 / 128  # of a sequence's time may be lost to wrong guesses, and INITIAL_CREDIT tokens' time
INITIAL_CREDIT = 0.5


class Lookup:
    """Where the latest tokens of a growing sequence stood before; a new token costs O(1).

    The places where a run of MIN_MATCH tokens ended are chained, latest first, as in zlib's deflate.
    """

    def __init__(self) -> None:
        self._latest: dict[bytes, int] = {}
        # By the end of a run: the end of the same run before it, 0 for none. Ends below its length are chained.
        self._previous = array("i", [0] * MIN_MATCH)

    def find(self, token_ids: "array[int]") -> int | None:
        """The position that followed the longest earlier match of the last tokens."""
        self._read(token_ids)
        best, longest = None, 0
        end = self._latest.get(token_ids[-MIN_MATCH:].tobytes(), 0)
        for _ in range(MAX_PLACES):
            if end == 0 or longest == MAX_MATCH:
                break
            if (length := _match_length(token_ids, end)) > longest:
                best, longest = end, length
            end = self._previous[end]
        return best

    def _read(self, token_ids: "array[int]") -> None:
        """Chain the runs that have a token after them, as many as a step has time for."""
        known = len(self._previous)
        for end in range(known, min(len(token_ids), known + MAX_READ)):
            run = token_ids[end - MIN_MATCH : end].tobytes()
            self._previous.append(self._latest.get(run, 0))
            self._latest[run] = end


class Drafter:
    """Guesses for one sequence: as many tokens as its earlier guesses have paid for.

    Its credit is in units of the time that a token takes without guesses. A guessed token costs a part of that, and
    saves all of it when it is right; and each step grants a little, so that a sequence which begins to repeat itself
    is noticed. Where guesses are mostly wrong, or rows dear since a batch is full, what is left is the occasional try.
    """

    def __init__(self) -> None:
        self._lookup = Lookup()
        self._credit = INITIAL_CREDIT
        self._length = 2

    def afford(self, limit: int, cost: float) -> int:
        """How many tokens may be guessed now at this cost each: up to `limit`."""
        # No more than a whole guess costs: right ones buy no long time of wrong ones.
        self._credit = min(self._credit, MAX_GUESS * cost)
        return max(0, min(limit, self._length, int(self._credit / cost)))

    def charge(self, count: int, cost: float) -> None:
        """So many tokens are guessed."""
        self._credit -= count * cost

    def guess(self, token_ids: "array[int]", limit: int, cost: float) -> tuple[int, ...]:
        """Up to `limit` tokens that may follow, none where there is no telling; each is charged for at once."""
        count = self.afford(limit, cost)
        if not count or (start := self._lookup.find(token_ids)) is None:
            return ()
        self.charge(count, cost)
        period = len(token_ids) - start  # what begins to repeat itself may go on to
        return tuple(token_ids[start + index % period] for index in range(count))

    def learn(self, num_guessed: int, num_right: int) -> None:
        """What became of the guess of a step, if there was one."""
        self._credit += ALLOWANCE + num_right
        if num_guessed:
            self._length = min(MAX_GUESS, 2 * num_right + 2)


def cost_of_guess(num_tokens: int) -> float:
    """What a guessed token costs in a step of so many tokens, each of which costs 1: its share of the whole step."""
    return num_tokens / (num_tokens + FREE_TOKENS)


def _match_length(token_ids: "array[int]", end: int) -> int:
    """How many tokens before `end` are also the last ones: from MIN_MATCH, which are known to be, to MAX_MATCH."""
    length = MIN_MATCH
    while length < min(end, MAX_MATCH) and token_ids[end - length - 1] == token_ids[-length - 1]:
        length += 1
    return length
