"""What cria knows: tables of facts, phrasings and small texts, all written for this project."""
