"""The terminal's verbs: each reads its arguments, asks the same functions as the pages, and prints words or JSON."""
