"""Every write and decision about campaigns and contents."""
