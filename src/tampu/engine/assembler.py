"""Step outputs to chunks: ids become text and calls, split characters and possible stop strings wait, usage is counted.

An assembler depends on nothing but the ids it is given, in order: replaying the recorded ids of a request through a
fresh one gives the same text. So what a resumed request has to remember is `output_token_ids`, and nothing else.
"""

from dataclasses import replace

from tampu.engine.output import Logprobs, StepOutput
from tampu.engine.prepare import Prepared
from tampu.engine.tools import call_id
from tampu.request import Chunk, FinishReason, Opening, SamplingParams, TokenLogprob, ToolCallDelta, Usage
from tampu.text.detokenizer import Detokenizer
from tampu.text.stop import StopMatcher
from tampu.text.tokenizer import Tokenizer
from tampu.text.tool_calls import CallPiece, Event, ToolCallParser


class ChoiceText:
    """One choice so far: its ids, and the text and calls that are certain. Without a parser all is text."""

    def __init__(self, tokenizer: Tokenizer, sampling: SamplingParams, parser: ToolCallParser | None = None) -> None:
        self._detokenizer = Detokenizer(tokenizer, names_control=not sampling.skip_special_tokens)
        self._matcher = StopMatcher(sampling.stop, sampling.include_stop_str_in_output) if sampling.stop else None
        self._min_tokens = sampling.min_tokens
        self._parser = parser
        self._tag_id = tokenizer.python_tag_id if parser else None
        self.token_ids: list[int] = []
        self.num_generated = 0
        self.finish_reason: FinishReason | None = None

    def push(self, token_ids: tuple[int, ...]) -> tuple[list[Event], int]:
        """What these ids make certain, and how many of them came before the end: a stop string, or the only call."""
        events: list[Event] = []
        for taken, token_id in enumerate(token_ids, start=1):
            self.token_ids.append(token_id)
            if token_id == self._tag_id and self._parser:
                events += self._parser.tag()
            text, stopped = self._match(self._detokenizer.push((token_id,)))
            events += self._parse(text)
            if stopped or self._has_its_call:
                events += self._end("stop")
                self.num_generated = len(self.token_ids)
                return events, taken
        return events, len(token_ids)

    def finish(self, reason: FinishReason) -> list[Event]:
        """What was held back, now that no more ids come."""
        text, stopped = self._match(self._detokenizer.flush())
        if self._matcher is not None:
            text += self._matcher.flush()
        return self._parse(text) + self._end("stop" if stopped else reason)

    @property
    def _has_its_call(self) -> bool:
        return self._parser is not None and self._parser.is_finished

    def _end(self, reason: FinishReason) -> list[Event]:
        events = self._parser.flush() if self._parser else []
        has_calls = self._parser is not None and self._parser.num_calls > 0
        self.finish_reason = "tool_calls" if has_calls and reason == "stop" else reason
        return events

    def _parse(self, text: str) -> list[Event]:
        if not text:
            return []
        return [text] if self._parser is None else self._parser.push(text)

    def _match(self, text: str) -> tuple[str, bool]:
        if self._matcher is None or len(self.token_ids) <= self._min_tokens:
            return text, False
        return self._matcher.push(text)


class Assembler:
    """The chunks of one request, from the step outputs of its choices."""

    def __init__(self, prepared: Prepared, fingerprint: str, tokenizer: Tokenizer) -> None:
        assert prepared.sampling.seed is not None
        self._prepared = prepared
        self._seed = prepared.sampling.seed
        self._fingerprint = fingerprint
        self._tokenizer = tokenizer
        sampling = prepared.request.sampling
        self._choices = [ChoiceText(tokenizer, sampling, self._parser()) for _ in range(sampling.n)]
        self._opening: Opening | None = None
        self._num_guessed = 0
        self._num_right = 0

    @property
    def opened(self) -> bool:
        """Whether the first chunk has been made."""
        return self._opening is not None

    @property
    def finished(self) -> bool:
        """Whether every choice has its end."""
        return all(choice.finish_reason is not None for choice in self._choices)

    def is_finished(self, index: int) -> bool:
        """Whether this choice has its end."""
        return self._choices[index].finish_reason is not None

    def output_token_ids(self, index: int) -> tuple[int, ...]:
        """The ids that this choice has given so far: with the prompt, what it is resumed from."""
        return tuple(self._choices[index].token_ids)

    def push(self, index: int, output: StepOutput) -> Chunk | None:
        """The chunk for this step of this choice; None once it has ended.

        A chunk with a finish_reason for an output without one means a stop string: the sequence is to be aborted.
        """
        choice = self._choices[index]
        if choice.finish_reason is not None:
            return None
        self._num_guessed += output.num_guessed
        self._num_right += output.num_right
        events, taken = choice.push(output.token_ids)
        logprobs = output.logprobs[:taken]
        if choice.finish_reason is None:
            logprobs = output.logprobs  # the stop token's own included
            choice.num_generated = output.num_generated
            if output.finish_reason is not None:
                events += choice.finish(output.finish_reason)
        return Chunk(
            index,
            "".join(event for event in events if isinstance(event, str)),
            output.token_ids[:taken],
            tuple(map(self._logprob, logprobs)),
            choice.finish_reason,
            tuple(self._delta(index, event) for event in events if isinstance(event, CallPiece)),
            None if self.opened else self._open(output),
            self._usage() if self.finished else None,
        )

    def _parser(self) -> ToolCallParser | None:
        request = self._prepared.request
        names = frozenset(tool.name for tool in request.offered_tools)
        if not names:
            return None
        must_call = request.tool_choice.mode == "required"
        is_strict = must_call or any(tool.strict for tool in request.offered_tools)
        return ToolCallParser(
            names,
            one_call=not request.parallel_tool_calls,
            first_only=is_strict or request.constraint is not None,
            # An answer that may be JSON of its own could begin like a call that is cut off.
            never_text=must_call or (is_strict and request.constraint is None),
        )

    def _delta(self, choice: int, piece: CallPiece) -> ToolCallDelta:
        prompt = self._prepared.prompt_token_ids
        name_of_call = call_id(self._seed, choice, piece.index, prompt) if piece.name else ""
        return ToolCallDelta(piece.index, piece.arguments, name_of_call, piece.name)

    def _open(self, output: StepOutput) -> Opening:
        prompt, request = self._prepared.prompt_token_ids, self._prepared.request
        added = self._prepared.num_added
        self._opening = Opening(
            self._seed,
            self._fingerprint,
            len(prompt),
            output.num_cached_tokens or 0,
            self._tokenizer.decode_raw(prompt[added:]) if request.echo else "",
            tuple(
                self._prompt_logprob(entry, place < added) for place, entry in enumerate(output.prompt_logprobs or ())
            ),
            prompt if request.return_token_ids else (),
        )
        return self._opening

    def _prompt_logprob(self, entry: Logprobs, is_added: bool) -> TokenLogprob:
        """Of a prompt's token: control tokens that the client wrote have a text there, the one that was added none."""
        logprob = self._logprob(entry)
        return logprob if is_added else replace(logprob, data=self._tokenizer.named_bytes(entry.token_id))

    def _usage(self) -> Usage:
        assert self._opening is not None
        completion_tokens = sum(choice.num_generated for choice in self._choices)
        opening = self._opening
        return Usage(
            opening.prompt_tokens, completion_tokens, opening.cached_tokens, self._num_guessed, self._num_right
        )

    def _logprob(self, entry: Logprobs) -> TokenLogprob:
        token_bytes = self._tokenizer.token_bytes
        top = zip(entry.top_ids, entry.top_logprobs, strict=True)
        return TokenLogprob(
            entry.token_id,
            token_bytes(entry.token_id),
            entry.logprob,
            tuple(TokenLogprob(token_id, token_bytes(token_id), logprob) for token_id, logprob in top),
        )
