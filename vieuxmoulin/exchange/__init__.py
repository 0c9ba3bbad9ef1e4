"""What the neighbouring modules and we keep alike: who owns which field, what is told to whom, what a person must settle."""
