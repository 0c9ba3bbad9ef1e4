"""Identifiers that sort by creation time, so that big tables grow at the end of their index; and how one is recognised."""

import os
import time
import uuid


def time_ordered_uuid() -> uuid.UUID:
    """Make a version 7 UUID: 48 bits of Unix milliseconds, then random bits (RFC 9562, section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID, in any of the forms that Python reads."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
