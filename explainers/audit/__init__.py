"""How well, for whom, and what for: questions asked of a model's predictions and what was then observed."""
