"""Every write and decision about guests and the messages to them."""
