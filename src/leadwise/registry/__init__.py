"""Model files and cards: safe artefacts, versions, activation."""
