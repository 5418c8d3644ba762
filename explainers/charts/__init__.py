"""Pictures of what was found: a dataclass in, a figure (or HTML) out."""
