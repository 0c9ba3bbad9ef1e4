"""Every write and decision about the card."""
