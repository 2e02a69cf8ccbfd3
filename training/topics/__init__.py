"""What cria is asked about the world: relations, their phrasings and their rows."""
