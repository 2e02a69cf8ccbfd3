"""How the demo model cria is made: dialogues, tokenizer, training, evaluation, export."""
