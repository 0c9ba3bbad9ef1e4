"""How far a template may go. Each limit has its own message, raised as `LimitError`."""

TEMPLATE_BYTES = 64 * 1024
NESTING = 100
PARTIAL_DEPTH = 20
LOOP_STEPS = 100_000
OUTPUT_CHARACTERS = 1024 * 1024
CACHED_TEMPLATES = 512
