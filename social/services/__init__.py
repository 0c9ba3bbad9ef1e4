"""Every write and decision about what is said on social networks."""
