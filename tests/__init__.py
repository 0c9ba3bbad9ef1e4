"""Tests, in the same tree as the code; `flows/` play whole workflows with real processes."""
