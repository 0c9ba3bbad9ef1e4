"""Every write and decision about what comes in from other modules and what goes out to them."""
