"""What people see of the sandbox: one file per page."""
