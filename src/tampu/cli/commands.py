"""What there is: the commands, in the order of the help, and what their exit codes mean."""

# Heading: command, summary. `tampu --help` shows this table and loads no command.
COMMANDS = {
    "Talk": {
        "chat": "Ask a model one thing, or talk with it.",
        "generate": "Answer a JSONL file of requests, as a batch.",
        "serve": "Serve the OpenAI API on a port.",
    },
    "Models": {
        "models": "List the models on this machine.",
        "pull": "Fetch a model from the Hugging Face hub.",
        "pack": "Pack a checkpoint into one file that loads at once.",
        "adapters": "Add, list or remove the LoRA adapters of a model.",
    },
    "Look inside": {
        "verify": "Replay an answer and say whether it is the same.",
        "tokenize": "Show the prompt a model is given, with its token ids.",
        "bench": "Measure how fast a model reads and writes here.",
        "doctor": "Check this machine and this installation.",
        "paths": "Show where things are kept.",
        "help": "Explain a command, exit-codes or env.",
    },
}
SUMMARIES = {name: summary for group in COMMANDS.values() for name, summary in group.items()}
EXAMPLES = """tampu chat "Who are you?"
tampu chat --model llama3.1:8b --system "Be brief."
git diff | tampu chat "Describe this change."
tampu serve --port 9000
tampu help chat"""
# Exit code: its name, and when it comes.
EXIT_CODES = {
    0: ("fine", "All was done. After SIGTERM a server ends so, too."),
    1: ("failure", "A file is damaged or cannot be written; an answer differs, a line could not be answered."),
    2: ("wrong usage", "An unknown command or flag, a request that is refused, a file that cannot be read."),
    3: ("setting or environment variable", "It is unknown or has a bad value; the file that it names is wrong."),
    4: ("model not here", "No model, adapter or record of this name is on this machine."),
    5: ("licence not accepted", "The hub hands these weights out only after the licence is accepted."),
    6: ("network", "The hub did not answer, or tampu is to stay off the network."),
    7: ("port taken", "Another program listens there."),
    130: ("Ctrl-C", "You stopped it."),
}
