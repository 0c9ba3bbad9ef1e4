"""The public card as guests read it, in French and in English: words, dishes, and what they want to avoid. Pure."""
