"""Constraints on text: which are taken, and which tokens each allows next."""
